"""Features and vectors are checked alike for texts and for sentences."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from grunit.errors import DataError, InputError
from grunit.tasks.text_features import check_given, read_features, require_size


def test_one_array_a_text_cut_to_its_length():
    found = read_features(["abc", "d"], lambda texts: [np.ones((len(text), 2)) for text in texts], max_length=2)
    assert found.lengths.tolist() == [2, 1]
    require_size(found, 2)
    with pytest.raises(InputError, match="give 3, as in fit"):
        require_size(found, 3)


@pytest.mark.parametrize(
    ("features", "error", "words"),
    [
        (None, InputError, "are not saved: set its attribute features"),
        (lambda rows: rows[1:], InputError, "gave 1 arrays for 2 sentences: give one a sentence"),
        (lambda rows: [[[1.0]], [[1.0]]], InputError, "gave 1 rows for the 2 tokens of sentence 1"),
        (lambda rows: [[["x"]] * len(row) for row in rows], DataError, "not a number"),
    ],
)
def test_what_is_none_is_refused(features, error, words):
    with pytest.raises(error, match=words):
        read_features([["a", "b"], ["c"]], features, what="sentence")


def test_vectors_and_features_exclude_each_other():
    check_given(SimpleNamespace(vectors="v.txt", features=None), "texts")
    check_given(SimpleNamespace(vectors=None, features=len), "texts")
    with pytest.raises(InputError, match="leave vectors out"):
        check_given(SimpleNamespace(vectors="v.txt", features=len), "texts")
    with pytest.raises(InputError, match="features is 3: give a function of a list of texts"):
        check_given(SimpleNamespace(vectors=None, features=3), "texts")
