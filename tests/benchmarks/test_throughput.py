"""Training end to end: the sizes add up, and both suites of speed run, small."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import throughput


def test_steps_are_those_that_the_windows_make():
    # 100 points hold 66 windows of 28 + 7; 6,600 of them are 207 batches of 32.
    case = throughput.complete(throughput.CASES["small"])
    assert (case["windows"], case["steps"]) == (6600, 414)


@pytest.mark.slow
def test_both_suites_run_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.delenv(throughput.PEER, raising=False)
    real = throughput.importlib.util.find_spec
    absent = lambda name, *more: None if name == "neuralforecast" else real(name, *more)  # noqa: E731
    monkeypatch.setattr(throughput.importlib.util, "find_spec", absent)
    monkeypatch.setenv("GRUNIT_BACKEND", "torch")
    pytest.importorskip("vega_datasets", reason="the example of the suite is an extra of its own")
    command.main(["prediction", "throughput", "--smoke", "--output", str(tmp_path)])
    rows = json.loads((tmp_path / "throughput.json").read_text())["rows"]
    assert [row["case"] for row in rows] == ["smoke"]
    assert rows[0]["grunit"]["wall"] > 0
    assert "neuralforecast is not installed here" in (tmp_path / "throughput.md").read_text()
    ways = {"predict(frame)", "predict()", "network alone", "predict_values"}
    assert all(set(row["times"]) == ways for row in json.loads((tmp_path / "prediction.json").read_text())["rows"])
