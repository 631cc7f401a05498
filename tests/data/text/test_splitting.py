"""Words out of text and text out of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.text.splitting import join_words, split_words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop!", ["Don't", "stop", "!"]),
        ("the dogs' bowls", ["the", "dogs", "'", "bowls"]),
        ("costs $1,234.50.", ["costs", "$", "1,234.50", "."]),
        ("well-known", ["well", "-", "known"]),
        ("酒店不错,房间10平米", ["酒", "店", "不", "错", ",", "房", "间", "10", "平", "米"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("naïve cafe\u0301", ["naïve", "cafe\u0301"]),
        ("a <unk> b <pad>", ["a", "<unk>", "b", "<", "pad", ">"]),
        ("👍🏽 ok", ["👍", "🏽", "ok"]),
        ("\U00020bb7野家", ["\U00020bb7", "野", "家"]),
        (" \t\n", []),
    ],
)
def test_words_numbers_and_signs(text, tokens):
    assert split_words(text) == tokens


@given(st.text())
def test_nothing_but_space_is_lost(text):
    assert "".join(split_words(text)) == "".join(text.split())


@given(st.text())
def test_joined_words_split_into_what_they_were_made_of(text):
    tokens = split_words(text)
    assert "".join(join_words(tokens).split()) == "".join(tokens)


@pytest.mark.parametrize(
    "text",
    ["The film (1999) isn't bad, is it?", "It cost $5; I paid 10%.", "房间很大\uff0c服务好。", "“Yes”, he said."],
)
def test_plain_sentences_come_back(text):
    assert join_words(split_words(text)) == text


def test_words_cut_as_in_the_penn_treebank_are_joined():
    assert join_words(["it", "'s", "what", "you", "'d", "n't", "expect", "."]) == "it's what you'dn't expect."
