"""Several targets of one table, each a series of its own in one panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from grunit.data.origin import Origin
from grunit.errors import DataError, InputError

PARTING = ":"
"""Between the name of a series and its target."""
WHICH = "target"
"""The number of a series that says which target it is."""
UNNAMED = "y"
"""What a series without a name is called."""


def read_targets(target_col: Any) -> list[str]:
    """The names of the targets; one for a name.

    Raises:
        InputError: neither a name nor a list of different names.

    >>> read_targets("y"), read_targets(["warmth", "wind"])
    (['y'], ['warmth', 'wind'])
    """
    names = [target_col] if isinstance(target_col, str) else target_col
    fine = isinstance(names, (list, tuple)) and names and all(isinstance(name, str) for name in names)
    if not fine or len(set(names)) != len(names):
        raise InputError(f"target_col is {target_col!r}: give the name of a column, or a list of different names")
    return list(names)


def past_name(target: str) -> str:
    """What a target is called as a column that every target is forecast from.

    >>> past_name("wind")
    'past wind'
    """
    return f"past {target}"


def stack_targets(frame: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """A long frame whose target is the first of several, with a series for each of them.

    Every series has all targets as exogenous columns such as ``past wind``, before the others.

    Args:
        frame: with ``unique_id, ds, y``, in ``y`` the first target, and the other targets as columns.
        targets: at least two.

    Raises:
        DataError: a target is not there, or is no number.

    >>> frame = pd.DataFrame({"unique_id": "here", "ds": [1, 2], "y": [7.0, 8.0], "wind": [0.5, 0.25]})
    >>> stack_targets(frame, ["warmth", "wind"])
         unique_id  ds     y  past warmth  past wind
    0  here:warmth   1  7.00          7.0       0.50
    1  here:warmth   2  8.00          8.0       0.25
    0    here:wind   1  0.50          7.0       0.50
    1    here:wind   2  0.25          8.0       0.25
    """
    origin = frame.attrs.get("grunit_origin", {})
    for name in targets[1:]:
        if name not in frame.columns:
            raise Origin(origin.get("source", "data")).missing(name, frame.columns)
        if frame[name].dtype.kind != "f":
            raise DataError(
                f"{origin.get('source', 'data')}, column {name!r}: it holds text, not numbers; choose another target"
            )
    names = frame["unique_id"]
    if (names == targets[0]).all():
        names = pd.Series(UNNAMED, index=frame.index)  # a table without names is called as its target
    values = {target: frame[target] if place else frame["y"] for place, target in enumerate(targets)}
    others = [name for name in frame.columns if name not in ("unique_id", "ds", "y", *targets)]
    beside = pd.DataFrame({past_name(target): column for target, column in values.items()}).join(frame[others])
    parts = [frame[["ds"]].assign(y=values[target]).join(beside) for target in targets]
    for part, target in zip(parts, targets, strict=True):
        part.insert(0, "unique_id", names + PARTING + target)
    result = pd.concat(parts)
    result.attrs.update(frame.attrs | {"grunit_targets": list(targets)})
    return result


def part_ids(ids: Sequence[str], targets: Sequence[str]) -> tuple[list[str], list[str]]:
    """The series and the target of each of the panel's series.

    >>> part_ids(["a:b:wind"], ["warmth", "wind"])
    (['a:b'], ['wind'])
    """
    longest = sorted(targets, key=len, reverse=True)
    which = [next(name for name in longest if one.endswith(PARTING + name)) for one in ids]
    return [one.removesuffix(PARTING + name) for one, name in zip(ids, which, strict=True)], which


def widen(frame: pd.DataFrame, targets: Sequence[str], name: str) -> pd.DataFrame:
    """A frame with a row for each series and target as one with columns for each target.

    Args:
        frame: with ``unique_id`` as :func:`stack_targets` made it, perhaps ``y``, and columns of forecasts.
        targets: all of them.
        name: what the columns of forecasts begin with; the target's name goes behind it.

    >>> frame = pd.DataFrame({"unique_id": ["a:heat", "a:wind"], "ds": [1, 1], "Net": [7, 1], "Net-lo-80": [6, 0]})
    >>> widen(frame, ["heat", "wind"], "Net")
      unique_id  ds  Net-heat  Net-heat-lo-80  Net-wind  Net-wind-lo-80
    0         a   1         7               6         1               0
    """
    series, which = (np.array(part, dtype=object) for part in part_ids(frame["unique_id"].tolist(), targets))
    forecasts = [column for column in frame.columns if column.startswith(name)]
    keys = [column for column in frame.columns if column not in ("y", *forecasts)]
    parts = {target: frame[which == target].reset_index(drop=True) for target in targets}
    wide = parts[targets[0]][keys].assign(unique_id=series[which == targets[0]])
    if "y" in frame.columns:
        wide = wide.assign(**{target: parts[target]["y"] for target in targets})
    named = {
        f"{name}-{target}{column.removeprefix(name)}": parts[target][column]
        for target in targets
        for column in forecasts
    }
    return wide.assign(**named)
