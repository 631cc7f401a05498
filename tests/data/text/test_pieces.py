"""Byte-pair pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.text import UNKNOWN, TextEncoder
from grunit.data.text.pieces import Pieces
from grunit.errors import InputError, MissingExtraError

tokenizers = pytest.importorskip("tokenizers", reason="pieces are of the extra text")

whole_text = st.text(st.characters(exclude_categories=["Cs"]))
SENTENCES = ["the lowest of the low, the newest of the new", "房间很大,房间很好"] * 5


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder("bpe", max_size=300, specials=["</s>"], normalization=None).fit(SENTENCES)


@given(text=whole_text)
def test_every_text_comes_back(encoder, text):
    ids = encoder.encode(text)
    assert UNKNOWN not in ids
    assert encoder.decode(ids) == text


def test_pairs_that_come_most_often_are_joined_first():
    """By hand: ab occurs 6 times, then (ab)c 4 times; d stands alone."""
    pieces = Pieces.learn(["ababababab"[:4], "abcabc", "abcabc"], max_size=2 + 256 + 2)
    assert pieces.split("abcabd") == ["abc", "ab", "d"]


def test_specials_come_first_and_a_text_cannot_spell_them(encoder):
    assert encoder.vocabulary.tokens[:3] == ["<pad>", "<unk>", "</s>"]
    assert len(set(encoder.vocabulary.tokens)) == len(encoder.vocabulary) <= 300
    assert min(encoder.encode("the </s> <pad>")) > 2
    assert encoder.decode([2, *encoder.encode("the new"), 2, 0]) == "the new"


def test_json_is_all_it_takes(encoder):
    again = TextEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    for text in [*SENTENCES, "unseen </s> 字"]:
        assert again.encode(text) == encoder.encode(text)
    assert again.decode(again.encode("the low")) == "the low"


def test_refusals(monkeypatch):
    with pytest.raises(InputError, match="give at least 258"):
        TextEncoder("bpe", max_size=257).fit(SENTENCES)
    with pytest.raises(InputError, match="min_count is 0"):
        TextEncoder("bpe", min_count=0).fit(SENTENCES)
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"grunit\[text\]"):
        TextEncoder("bpe").fit(SENTENCES)
