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
        (
            lambda rows: [[["x"]] * len(row) for row in rows],
            DataError,
            "^features of sentence 1 holds something that is not a number",
        ),
        (
            lambda rows: [[[1.0], [2.0]], [[np.inf]]],
            DataError,
            r"^features of sentence 2 contains infinity at \(0, 0\)",
        ),
        (lambda rows: [[1.0, 2.0], [[1.0, 2.0]]], DataError, "^features of sentence 2 has 2 features and .* 1 has 1:"),
        (
            lambda rows: [[[1.0], [2.0]], [[1.0, 2.0]]],
            DataError,
            "^features gave 2 numbers a step for sentence 2 and 1",
        ),
        (
            lambda rows: [[[1.0], [1.0, 2.0]], [[1.0]]],
            DataError,
            "^features gave rows of unequal length for sentence 1:",
        ),
        (lambda rows: [[[1.0], [2.0]], 3.0], DataError, r"^features gave 3.0 for sentence 2: give an array \(T, E\)$"),
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


def test_an_error_names_a_text_by_its_number_and_leaves_what_the_text_holds():
    def features(rows):
        return [[["a, sequence 0"]] for _ in rows]

    with pytest.raises(DataError, match=r"^features of row 7 holds .*'a, sequence 0'"):
        read_features(["x", "y"], features, what="row", numbers=[7, 9])
