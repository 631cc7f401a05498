"""river's classes, without needing river: it takes our models as its own where it is installed."""

from __future__ import annotations

import importlib
import importlib.util

_known: dict[str, bool] = {}


def register(kind: type, module: str, name: str) -> None:
    """Tell river that ``kind`` is one of its ``module.name``, so that its metrics and evaluations accept it.

    Does nothing where river is not installed. Called when a model is made: river is only imported then.
    """
    if _known.get(name):
        return
    if importlib.util.find_spec("river") is not None:
        getattr(importlib.import_module(module), name).register(kind)
    _known[name] = True
