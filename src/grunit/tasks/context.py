"""The end of each series, which a forecaster forecasts from: joined with new rows, and as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from grunit.data import Panel, future_times
from grunit.data.categories import expand
from grunit.data.gaps import spread_rows
from grunit.data.grid import lay_on_grid
from grunit.errors import DataError


def panel_to_json(panel: Panel) -> dict[str, Any]:
    """Names, times (dates as nanoseconds since 1970) and values; null where one is missing."""
    return {
        "dates": bool(panel.times[0].dtype.kind == "M"),
        "freq": panel.freq,
        "exogenous": panel.exogenous,
        "series": {
            name: {
                "times": times.astype("int64").tolist(),
                "values": [[None if np.isnan(one) else one for one in row] for row in values.tolist()],
            }
            for name, times, values in zip(panel.ids, panel.times, panel.values, strict=True)
        },
    }


def panel_from_json(data: dict[str, Any]) -> Panel:
    """The panel that :func:`panel_to_json` described.

    >>> panel = Panel(["a"], [np.array(["2024-01-01"], dtype="datetime64[ns]")], [np.ones((1, 1))], freq="D")
    >>> panel_from_json(panel_to_json(panel)).times[0]
    array(['2024-01-01T00:00:00.000000000'], dtype='datetime64[ns]')
    """
    kind = "datetime64[ns]" if data["dates"] else "int64"
    series = data["series"].values()
    return Panel(
        list(data["series"]),
        [np.array(one["times"], dtype="int64").astype(kind) for one in series],
        [np.array(one["values"], dtype=np.float64) for one in series],
        list(data["exogenous"]),
        data["freq"],
    )


def join_context(context: Panel, panel: Panel, missing: bool = False) -> Panel:
    """Put the end of what was seen before the rows that follow it; series that are new stay as they are.

    Args:
        context: what was seen.
        panel: new rows.
        missing: whether rows may be absent in between; they are laid out as where a table has gaps.

    Raises:
        DataError: rows are missing in between, or a series brings nothing later than what was seen of it.
    """
    seen = {name: place for place, name in enumerate(context.ids)}
    zeros = [
        place for place, one in enumerate(["y", *panel.exogenous]) if one in expand(panel.categories, panel.categories)
    ]
    times, values = [], []
    for name, own_times, own_values in zip(panel.ids, panel.times, panel.values, strict=True):
        if name in seen:
            before_times, before_values = context.times[seen[name]], context.values[seen[name]]
            if own_times[-1] <= before_times[-1]:
                raise DataError(
                    f"series {name!r}: the rows end at {own_times[-1]} and the model has seen up to "
                    f"{before_times[-1]}; give rows that go beyond, or leave the series out"
                )
            earlier = before_times < own_times[0]
            expected = future_times(before_times[-1], context.freq, 1)[0]
            joined = earlier.all() and own_times[0] != expected and missing
            gap = lay_on_grid(np.concatenate([before_times, own_times]), context.freq) if joined else None
            # Exchanges close on holidays: the next working day may be missing.
            if gap is None and earlier.all() and own_times[0] != expected and context.freq != "B":
                raise DataError(
                    f"series {name!r}: the new rows begin at {own_times[0]} and the model has seen up to "
                    f"{before_times[-1]}; give the rows in between too"
                )
            own_times = np.concatenate([before_times[earlier], own_times])
            own_values = np.concatenate([before_values[earlier], own_values])
            if gap is not None:
                own_times, own_values = gap[0], spread_rows(own_values, gap, zeros)
        times.append(own_times)
        values.append(own_values)
    return replace(panel, times=times, values=values, freq=context.freq)


def extend_context(context: Panel, tail: Panel) -> Panel:
    """The context with the series of ``tail`` in place of their own or added; the others stay as they were."""
    series = {name: (t, v) for name, t, v in zip(context.ids, context.times, context.values, strict=True)}
    series |= {name: (t, v) for name, t, v in zip(tail.ids, tail.times, tail.values, strict=True)}
    return replace(
        context, ids=list(series), times=[t for t, _ in series.values()], values=[v for _, v in series.values()]
    )
