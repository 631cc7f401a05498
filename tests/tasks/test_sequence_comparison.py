"""Cells held side by side with what a linear model makes of summaries, and with an answer that does not look."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.errors import DataError, InputError
from grunit.tasks import SequenceClassifier, SequenceRegressor
from grunit.tasks.sequence_comparison import compare_sequences, summarize

SMALL = {"hidden_size": 2, "max_epochs": 1}
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
    generator = np.random.default_rng(0)
    X = generator.normal(size=(50, 6))
    y = X.mean(1)
    found = compare_sequences(SequenceRegressor, X, y, ["gru"], seeds=[0], metric="RMSE", **SMALL)
    assert found.row("linear model of summaries").mean("RMSE") < 0.2 * found.row("mean").mean("RMSE")
    assert found.row("mean").mean("RMSE") > found.row("mean").mean("MAE") > 0
    assert (found.metric, found.facts["judged on"]) == ("RMSE", 10)
    frame = compare_sequences(SequenceRegressor, pd.DataFrame(X), y, ["gru"], seeds=[0], metric="RMSE", **SMALL)
    assert frame.row("mean").scores == found.row("mean").scores


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
