"""Example data sets have the rows their sources state, and are ready to fit."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from grunit.data import load_example, to_panel
from grunit.errors import DataError, InputError, MissingExtraError


def test_seattle_weather():
    frame = load_example("seattle_weather")
    assert len(frame) == 1461  # 2012-2015
    assert frame["ds"].iloc[[0, -1]].tolist() == [pd.Timestamp("2012-01-01"), pd.Timestamp("2015-12-31")]
    assert frame["y"].iloc[0] == 12.8
    assert to_panel(frame).freq == "D"


def test_apple_stock():
    frame = load_example("apple_stock")
    assert len(frame) == 1509
    assert frame.iloc[0][["ds", "y"]].tolist() == [pd.Timestamp("2019-01-02"), 39.48]
    assert to_panel(frame).freq == "B"


@pytest.mark.parametrize(
    ("name", "series", "rows", "freq"), [("airline", 1, 144, "MS"), ("ett", 1, 17420, "h"), ("m4_hourly", 414, None, 1)]
)
def test_from_the_folder_of_larger_data(data_folder, name, series, rows, freq):
    panel = to_panel(load_example(name))
    assert len(panel) == series
    assert rows is None or panel.lengths == [rows]
    assert panel.freq == freq


def test_the_hourly_series_end_with_their_test_part(data_folder):
    frame = load_example("m4_hourly")
    first = frame.loc[frame["unique_id"] == "H1", "y"].tolist()
    assert len(first) == 700 + 48
    assert first[0] == 605
    assert first[700] == 619


@pytest.mark.parametrize("name", ["airline", "ett", "m4_hourly"])
def test_without_the_folder_it_says_what_to_set(monkeypatch, tmp_path, name):
    monkeypatch.delenv("GRUNIT_DATA", raising=False)
    with pytest.raises(DataError, match="set the environment variable GRUNIT_DATA"):
        load_example(name)
    monkeypatch.setenv("GRUNIT_DATA", str(tmp_path))
    with pytest.raises(DataError, match="there is no such file"):
        load_example(name)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vega_datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'grunit\[demo\]'"):
        load_example("seattle_weather")


def test_an_unknown_name():
    with pytest.raises(InputError, match="did you mean 'apple_stock'"):
        load_example("apple_stocks")
