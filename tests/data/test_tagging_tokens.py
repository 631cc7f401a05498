"""Tokens as numbers: casing by example, vocabularies by hand, the same back from JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from grunit.data.tagging_tokens import CASINGS, LONGEST, TokenEncoder, casing, join_pairs, shorten

SENTENCES = [["The", "dog", "saw", "the", "Dog"], ["the", "end"]]


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("été", "lower"),
        ("Élan", "title"),
        ("X", "title"),
        ("UNO", "upper"),
        ("McDonald", "mixed"),
        ("e-mail", "lower"),
        ("U.S.", "upper"),
        ("3.14", "digits"),
        ("1st", "with digits"),
        ("--", "signs"),
        ("😀", "signs"),
        ("中国", "other"),
        ("٣", "digits"),
    ],
)
def test_casings(token, name):
    assert CASINGS[casing(token)] == name


def test_words_are_looked_up_in_lower_case_and_spelt_as_they_stand():
    encoder = TokenEncoder.measure(SENTENCES)
    assert encoder.words.tokens[2:] == ["the", "dog", "end", "saw"]
    assert sorted(encoder.words.tokens[number] for number in encoder.rare) == ["end", "saw"]
    found = encoder.encode([["DOG", "dog"], [], ["dog", "ox"]])
    assert found.lengths.tolist() == [2, 0, 2]
    assert found.words.tolist() == [3, 3, 3, 1]
    assert found.forms.tolist() == [0, 1, 1, 2]
    assert [encoder.characters.decode(spelt) for spelt in found.spellings] == [
        ["D", "<unk>", "<unk>"],
        list("dog"),
        ["o", "<unk>"],
    ]
    assert found.pairs.tolist() == [0, 0, 0, 0]


def test_case_can_be_kept_and_rare_words_left_out():
    encoder = TokenEncoder.measure(SENTENCES, lowercase=False, min_count=2, known=["the", "cat"])
    assert encoder.words.tokens[2:] == ["the", "cat"]
    assert encoder.rare == []


def test_pairs_that_occur_twice_are_numbered():
    encoder = TokenEncoder.measure([["北", "京", "市"], ["北", "京"]], pairs=True)
    assert encoder.pairs.tokens[2:] == ["北 京"]
    assert encoder.encode([["北", "京", "北"]]).pairs.tolist() == [2, 1, 1]
    assert join_pairs([]) == []


def test_long_tokens_keep_both_ends():
    assert shorten("a" * LONGEST) == "a" * LONGEST
    assert shorten("a" * 100 + "b" * 100) == "a" * (LONGEST // 2) + "b" * (LONGEST // 2)


@pytest.mark.parametrize("pairs", [False, True])
def test_json_brings_back_the_same(pairs):
    encoder = TokenEncoder.measure(SENTENCES * 2, pairs=pairs)
    back = TokenEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert back.to_json() == encoder.to_json()
    one, other = vars(encoder.encode(SENTENCES)), vars(back.encode(SENTENCES))
    assert one.pop("spellings") == other.pop("spellings")
    for name, value in one.items():
        np.testing.assert_array_equal(other[name], value)
