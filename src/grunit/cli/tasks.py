"""The tasks by name, each with the module that does its reading, fitting, predicting and comparing."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

from grunit.errors import InputError

TASKS = {"forecast": "grunit.cli.forecast"}
"""Add a task here; its module has the functions that ``grunit.cli.forecast`` has."""
KINDS = {"Forecaster": "forecast"}
"""Which task a saved model belongs to, by the name of its estimator."""


def find_task(name: str) -> Any:
    """The module of a task.

    Raises:
        InputError: no such task; the message suggests the nearest.
    """
    if name not in TASKS:
        near = difflib.get_close_matches(name, TASKS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use one of " + ", ".join(TASKS)
        raise InputError(f"unknown task {name!r}: {hint}")
    return importlib.import_module(TASKS[name])


def task_of(estimator: Any) -> Any:
    """The module of the task that an estimator does."""
    return find_task(KINDS[type(estimator).__name__])
