"""A short panel as JSON: the end of each series that a forecaster forecasts from."""

from __future__ import annotations

from typing import Any

import numpy as np

from grunit.data import Panel


def panel_to_json(panel: Panel) -> dict[str, Any]:
    """Names, times (dates as nanoseconds since 1970) and values."""
    return {
        "dates": bool(panel.times[0].dtype.kind == "M"),
        "freq": panel.freq,
        "exogenous": panel.exogenous,
        "series": {
            name: {"times": times.astype("int64").tolist(), "values": values.tolist()}
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
