"""What a report tells is what the comparison found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from grunit.explain.report import render_report
from grunit.explain.report_comparison import tell
from grunit.tasks.comparison import Comparison, compare


@pytest.fixture(scope="module")
def found() -> Comparison:
    steps = np.arange(150)
    days = pd.date_range("2024-01-01", periods=150)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": days, "y": level + np.sin(2 * np.pi * steps / 7)})
        for name, level in (("north", 1.0), ("south", 50.0))
    ]
    settings = {"hidden_size": 4, "max_epochs": 2, "level": [80], "input_size": 10}
    return compare(pd.concat(parts), 3, ["lstm", "gru"], seeds=[0, 1], n_windows=6, step_size=2, **settings)


def test_scores_and_verdict_are_passed_on(found):
    story = tell(found, "sales", "boxes")
    assert story.verdict == found.verdict
    assert story.is_beaten == (found.winner is not None)
    assert story.metric == "MAE (boxes)"
    for told, row in zip(story.rows, found.rows, strict=True):
        assert told.scores["MAE (boxes)"] == (row.mean("MAE"), row.spread("MAE"))
        assert told.scores["coverage of 80 % (%)"] == row.scores["coverage-80"]
    assert story.title == "Which cell forecasts sales 3 days ahead?"


def test_windows_shown_are_the_last_that_do_not_overlap(found):
    story = tell(found, "sales")
    assert [series.name for series in story.series] == ["north", "south"]
    for series in story.series:
        starts = [window.times[0] for window in series.windows]
        # Two steps apart and three long: every second one, counted from the last.
        expected = np.array(["2024-05-19", "2024-05-23", "2024-05-27"], "datetime64[ns]")
        assert np.array(starts).tolist() == expected.tolist()
        for window in series.windows:
            own = found.frame[(found.frame["unique_id"] == series.name) & (found.frame["ds"].isin(window.times))]
            own = own[own["cutoff"] == window.times[0] - np.timedelta64(1, "D")]
            assert window.forecasts[found.best].tolist() == own[found.best].tolist()
            assert window.bands[80][1].tolist() == own[f"{found.best}-hi-80"].tolist()


def test_gates_are_those_of_the_last_forecast(found):
    story = tell(found, "sales")
    model = found.models[found.best]
    assert story.gates_of == found.best
    assert all(values.shape == (10, 4) for values in story.gates.values())
    assert story.gate_times.tolist() == found.windows[-1].history.times[0][-10:].tolist()
    if found.best == "gru":
        # The core's own state, rebuilt from the gates alone.
        z, n = story.gates["update_gate"], story.gates["candidate"]
        h = np.zeros(4)
        for step in range(10):
            h = (1 - z[step]) * n[step] + z[step] * h
    else:
        i, f, g, o = (story.gates[name] for name in ("input_gate", "forget_gate", "candidate", "output_gate"))
        c = np.zeros(4)
        for step in range(10):
            c = f[step] * c + i[step] * g[step]
        h = o[-1] * np.tanh(c)
    seen = []
    handle = model.model_.core.register_forward_hook(lambda core, given, output: seen.append(output[0][0, -1]))
    window = found.windows[-1]
    model.forecast(window.history, window.times, window.futures)
    handle.remove()
    torch.testing.assert_close(seen[0].double(), torch.from_numpy(h), rtol=1e-5, atol=1e-6)


def test_facts_are_enough_to_make_it_again(found):
    facts = tell(found, "sales", facts={"command": "grunit compare ..."}).facts
    assert next(iter(facts)) == "command"
    assert facts["seeds"] == "0, 1"
    assert "hidden_size 4" in facts["settings"]
    assert torch.__version__ in facts["versions"]
    assert facts["data"] == "2 series, 300 rows, 2024-01-01 to 2024-05-29"


def test_it_renders(found):
    text = render_report(tell(found, "sales"))
    assert text.count("<figure") == 2 + 2 + len(tell(found, "sales").gates)
