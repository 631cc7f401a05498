"""The verbs by name. A module is imported when its verb is used, so help never waits for torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple


class Verb(NamedTuple):
    """Where a verb lives and the line that help shows for it."""

    module: str
    summary: str


VERBS: dict[str, Verb] = {
    "cells": Verb("grunit.cli.cells", "The catalogue: name, parameters, speed class; equations."),
    "fit": Verb("grunit.cli.fit", "Train a model on a table and keep it."),
    "predict": Verb("grunit.cli.predict", "What a kept model expects next."),
    "evaluate": Verb("grunit.cli.evaluate", "How well a kept model does on data, beside the baselines."),
    "generate": Verb("grunit.cli.generate", "A language model writes on, as it goes."),
    "translate": Verb("grunit.cli.translate", "Texts in, a line each, translations out."),
    "stream": Verb("grunit.cli.stream", "Lines in, predictions out, learning as answers arrive."),
    "compare": Verb("grunit.cli.compare", "Which cell for my data, with a report."),
    "tune": Verb("grunit.cli.tune", "Search the settings of a model, keep the best, with a report."),
    "bench": Verb("grunit.cli.bench", "This machine: every backend against torch.nn."),
    "doctor": Verb("grunit.cli.doctor", "What is installed, which backends work, why not."),
}
"""Add a verb here; its module has a function ``run`` whose annotated arguments are the verb's."""


def load(name: str) -> Callable[..., None]:
    """The function behind a verb."""
    return importlib.import_module(VERBS[name].module).run


def stand_in(name: str) -> Callable[[], None]:
    """A function without arguments for a verb that is only listed, not used."""

    def listed() -> None: ...

    listed.__doc__ = VERBS[name].summary
    return listed
