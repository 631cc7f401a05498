"""What a translator refuses before any work."""

from __future__ import annotations

import pytest
import torch

import grunit
from grunit.errors import DataError, InputError
from grunit.tasks.translation_arguments import END, encode_pairs, fit_encoders, order_by, part_pairs, read_given

PAIRS = (["ein hund", "eine kleine katze", "ein hund"], ["a dog", "a small cat", "a dog"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be a whole number of at least 1, got 0"),
        ({"attention": "dot"}, "attention must be one of additive, multiplicative, None"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1.0: give a share"),
        ({"coverage": -1}, "coverage is -1: give a factor of 0 or more"),
        ({"coverage": 1.0, "attention": None}, "coverage counts what attention has looked at: choose an attention"),
        ({"input_feeding": True, "attention": None}, "input_feeding reads again what attention found .*: choose an"),
        ({"attention": "Bahdanau"}, "attention is 'Bahdanau': did you mean 'additive'"),
        ({"attention": "luong"}, "attention is 'luong': did you mean 'multiplicative'"),
        ({"attention": "aditive"}, "got 'aditive': did you mean 'additive'"),
        ({"teacher_forcing": 2}, "teacher_forcing is 2"),
        ({"lowercase": "target"}, "lowercase is 'target': give True, False or 'source'"),
        ({"cell": "gru_d"}, "needs mask and dt at every step, which a translator has none of"),
        ({"unit": "letter"}, "unit is 'letter'"),
        ({"lr": -1}, "lr is -1"),
    ],
)
def test_arguments_are_refused_before_any_work(options, message):
    with pytest.raises(InputError, match=message):
        grunit.Translator(**{"min_count": 1, "verbose": 0, **options}).fit(*PAIRS)


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        ("ein hund", ["a dog"], "sources is a str: give a list of strings"),
        (["ein hund"], ["a dog", "a cat"], "there are 1 sources and 2 translations"),
        (["ein hund", " "], ["a dog", "a cat"], r"sources\[1\] is empty: leave it out"),
        (["ein hund"], [None], r"targets\[0\] is a NoneType: give a string"),
        ([], [], "there is no pair to learn from"),
    ],
)
def test_texts_are_refused_by_their_place(sources, targets, message):
    with pytest.raises(DataError, match=message):
        grunit.Translator(verbose=0).fit(sources, targets)


def test_pairs_that_are_too_long_are_left_out():
    estimator = grunit.Translator(min_count=1, max_length=2)
    estimator.source_, estimator.target_ = fit_encoders(estimator, PAIRS)
    rows, skipped = encode_pairs(estimator, PAIRS)
    assert (len(rows), skipped) == (2, 1)
    _, _, targets, lengths = rows.take(torch.tensor([0]))
    assert lengths.tolist() == [3]
    assert estimator.target_.vocabulary.decode(targets[0].tolist()) == ["a", "dog", "<end>"]
    estimator.max_length = 1
    with pytest.raises(DataError, match="every pair has more than max_length=1 tokens on a side"):
        encode_pairs(estimator, PAIRS)


def test_rows_are_ordered_by_source_and_then_by_target():
    estimator = grunit.Translator(min_count=1)
    pairs = (["a a", "a", "a a", "a"], ["x x x", "x x", "x", "x"])
    estimator.source_, estimator.target_ = fit_encoders(estimator, pairs)
    rows, _ = encode_pairs(estimator, pairs)
    assert order_by(rows).argsort().tolist() == [3, 1, 2, 0]


def test_validation_is_a_share_or_pairs_of_its_own():
    estimator = grunit.Translator(validation_fraction=0.25)
    texts = [f"text {n}" for n in range(8)]
    learn, held = part_pairs(estimator, *read_given(texts, [one.upper() for one in texts], None))
    assert (len(learn[0]), len(held[0])) == (6, 2)
    assert set(learn[0]).isdisjoint(held[0])
    assert [one.upper() for one in held[0]] == held[1]
    assert part_pairs(estimator, *read_given(texts, texts, (["a"], ["b"])))[1] == (["a"], ["b"])
    with pytest.raises(DataError, match=r"validation must be two lists: give \(sources, targets\)"):
        read_given(texts, texts, ["a"])


def test_capitals_of_the_translation_can_be_kept():
    pairs = (["Ein Hund"], ["A Dog"])
    source, target = fit_encoders(grunit.Translator(min_count=1, lowercase="source"), pairs)
    assert source.split("Ein Hund") == ["ein", "hund"]
    assert target.split("A Dog") == ["A", "Dog"]
    assert target.vocabulary.tokens[END] == "<end>"
