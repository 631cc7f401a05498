"""Real series to try things on: some come with small packages, some from a folder of yours."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from grunit.data.origin import DataWarning
from grunit.data.tables import read_table, to_long
from grunit.errors import DataError, InputError, require, suggest


def _folder() -> Path:
    folder = os.environ.get("GRUNIT_DATA")
    if not folder:
        raise DataError("this example is read from a folder: set the environment variable GRUNIT_DATA to it")
    return Path(folder)


def _seattle_weather() -> pd.DataFrame:
    frame = require("vega_datasets", "demo").local_data.seattle_weather()
    return to_long(frame.drop(columns="weather"), source="seattle_weather", target="temp_max", time="date")


def _apple_stock() -> pd.DataFrame:
    frame = require("hvsampledata", "demo").apple_stocks("pandas")
    return to_long(frame, source="apple_stock", target="close", time="date")


def _airline() -> pd.DataFrame:
    path = _folder() / "airline" / "airline-passengers.csv"
    return read_table(path, target="Passengers", time="Month")


def _ett() -> pd.DataFrame:
    return read_table(_folder() / "ett" / "ETTh1.csv", target="OT", time="date")


def _m4_hourly() -> pd.DataFrame:
    parts = []
    for name in ("train", "test"):
        path = _folder() / "m4_hourly" / f"Hourly-{name}.csv"
        if not path.exists():
            raise DataError(f"{path}: there is no such file; put the M4 competition's hourly series there")
        table = pd.read_csv(path, index_col=0)
        parts.append({name: row[row.notna()].to_numpy() for name, row in table.iterrows()})
    return pd.concat(
        [
            pd.DataFrame({"unique_id": name, "ds": range(len(train) + len(parts[1][name]))}).assign(
                y=[*train, *parts[1][name]]
            )
            for name, train in parts[0].items()
        ],
        ignore_index=True,
    )


EXAMPLES: dict[str, Callable[[], pd.DataFrame]] = {
    "seattle_weather": _seattle_weather,
    "apple_stock": _apple_stock,
    "airline": _airline,
    "ett": _ett,
    "m4_hourly": _m4_hourly,
}


def load_example(name: str) -> pd.DataFrame:
    """A real data set as a long frame, ready to fit.

    Args:
        name: ``"seattle_weather"``: daily weather 2012-2015, 1,461 days, the maximum temperature with precipitation,
            minimum temperature and wind (package vega_datasets). ``"apple_stock"``: 1,509 trading days of AAPL, the
            closing price with the other columns (package hvsampledata). From the folder GRUNIT_DATA: ``"airline"``:
            144 months of passengers (Box & Jenkins 1976). ``"ett"``: 17,420 hours of transformer oil temperature
            ETTh1 with six loads. ``"m4_hourly"``: the 414 hourly series of M4, training and test joined (48 test).

    Raises:
        MissingExtraError: the package is not installed.
        DataError: GRUNIT_DATA is not set, or has no such file.

    >>> load_example("seattle_weather").columns.tolist()
    ['unique_id', 'ds', 'y', 'precipitation', 'temp_min', 'wind']
    """
    if name not in EXAMPLES:
        raise InputError(f"unknown example {name!r}: {suggest(name, EXAMPLES)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return EXAMPLES[name]()
