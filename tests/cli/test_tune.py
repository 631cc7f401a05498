"""tune: the best model kept, a report, and every refusal before any work."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest

import grunit

QUICK = ("--h", 3, "--set", "max_epochs=2", "--set", "input_size=8", "--space", "hidden_size=2,4", "--method", "grid")


def test_the_best_is_kept_and_answers(run, table):
    answer = run("tune", "forecast", table, "--target", "sales", *QUICK, "--report", "report.html", "--json")
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert [trial["outcome"] for trial in found["trials"]] == ["finished", "finished"]
    best = min(found["trials"], key=lambda trial: trial["score"])
    assert found["best"] == {"trial": best["number"], "score": best["score"], "values": best["values"]}
    model = grunit.load("model")
    assert model.hidden_size == best["values"]["hidden_size"]
    assert (model.h, model.target_col) == (3, "sales")
    assert found["verdict"][:20] in Path("report.html").read_text(encoding="utf-8")
    # The same again: the folder is there.
    again = run("tune", "forecast", table, "--target", "sales", *QUICK)
    assert again.status == 2
    assert "model exists already" in again.err
    # Elsewhere: the trials are there, nothing is trained but the best.
    other = run("tune", "forecast", table, "--target", "sales", *QUICK, "-o", "other", "--storage", "model.journal")
    assert other.status == 0, other.err
    assert "1 of" not in other.err


def test_sequences_of_unequal_length(run, tmp_path):
    generator = np.random.default_rng(0)
    lines = []
    for place in range(24):
        steps = range(int(generator.integers(8, 12)))
        values = ",".join(f"{np.sin((0.3 + place % 2) * step):.3f}" for step in steps)
        lines.append(f"{values}:{'quick' if place % 2 else 'slow'}")
    head = "@problemName waves\n@univariate true\n@classLabel true slow quick\n@data\n"
    (tmp_path / "waves.ts").write_text(head + "\n".join(lines) + "\n")
    options = ("--set", "max_epochs=2", "--set", "hidden_size=4", "--space", "lr=0.01,0.02", "--method", "grid")
    answer = run("tune", "classification", "waves.ts", *options, "--metric", "log loss", "--folds", 2)
    assert answer.status == 0, answer.err
    assert "Best: lr 0.0" in answer.out
    assert run("predict", "model", "waves.ts").status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--space", "hiden_size=1,2"), "did you mean 'hidden_size'"),
        (("--space", "lr=0.1..0.01"), "an empty range"),
        (("--space", "lr"), "is not KEY=VALUES"),
        (("--method", "gird"), "did you mean 'grid'"),
        (("--metric", "MSE"), "unknown metric"),
        (("--report", "missing/report.html"), "the folder missing does not exist"),
        (("--storage", "missing/a.db"), "the folder missing does not exist"),
        (("--folds", 3), "folds is not for Forecaster"),
        (("--cell", "grru"), "did you mean 'gru'"),
    ],
)
def test_refusals(run, table, tmp_path, words, message):
    answer = run("tune", "forecast", table, "--target", "sales", "--h", 3, *words)
    assert answer.status == 2
    assert message in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["sales.csv"]


@pytest.mark.slow
def test_ctrl_c_keeps_the_trials_and_the_same_command_goes_on(run, start, table, tmp_path):
    words = (
        "tune",
        "forecast",
        table,
        "--target",
        "sales",
        "--h",
        3,
        "--set",
        "max_epochs=8",
        "--set",
        "batch_size=64",
    )
    words += ("--set", "input_size=8", "--space", "hidden_size=2,3,4,5", "--method", "grid", "--workers", 2)
    process = start(*words)
    for line in process.stderr:
        if line.startswith(("2 of 4", "3 of 4")):
            break
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert told.strip().splitlines()[-1].endswith("are in model.journal, and the same command goes on")
    assert not (tmp_path / "model").exists()
    answer = run(*words, "--json")
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert found["trials found there"] >= 1
    assert sorted(trial["values"]["hidden_size"] for trial in found["trials"]) == [2, 3, 4, 5]
