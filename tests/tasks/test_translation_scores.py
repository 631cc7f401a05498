"""BLEU by its definition on a small case, and what cannot be scored."""

from __future__ import annotations

import math

import pytest

from grunit.errors import DataError

pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")

from grunit.tasks.translation_scores import score_translations


def test_bleu_is_the_formula_of_papineni():
    translation = "the cat sat on the mat today and then slept"
    reference = "the cat sat on the mat and then it slept for a while"
    words, truth = translation.split(), reference.split()

    def matches(n):
        def grams(tokens):
            return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]

        left = grams(truth)
        found = 0
        for one in grams(words):
            if one in left:
                left.remove(one)
                found += 1
        return found / len(grams(words))

    precision = math.exp(sum(math.log(matches(n)) for n in range(1, 5)) / 4)
    expected = 100 * precision * math.exp(1 - len(truth) / len(words))
    found = score_translations([translation], [reference])
    assert found["BLEU"] == pytest.approx(expected, rel=1e-6)
    assert "tok:13a" in found["BLEU signature"]
    assert "case:mixed" in found["BLEU signature"]


def test_capitals_count_unless_folded():
    upper, lower = ["A DOG RUNS IN THE PARK"], ["a dog runs in the park"]
    assert score_translations(upper, lower)["BLEU"] < 10
    assert score_translations(upper, lower, lowercase=True)["BLEU"] == 100


def test_unequal_numbers_are_refused():
    with pytest.raises(DataError, match="2 translations and 1 references: give one a translation"):
        score_translations(["a", "b"], ["a"])
