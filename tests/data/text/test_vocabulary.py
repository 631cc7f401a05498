"""Numbers of tokens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.text import PADDING, UNKNOWN, Vocabulary
from grunit.errors import DataError, InputError


def test_order_is_by_count_then_text():
    tokens = ["b", "a", "c", "c", "a", "d"]
    assert Vocabulary.of(tokens).tokens == ["<pad>", "<unk>", "a", "c", "b", "d"]
    assert Vocabulary.of(reversed(tokens)).tokens == Vocabulary.of(tokens).tokens


def test_rare_tokens_and_large_vocabularies_are_cut():
    tokens = ["a"] * 3 + ["b"] * 2 + ["c"]
    assert Vocabulary.of(tokens, min_count=2).tokens[2:] == ["a", "b"]
    assert Vocabulary.of(tokens, max_size=3).tokens[2:] == ["a"]
    assert len(Vocabulary.of(tokens, specials=["<s>"], max_size=3)) == 3


def test_specials_come_first_and_are_not_counted_as_text():
    vocabulary = Vocabulary.of(["a", "<unk>", "<unk>"], specials=["<s>", "</s>"])
    assert vocabulary.tokens == ["<pad>", "<unk>", "<s>", "</s>", "a"]
    assert vocabulary.specials == 4
    assert (PADDING, UNKNOWN) == (0, 1)


def test_words_that_read_as_specials_are_words():
    words = ["<s>", "<s>", "a", "<pad>", "\\<pad>", "\\\\<pad>", "\\a", "\\", "<unk>", "\\<unk>"]
    vocabulary = Vocabulary.of(words, specials=["<s>"])
    numbers = vocabulary.encode(words)
    assert vocabulary.decode(numbers) == words
    assert len(set(numbers)) == len(set(words))
    assert [number for number in numbers if number < vocabulary.specials] == [UNKNOWN]  # <unk> alone
    assert vocabulary.decode([0, 2]) == ["<pad>", "<s>"]
    # Of a vocabulary that does not hold them they are unknown words, and no end or padding.
    assert Vocabulary.of(["a"], specials=["<s>"]).encode(["<s>", "<pad>", "a"]) == [UNKNOWN, UNKNOWN, 3]


SPECIALS = st.sampled_from(["<pad>", "<end>", "\\<end>", "\\\\<end>", "\\", "end", "<", "a"])


@given(st.lists(SPECIALS | st.text(min_size=1, max_size=4), min_size=1))
def test_any_words_come_back(words):
    vocabulary = Vocabulary.of(words, specials=["<end>"])
    assert vocabulary.decode(vocabulary.encode(words)) == words
    assert min(vocabulary.encode(words)) >= 3 or "<unk>" in words


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1))
def test_known_tokens_come_back_also_through_json(tokens):
    vocabulary = Vocabulary.of(tokens)
    again = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert again.tokens == vocabulary.tokens
    assert again.decode(vocabulary.encode(tokens)) == tokens


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"min_count": 0}, "min_count is 0"),
        ({"max_size": 2, "specials": ["<s>"]}, "give at least 3"),
        ({"specials": ["<s>", "<s>"]}, "give each once"),
        ({"specials": ["<unk>"]}, "neither"),
    ],
)
def test_arguments_out_of_range(arguments, said):
    with pytest.raises(InputError, match=said):
        Vocabulary.of(["a"], **arguments)


def test_what_is_no_vocabulary_is_refused():
    with pytest.raises(DataError, match="begins with"):
        Vocabulary(["a", "b"])
    with pytest.raises(DataError, match="'a' twice"):
        Vocabulary(["<pad>", "<unk>", "a", "a"])
    with pytest.raises(DataError, match="numbers 0 to 1"):
        Vocabulary.of([]).decode([2])
    with pytest.raises(DataError, match="-1 is no token"):
        Vocabulary.of([]).decode([-1])
