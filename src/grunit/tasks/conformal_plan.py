"""How many windows to hold back to measure intervals, and from which series."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from grunit.data import Panel
from grunit.errors import DataError, InputError
from grunit.tasks.forecast_outputs import PointOutput, find_output

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster

FEW = 400
"""Windows to learn from, below which the intervals of a network are too narrow to be left uncorrected."""
SCORES = 60
"""Errors of each step that ``"auto"`` aims for: enough for an interval of 95 % and its spread."""


@dataclass
class Plan:
    """What to hold back.

    Args:
        windows: how many at the end of each series; 0 for none.
        apart: steps between one and the next.
        panel: the series they are taken from.
        left_out: names of those that are too short, or have no value before the first window.
    """

    windows: int
    apart: int
    panel: Panel
    left_out: list[str] = field(default_factory=list)


def plan(forecaster: Forecaster, panel: Panel, val_size: int) -> Plan:
    """What to hold back: as asked, or, with ``"auto"``, what the series have room for.

    Raises:
        InputError: ``conformal`` is neither ``"auto"`` nor a whole number.
        DataError: so many were asked for and a series is too short, or has no value before them; or the loss knows
            nothing of spread and nothing can be held back.
    """
    asked, h, least = forecaster.conformal, forecaster.h, forecaster.input_size_ + forecaster.h + val_size
    automatic = isinstance(asked, str) and asked == "auto"
    if not automatic and (isinstance(asked, bool) or not isinstance(asked, (int, np.integer)) or asked < 0):
        raise InputError(f"conformal is {asked!r}: give 'auto', a number of windows, or 0 for none")
    if not forecaster.level or (not automatic and asked == 0):
        return Plan(0, 1, panel)
    if not automatic:
        return _plan_windows(int(asked), panel, h, least, val_size)
    point = issubclass(find_output(forecaster.loss), PointOutput)
    if not point and sum(length - val_size - least + 1 for length in panel.lengths) >= FEW:
        return Plan(0, 1, panel)
    found = _plan_series(panel, h, least, val_size)
    if not found.windows and point:
        shortest = min(panel.lengths)
        raise DataError(
            f"series {panel.ids[panel.lengths.index(shortest)]!r} has {shortest} rows, too few to measure the "
            f"intervals of loss {forecaster.loss!r}: give level=(), a longer series, or a smaller input_size"
        )
    return found


def _plan_windows(windows: int, panel: Panel, h: int, least: int, val_size: int) -> Plan:
    """So many windows of every series."""
    shortest = min(panel.lengths)
    room = shortest - least
    if room - h + 1 < windows:
        series = panel.ids[panel.lengths.index(shortest)]
        raise DataError(
            f"series {series!r} has {shortest} rows and conformal={windows} needs {least + h + windows - 1}: "
            f"hold back fewer windows, or give a longer series"
        )
    apart = _apart(windows, max(h + windows - 1, min(room, shortest // 3)), h)
    held_out = h + apart * (windows - 1)
    for name, values in zip(panel.ids, panel.values, strict=True):
        if np.isnan(values[:-held_out, 0]).all():
            raise DataError(
                f"series {name!r} has no value before the {windows} windows that conformal={windows} holds back: "
                f"hold back fewer, or leave the series out"
            )
    if not _can_learn(panel, held_out, least - h - val_size, val_size):
        raise DataError(
            f"conformal={windows} holds back every value there is to learn from, or to validate on: hold back fewer"
        )
    return Plan(windows, apart, panel)


def _plan_series(panel: Panel, h: int, least: int, val_size: int) -> Plan:
    """Windows of the series that have room for one and a value before the first."""
    places = [place for place, length in enumerate(panel.lengths) if length >= least + h]
    while places:
        kept = _choose(panel, places)
        shortest = min(kept.lengths)
        room = min(shortest - least, max(h, shortest // 3))
        windows = min(-(-SCORES // len(kept)), room - h + 1)
        apart = _apart(windows, room, h)
        held_out = h + apart * (windows - 1)
        able = [place for place in places if not np.isnan(panel.values[place][:-held_out, 0]).all()]
        if able == places:
            if not _can_learn(kept, held_out, least - h - val_size, val_size):
                break
            return Plan(windows, apart, kept, [name for name in panel.ids if name not in set(kept.ids)])
        # With fewer series more windows are held back: ask again.
        places = able
    return Plan(0, 1, panel)


def _apart(windows: int, room: int, h: int) -> int:
    return max(1, min(h, (room - h) // max(windows - 1, 1)))


def _can_learn(panel: Panel, held_out: int, input_size: int, val_size: int) -> bool:
    """Whether a training without the last ``held_out`` steps has a target to learn from and one to validate on."""
    ends = [len(values) - held_out - val_size for values in panel.values]
    pairs = list(zip(panel.values, ends, strict=True))
    learnt = any(not np.isnan(values[input_size:end, 0]).all() for values, end in pairs)
    judged = any(not np.isnan(values[end : end + val_size, 0]).all() for values, end in pairs)
    return learnt and (judged or not val_size)


def _choose(panel: Panel, places: list[int]) -> Panel:
    """Some of the series."""
    if len(places) == len(panel):
        return panel
    ids, times = [panel.ids[place] for place in places], [panel.times[place] for place in places]
    values = [panel.values[place] for place in places]
    return replace(panel, ids=ids, times=times, values=values)
