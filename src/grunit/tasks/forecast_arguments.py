"""What a forecaster's arguments come to, given the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from grunit.data import Panel
from grunit.errors import InputError
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.tasks.forecast_network import check_network
from grunit.tasks.quantiles import column_order, level_quantiles

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster


def check(forecaster: Forecaster, val_size: int) -> None:
    """Refuse numbers out of range before any work.

    Raises:
        InputError: naming the argument.
    """
    least = {
        "h": (forecaster.h, 1),
        "val_size": (val_size, 0),
        "batch_size": (forecaster.batch_size, 1),
        "hidden_size": (forecaster.hidden_size, 1),
    }
    if forecaster.input_size is not None:
        least["input_size"] = (forecaster.input_size, 1)
    if forecaster.season is not None:
        least["season"] = (forecaster.season, 1)
    for name, (value, low) in least.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
            raise InputError(f"{name} is {value!r}: give a whole number of at least {low}")
    if 0 < val_size < forecaster.h:
        raise InputError(f"val_size is {val_size} and h is {forecaster.h}: give at least h steps, or 0 for none")
    level_quantiles(forecaster.level)
    require_plain_inputs(forecaster.cell, "a forecaster")
    check_network(forecaster)


def validation_steps(panel: Panel, val_size: int, h: int, patience: int | None) -> int:
    """Steps of the validation tail: as asked, or chosen where early stopping needs one."""
    if val_size or patience is None:
        return val_size
    return max(h, min(panel.lengths) // 10)


def history_steps(panel: Panel, val_size: int, h: int, asked: int | None, season: int) -> int:
    """Steps of history a forecast looks at: as asked, or two seasons or horizons where there is room."""
    if asked is not None:
        return asked
    # At least as many windows as steps ahead remain to learn from, and never less than one step of history.
    room = min(panel.lengths) - val_size - 2 * h
    return max(1, min(max(2 * h, 2 * season), room))


def count_epochs(asked: int | None, batches: int) -> int:
    """Passes over the data: as asked, or as many as make 250 optimiser steps, at least 5 and at most 50.

    Recurrent forecasters of series this size overfit after that; few windows need more passes to learn at all.

    >>> count_epochs(None, 45), count_epochs(None, 2), count_epochs(7, 45)
    (6, 50, 7)
    """
    return min(50, max(5, -(-250 // batches))) if asked is None else asked


def choose_levels(trained: Any, asked: Any) -> list[float]:
    """The levels to answer with, among those trained.

    Raises:
        InputError: a level that was not trained.

    >>> choose_levels((80, 95), None), choose_levels((80, 95), [95])
    ([80, 95], [95])
    """
    if asked is None:
        return sorted(set(trained))
    levels = list(asked) if isinstance(asked, (list, tuple, np.ndarray)) else [asked]
    for value in levels:
        if value not in list(trained):
            known = ", ".join(f"{one:g}" for one in trained) or "none"
            raise InputError(
                f"the level {value} was not trained (trained: {known}): "
                f"choose one of them, or fit with level={sorted({*trained, value})}"
            )
    return levels


def chosen_columns(trained: Any, levels: list[float]) -> list[int]:
    """Where the median and the levels asked for are among the ascending quantiles that were trained.

    >>> chosen_columns((80, 95), [95])
    [2, 0, 4]
    """
    ascending = sorted(set(trained))
    everything = column_order(ascending)
    chosen = everything[:1]
    for level in levels:
        place = 1 + 2 * ascending.index(level)
        chosen += everything[place : place + 2]
    return chosen
