"""Cells held side by side with a bag of words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning

from grunit.errors import DataError, InputError
from grunit.tasks.text_classifier_comparison import compare_texts

SMALL = {"hidden_size": 4, "embedding_size": 4, "max_epochs": 1}


def test_every_cell_and_the_baseline_are_judged_on_the_same_texts():
    texts = [f"a {word} film number {index}" for index in range(20) for word in ("fine", "dull")]
    labels = ["good", "bad"] * 20
    said = []
    found = compare_texts(
        texts, labels, ["gru", "mgu"], seeds=[0, 1], progress=lambda *step: said.append(step), **SMALL
    )
    assert [row.name for row in found.rows] == ["gru", "mgu", "bag of words"]
    assert [row.is_baseline for row in found.rows] == [False, False, True]
    assert found.row("bag of words").mean("error") == 0.0
    assert found.facts["judged on"] == 8
    assert found.winner is None  # nothing is better than no error
    assert found.verdict.startswith("No cell beats bag of words: ")
    assert len(said) == 4
    json.dumps(found.to_dict())
    assert found.verdict.endswith(" This rests on 8 examples.")
    with pytest.warns(DataConversionWarning, match="column-vector"):  # as fit says
        column = compare_texts(texts, np.array(labels)[:, None], ["gru"], seeds=[0], **SMALL)
    assert column.row("bag of words").scores == found.row("bag of words").scores
    assert column.row("gru").by_seed == found.row("gru").by_seed[:1]


def test_refusals():
    with pytest.raises(InputError, match="metric is 'MAE'"):
        compare_texts(["a", "b"], ["x", "y"], ["gru"], metric="MAE")
    with pytest.raises(DataError, match="too few"):
        compare_texts(["a", "b"], ["x", "y"], ["gru"])
    with pytest.raises(DataError, match="every text has the label 'x': give texts of two classes"):
        compare_texts(["a", "b"] * 10, ["x"] * 20, ["gru"])
    for given, message in (({"seed": 3}, "seed is 3"), ({"seeds": 3}, "seeds is 3")):
        with pytest.raises(InputError, match=message):
            compare_texts(["a", "b"] * 10, ["x", "y"] * 10, ["gru"], **given)
