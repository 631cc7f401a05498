"""The tasks by name, each with the module that does its reading, fitting, predicting and comparing."""

from __future__ import annotations

import importlib
from typing import Any

from grunit.errors import InputError, suggest

TASKS = {
    "forecast": "grunit.cli.forecast",
    "classification": "grunit.cli.sequences:CLASSIFICATION",
    "regression": "grunit.cli.sequences:REGRESSION",
    "language": "grunit.cli.language",
    "text-classification": "grunit.cli.text",
    "tagging": "grunit.cli.tagging",
    "translation": "grunit.cli.translation",
}
"""Add a task here: a module that has the functions of ``grunit.cli.forecast``, or an object in one that has them."""
KINDS = {
    "Forecaster": "forecast",
    "SequenceClassifier": "classification",
    "SequenceRegressor": "regression",
    "LanguageModel": "language",
    "TextClassifier": "text-classification",
    "SequenceTagger": "tagging",
    "Translator": "translation",
}
"""Which task a saved model belongs to, by the name of its estimator."""


def find_task(name: str) -> Any:
    """The module of a task.

    Raises:
        InputError: no such task; the message suggests the nearest.
    """
    if name not in TASKS:
        raise InputError(f"unknown task {name!r}: {suggest(name, TASKS)}")
    module, _, part = TASKS[name].partition(":")
    found = importlib.import_module(module)
    return getattr(found, part) if part else found


def task_of(estimator: Any) -> Any:
    """The module of the task that an estimator does; an ensemble does that of its members.

    Raises:
        InputError: the command line has no such task.
    """
    return find_task(name_task(estimator))


def name_task(estimator: Any) -> str:
    """The task that an estimator does, as it is typed.

    Raises:
        InputError: the command line has no such task.
    """
    kind = getattr(estimator, "members", [estimator])[0].kind
    if kind not in KINDS:
        raise InputError(f"the model is a {kind}, which no command knows: use it in Python with grunit.load")
    return KINDS[kind]
