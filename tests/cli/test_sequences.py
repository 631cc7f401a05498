"""fit, predict and evaluate for sequences: answers, and refusals of one sentence that leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import grunit

SMALL = ("--set", "hidden_size=4", "--set", "max_epochs=20", "--set", "lr=0.03")


@pytest.fixture
def gestures(tmp_path) -> Path:
    """Rising and falling lines of unequal length."""
    lines = ["@problemName gestures", "@classLabel true up down", "@data"]
    for steps in range(4, 12):
        rising = ",".join(f"{value:.3f}" for value in np.linspace(0, 1, steps))
        falling = ",".join(f"{value:.3f}" for value in np.linspace(1, 0, steps))
        lines += [f"{rising}:up", f"{falling}:down"]
    path = tmp_path / "gestures.ts"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def sums(tmp_path) -> Path:
    """A wide table whose column of answers has a name of its own."""
    values = np.random.default_rng(0).normal(size=(40, 4)).round(3)
    frame = pd.DataFrame(values, columns=[f"t{step}" for step in range(4)])
    frame["total"] = values.sum(1).round(3)
    path = tmp_path / "sums.csv"
    frame.to_csv(path, index=False)
    return path


def test_classification_from_file_to_answers(run, gestures):
    answer = run("fit", "classification", gestures, "-o", "kept", *SMALL, "--cell", "lstm", "--json")
    assert answer.status == 0, answer.err
    report = json.loads(answer.out)
    assert (report["cell"], report["sequences"], report["classes"]) == ("lstm", 16, ["down", "up"])
    assert report["steps"] == [4, 11]
    assert report["epochs"] == 20
    model = grunit.load("kept")
    X = grunit.data.read_sequences(gestures).X

    rows = json.loads(run("predict", "kept", gestures, "--json").out)["predictions"]
    assert [row["prediction"] for row in rows] == model.predict(X).tolist()
    assert [row["line"] for row in rows] == list(range(4, 20))
    np.testing.assert_allclose([row["probability of up"] for row in rows], model.predict_proba(X)[:, 1], rtol=1e-9)

    scores = json.loads(run("evaluate", "kept", gestures, "--json").out)["scores"]
    assert scores[0]["model"] == "SequenceClassifier"
    assert scores[1]["accuracy"] == 0.5
    assert scores[0]["accuracy"] == model.score(X, ["up", "down"] * 8)


def test_regression_remembers_the_column_of_answers(run, sums):
    assert run("fit", "regression", sums, "--target", "total", "-o", "kept", *SMALL).status == 0
    answer = run("evaluate", "kept", sums, "--json")
    scores = json.loads(answer.out)["scores"]
    assert scores[1]["model"] == "mean"
    assert scores[1]["R2"] == pytest.approx(0, abs=1e-12)
    frame = pd.read_csv(sums)
    frame.drop(columns="total").to_csv("unknown.csv", index=False)
    alone = json.loads(run("predict", "kept", "unknown.csv", "--json").out)["predictions"]
    beside = json.loads(run("predict", "kept", sums, "--json").out)["predictions"]
    assert alone == beside
    assert len(alone) == 40


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fit", "classification", "gone.ts"), "gone.ts: there is no such file"),
        (("fit", "classification", "broken.ts"), "broken.ts, line 3: value 2 is 'x'"),
        (("fit", "classification", "bare.csv"), "holds no labels to learn from: name their column with --target"),
        (("fit", "classification", "numbers.ts"), "use grunit fit regression"),
        (("fit", "regression", "gestures.ts"), "gestures.ts, line 4: 'up' is no number"),
        (("fit", "classification", "gestures.ts", "--h", "3"), "leave --h out"),
        (("fit", "classification", "gestures.ts", "--set", "hiden_size=3"), "did you mean 'hidden_size'?"),
        (("fit", "classification", "gestures.ts", "--set", "scaler=standart"), "did you mean 'standard'?"),
        (("fit", "clasification", "gestures.ts"), "did you mean 'classification'?"),
        (("fit", "classification", "gestures.ts", "--cell", "gruu"), "gru"),
        (("compare", "classification", "gestures.ts", "--cells", "gru,grru"), "did you mean 'gru'?"),
        (("compare", "classification", "numbers.ts", "--cells", "gru"), "its answers are numbers"),
        (
            ("compare", "classification", "gestures.ts", "--metric", "MAE"),
            "metric is 'MAE': use one of error, log loss",
        ),
        (("compare", "regression", "numbers.ts", "--windows", "2"), "regression has no windows"),
        (("compare", "regression", "numbers.ts", "--cells", "gru"), "2 sequences are too few to hold any back"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_nothing(run, gestures, words, message):
    folder = gestures.parent
    (folder / "broken.ts").write_text("@data\n1,2\n1,x\n")
    (folder / "bare.csv").write_text("t0,t1\n1,2\n3,4\n")
    (folder / "numbers.ts").write_text("@targetLabel true\n@data\n1,2:3\n2,3:4\n")
    before = {path.name for path in folder.iterdir()}
    answer = run(*words, *(("-o", "kept") if words[0] == "fit" else ()))
    assert answer.status == 2
    assert message in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert {path.name for path in folder.iterdir()} == before


def test_cells_are_held_against_a_linear_model_of_summaries(run, gestures, sums):
    quick = ("--cells", "gru,mgu", "--seeds", 1, "--set", "hidden_size=2", "--set", "max_epochs=1", "--json")
    answer = run("compare", "classification", gestures, *quick)
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert [row["name"] for row in found["rows"]] == ["gru", "mgu", "linear model of summaries", "most frequent"]
    assert found["metric"] == "error"
    assert found["verdict"].endswith(" This rests on 4 examples.")
    page = Path("report.html").read_text(encoding="utf-8")
    assert "Which cell classifies gestures.ts?" in page
    assert found["verdict"] in page
    answer = run("compare", "regression", sums, "--target", "total", "--metric", "RMSE", *quick, "-o", "sums.html")
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert [row["name"] for row in found["rows"]] == ["gru", "mgu", "linear model of summaries", "mean"]
    assert found["metric"] == "RMSE"


def test_what_forecasts_have_and_sequences_do_not(run, gestures):
    run("fit", "classification", gestures, "-o", "kept", "--set", "hidden_size=2", "--set", "max_epochs=1")
    for words, message in [
        (("predict", "kept"), "needs sequences to answer for"),
        (("predict", "kept", gestures, "--level", "80"), "leave --level out"),
        (("evaluate", "kept", gestures, "--windows", "2"), "leave --windows out"),
    ]:
        answer = run(*words)
        assert answer.status == 2
        assert message in answer.err
