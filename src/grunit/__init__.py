"""grunit: gated recurrent units, from equations to edge.

Names are loaded when first used, so that ``grunit --help`` answers without loading torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grunit import cells, nn
    from grunit.cells import Cell
    from grunit.compiler import backend, compile
    from grunit.errors import GrunitError
    from grunit.gates import gate
    from grunit.nn import Recurrent, trace
    from grunit.nn.session import Session
    from grunit.online import OnlineClassifier, OnlineForecaster, OnlineRegressor
    from grunit.tasks import (
        Ensemble,
        Forecaster,
        SequenceClassifier,
        SequenceMultitask,
        SequencePretrainer,
        SequenceRegressor,
        SequenceTagger,
        TextClassifier,
        Translator,
        compare,
        load,
    )
    from grunit.tuning import tune

__version__ = "0.1.0"

_HOMES = {
    "Cell": "grunit.cells",
    "Ensemble": "grunit.tasks",
    "Forecaster": "grunit.tasks",
    "GrunitError": "grunit.errors",
    "LanguageModel": "grunit.tasks",
    "OnlineClassifier": "grunit.online",
    "OnlineForecaster": "grunit.online",
    "OnlineRegressor": "grunit.online",
    "Recurrent": "grunit.nn",
    "SequenceClassifier": "grunit.tasks",
    "SequenceMultitask": "grunit.tasks",
    "SequencePretrainer": "grunit.tasks",
    "SequenceRegressor": "grunit.tasks",
    "SequenceTagger": "grunit.tasks",
    "Session": "grunit.nn.session",
    "TextClassifier": "grunit.tasks",
    "Translator": "grunit.tasks",
    "backend": "grunit.compiler",
    "compile": "grunit.compiler",
    "compare": "grunit.tasks",
    "gate": "grunit.gates",
    "load": "grunit.tasks",
    "trace": "grunit.nn",
    "tune": "grunit.tuning",
}
_MODULES = ("cells", "nn", "data", "training", "tasks", "compiler", "explain", "online", "tuning")

__all__ = [
    "Cell",
    "Ensemble",
    "Forecaster",
    "GrunitError",
    "LanguageModel",
    "OnlineClassifier",
    "OnlineForecaster",
    "OnlineRegressor",
    "Recurrent",
    "SequenceClassifier",
    "SequenceMultitask",
    "SequencePretrainer",
    "SequenceRegressor",
    "SequenceTagger",
    "Session",
    "TextClassifier",
    "Translator",
    "backend",
    "cells",
    "compare",
    "compile",
    "gate",
    "load",
    "nn",
    "trace",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"grunit.{name}")
    else:
        raise AttributeError(f"module 'grunit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
