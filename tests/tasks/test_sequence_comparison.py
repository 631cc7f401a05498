"""Cells held side by side with what a linear model makes of summaries, and with an answer that does not look."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression

from grunit.errors import DataError, InputError
from grunit.tasks import SequenceClassifier, SequenceRegressor
from grunit.tasks.held_comparison import HELD
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.sequence_comparison import compare_sequences, summarize

SMALL = {"hidden_size": 2, "max_epochs": 1}
NOISE = np.random.default_rng(0).normal(size=(50, 6))
MEANS = NOISE.mean(1)
LINES = [np.linspace(0, 1, steps)[:: 1 if index % 2 else -1] for index in range(2) for steps in range(4, 14)]
LABELS = ["down"] * 10 + ["up"] * 10


@given(st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=1, max_size=9))
def test_summaries_are_those_of_pandas(values):
    column = pd.Series(values, dtype=float).dropna()
    wanted = [len(values), column.mean(), column.std(ddof=0), column.min(), column.max()]
    wanted += [*column.iloc[[0, -1]], column.diff().mean()] if len(column) else [np.nan] * 3
    np.testing.assert_allclose(summarize([np.array(values)])[0], np.nan_to_num(wanted), atol=1e-9)


def test_each_feature_has_its_own():
    found = summarize([np.array([[1.0, 5.0], [2.0, 5.0]]), np.array([[0.0, 1.0]])])
    assert found.tolist() == [
        [2, 1.5, 0.5, 1, 2, 1, 2, 1, 5, 0, 5, 5, 5, 5, 0],
        [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0],
    ]


def test_classes_are_judged_on_the_same_sequences():
    said = []
    found = compare_sequences(
        SequenceClassifier,
        LINES,
        LABELS,
        ["gru", "mgu"],
        seeds=[0, 1],
        progress=lambda *step: said.append(step),
        **SMALL,
    )
    assert [row.name for row in found.rows] == ["gru", "mgu", "linear model of summaries", "most frequent"]
    assert [row.is_baseline for row in found.rows] == [False, False, True, True]
    assert found.row("linear model of summaries").mean("error") == 0.0  # what rises ends above where it began
    assert found.row("most frequent").mean("error") == 0.5
    assert found.row("most frequent").mean("log loss") == pytest.approx(np.log(2))
    assert (found.facts["learnt from"], found.facts["judged on"], found.facts["classes"]) == (16, 4, 2)
    assert found.winner is None
    assert len(said) == 4
    json.dumps(found.to_dict())


def test_numbers_are_judged_by_their_distance():
    X, y = NOISE, MEANS
    found = compare_sequences(SequenceRegressor, X, y, ["gru"], seeds=[0], metric="RMSE", **SMALL)
    assert found.row("linear model of summaries").mean("RMSE") < 0.2 * found.row("mean").mean("RMSE")
    assert found.row("mean").mean("RMSE") > found.row("mean").mean("MAE") > 0
    assert (found.metric, found.facts["judged on"]) == ("RMSE", 10)
    frame = compare_sequences(SequenceRegressor, pd.DataFrame(X), y, ["gru"], seeds=[0], metric="RMSE", **SMALL)
    assert frame.row("mean").scores == found.row("mean").scores


def scores_of(found):
    return {row.name: row.by_seed for row in found.rows}


def held_rows():
    """What is judged on, told by the numbers themselves: the answer that does not look is the mean of the others."""
    found = compare_sequences(SequenceRegressor, NOISE, np.arange(50.0), ["gru"], seeds=[0], **SMALL)
    _, held = split_rows(50, HELD, 0)
    learnt = np.setdiff1d(np.arange(50), held)
    assert found.row("mean").mean("MAE") == pytest.approx(np.abs(held - learnt.mean()).mean())
    return learnt, held


def test_a_single_column_of_answers_is_judged_as_none():
    plain = compare_sequences(SequenceRegressor, NOISE, MEANS, ["gru"], seeds=[0], **SMALL)
    learnt, held = held_rows()
    wanted = LinearRegression().fit(NOISE[learnt], MEANS[learnt])  # the mean of a row is linear in it
    assert np.abs(wanted.predict(NOISE[held]) - MEANS[held]).max() < 1e-9
    assert plain.row("linear model of summaries").mean("MAE") < 0.2 * plain.row("mean").mean("MAE")
    for y in (MEANS[:, None], pd.DataFrame({"y": MEANS}), MEANS[:, None].tolist(), [str(value) for value in MEANS]):
        found = compare_sequences(SequenceRegressor, NOISE, y, ["gru"], seeds=[0], **SMALL)
        assert scores_of(found) == scores_of(plain)
        assert (found.winner, found.verdict, found.facts) == (plain.winner, plain.verdict, plain.facts)
    labels = np.where(MEANS > 0, "up", "down")
    plain = compare_sequences(SequenceClassifier, NOISE, labels, ["gru"], seeds=[0], **SMALL)
    with pytest.warns(DataConversionWarning, match="column-vector"):  # as fit says
        found = compare_sequences(SequenceClassifier, NOISE, labels[:, None], ["gru"], seeds=[0], **SMALL)
    assert scores_of(found) == scores_of(plain)
    assert plain.row("linear model of summaries").mean("error") == 0.0


def test_no_target_decides_by_its_unit():
    learnt, held = held_rows()
    y = np.stack([MEANS, NOISE[:, 0]], 1)
    found = compare_sequences(SequenceRegressor, NOISE, y, ["gru"], seeds=[0], metric="RMSE", **SMALL)
    error = (y[held] - y[learnt].mean(0)) / y[learnt].std(0)
    assert found.row("mean").mean("MAE") == pytest.approx(np.abs(error).mean())
    assert found.row("mean").mean("RMSE") == pytest.approx(np.sqrt((error**2).mean()))
    assert found.facts["errors in"] == "standard deviations of each target"
    other = compare_sequences(SequenceRegressor, NOISE, y * [1.0, 1024.0], ["gru"], seeds=[0], metric="RMSE", **SMALL)
    for row in found.rows:
        assert row.mean("RMSE") == pytest.approx(other.row(row.name).mean("RMSE"), rel=1e-5)


def test_a_frame_of_polars_is_judged_as_its_numbers():
    polars = pytest.importorskip("polars", reason="polars is of the extra polars")
    plain = compare_sequences(SequenceRegressor, NOISE, MEANS, ["gru"], seeds=[0], **SMALL)
    frame = polars.DataFrame(NOISE, schema=[f"t{step}" for step in range(6)], orient="row")
    found = compare_sequences(SequenceRegressor, frame, polars.Series(MEANS), ["gru"], seeds=[0], **SMALL)
    assert scores_of(found) == scores_of(plain)


@pytest.mark.parametrize(
    ("kind", "y", "message"),
    [
        (SequenceRegressor, np.where(np.arange(50) == 3, np.nan, MEANS), "y contains NaN"),
        (SequenceRegressor, ["up"] * 50, "could not convert string to float: 'up'"),
        (SequenceRegressor, np.zeros((50, 2, 2)), "dim 3"),
        (SequenceClassifier, ["a"] * 20 + [None] + ["b"] * 29, r"y\[20\] is missing: give every sequence its label"),
        (SequenceClassifier, pd.Series(["a", None] * 25, dtype="string"), r"y\[1\] is missing"),
        (SequenceClassifier, [["a"], ["a", "b"]] * 25, "inhomogeneous"),
        (SequenceClassifier, MEANS, "Unknown label type: continuous"),
        (SequenceClassifier, np.zeros((50, 2), int), "1d array"),
        (SequenceClassifier, None, "y is None"),
    ],
)
def test_answers_are_refused_before_any_training(monkeypatch, kind, y, message):
    monkeypatch.setattr(kind, "fit", lambda *arguments: pytest.fail("it was trained"))
    with pytest.raises(DataError, match=message):
        compare_sequences(kind, NOISE, y, ["gru"], seeds=[0], **SMALL)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": 3}, "seed is 3, but a comparison takes seeds"),
        ({"cell": "gru"}, "cell is 'gru', but a comparison takes cells"),
        ({"seeds": 3}, r"seeds is 3: give a list of whole numbers, such as seeds=\[0, 1, 2\]"),
        ({"seeds": "012"}, "seeds is '012': give a list of whole numbers"),
        ({"seeds": [0.5]}, r"seeds is \[0.5\]: give a list of whole numbers"),
        ({"seeds": []}, "a comparison needs cells and seeds"),
        ({"class_weight": "balance"}, "class_weight is 'balance'"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_arguments_are_refused_before_any_training(monkeypatch, given, message):
    monkeypatch.setattr(SequenceClassifier, "fit", lambda *arguments: pytest.fail("it was trained"))
    with pytest.raises(InputError, match=message):
        compare_sequences(SequenceClassifier, LINES, LABELS, ["gru"], **{**SMALL, **given})


def test_the_verdict_says_on_how_many_it_rests():
    found = compare_sequences(SequenceClassifier, LINES, LABELS, "gru", seeds=np.arange(1), **SMALL)
    assert found.verdict.endswith(" This rests on 4 examples.")
    assert found.facts["seeds"] == [0]


def test_refusals():
    for kind, metric in ((SequenceClassifier, "MAE"), (SequenceRegressor, "error")):
        with pytest.raises(InputError, match=f"metric is '{metric}'"):
            compare_sequences(kind, LINES, LABELS, ["gru"], metric=metric)
    with pytest.raises(DataError, match="2 sequences are too few to hold any back: give more of each class"):
        compare_sequences(SequenceClassifier, LINES[9:11], LABELS[9:11], ["gru"])
    with pytest.raises(DataError, match="every sequence has the label 'up': give sequences of two classes"):
        compare_sequences(SequenceClassifier, LINES, ["up"] * 20, ["gru"])
    with pytest.raises(DataError, match="give one a sequence"):
        compare_sequences(SequenceRegressor, LINES, [1.0], ["gru"])
