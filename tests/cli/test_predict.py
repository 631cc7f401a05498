"""predict: what it writes, what it replaces, and what it says of a model that is not finished."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grunit.cli.digits import records, round_forecast
from grunit.tasks import Forecaster


@pytest.fixture
def frame_and_model(tmp_path):
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=60, freq="h")})
    frame["y"] = np.sin(np.arange(60.0))
    model = Forecaster(2, 6, hidden_size=4, max_epochs=3, conformal=0, verbose=0)
    return frame, model


def test_a_file_is_replaced_only_when_asked(run, frame_and_model, tmp_path):
    frame, model = frame_and_model
    model.fit(frame).save(tmp_path / "kept")
    (tmp_path / "out.csv").write_text("mine")
    status, out, err = run("predict", "kept", "-o", "out.csv")
    assert (status, out) == (2, "")
    assert "--force" in err
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert run("predict", "kept", "-o", "out.csv", "--force").status == 0
    assert (tmp_path / "out.csv").read_text().startswith("unique_id,ds,Forecaster")
    (tmp_path / "report.html").write_text("mine")
    status, out, err = run("compare", "forecast", "nowhere.csv")
    assert (status, "--force" in err, (tmp_path / "report.html").read_text()) == (2, True, "mine")


def test_an_interrupted_fit_says_so_whenever_it_is_asked(run, frame_and_model, tmp_path):
    frame, model = frame_and_model

    def stop(history):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(frame, watch=stop)
    model.save(tmp_path / "kept")
    frame.to_csv(tmp_path / "table.csv", index=False)
    for words in (["predict", "kept"], ["evaluate", "kept", "table.csv"]):
        answer = run(*words)
        assert answer.status == 0, answer.err
        assert "of 3 epochs" in answer.err
        assert "type (DATA: what it learnt from): grunit fit forecast DATA --resume -o kept\n" in answer.err
    model.fit(frame, resume=True).save(tmp_path / "whole")
    assert "interrupted" not in run("predict", "whole").err


def test_digits_follow_the_size_of_a_number_and_the_width_of_its_interval():
    generator = np.random.default_rng(0)
    level = 10.0 ** generator.uniform(-8, 12, size=(200, 1))
    values = level * (1 + generator.normal(size=(200, 5)) * 10.0 ** generator.uniform(-6, 0, size=(200, 1)))
    rounded = round_forecast(pd.DataFrame(values)).to_numpy()
    width = np.ptp(values, axis=1, keepdims=True)
    assert (np.abs(rounded - values) <= np.minimum(5e-7 * np.abs(values), 1e-3 * width) * (1 + 1e-9)).all()
    assert (rounded != values).any()


def test_odd_numbers_keep_their_meaning():
    odd = pd.DataFrame({"a": [np.nan, np.inf, 0.0], "b": [1.0, 2.0, 0.0]})
    pd.testing.assert_frame_equal(round_forecast(odd), odd)


def test_hours_keep_their_time_of_day():
    times = pd.date_range("2024-01-01", periods=2, freq="h")
    assert [record["ds"] for record in records(pd.DataFrame({"ds": times}))] == [str(time) for time in times]
    assert records(pd.DataFrame({"ds": [1, 2]})) == [{"ds": 1}, {"ds": 2}]


@pytest.mark.parametrize("rename", [False, True])
def test_a_gap_and_a_short_series_name_the_file_and_count_rows_from_one(run, tmp_path, rename):
    days = pd.date_range("2024-01-01", periods=30)
    names = ["when", "sold"] if rename else ["ds", "y"]
    words = ["--target", "sold", "--time", "when"] if rename else ["--target", "y"]
    frame = pd.DataFrame({names[0]: days, names[1]: np.arange(30.0)})
    frame.drop(index=9).to_csv(tmp_path / "gap.csv", index=False)
    status, _, err = run("fit", "forecast", "gap.csv", *words, "--h", 2, "--set", "missing=refuse")
    assert status == 2
    # The line of the eleventh of January is the tenth below the header.
    assert "gap.csv, series" in err
    assert "row 10: 2024-01-11 follows 2024-01-09" in err
    frame[:4].to_csv(tmp_path / "short.csv", index=False)
    status, _, err = run("fit", "forecast", "short.csv", *words, "--h", 4)
    assert status == 2
    assert "short.csv, series" in err
    assert "has 4 rows" in err


def test_a_file_that_cannot_be_written_is_told_by_its_own_name(run, frame_and_model, tmp_path):
    frame, model = frame_and_model
    model.fit(frame).save(tmp_path / "kept")
    name = "x" * 247 + ".csv"  # allowed, but leaves no room for the name of a draft beside it
    status, out, err = run("predict", "kept", "-o", name)
    assert (status, out) == (2, "")
    assert err.startswith(f"grunit: {name} could not be written (File name too long): free space")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
