"""Words out of text and text out of words."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.text.splitting import ENDINGS, QUOTES, WordJoiner, _are_bound, join_words, split_words


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
    [
        "The film (1999) isn't bad, is it?",
        "It cost $5; I paid 10%.",
        "房间很大\uff0c服务好。",
        "“Yes”, he said.",
        "A well-made, fast-paced film--and and/or e-mail at 9:30, -5 or 9-11.",
        'the dogs\' dinner and \'his\' "big" dog, she said: "Go!" ("no")',
        "It's 'so' good and James's 'book' isn't",
        "The U.S. in '68, e.g. the 1960s",
        "See #1 of me@there, and so on ***",
        "- a list, it 's said",
        "酒店不错,房间10平米,有TV和wifi\uff0c很好!下次2个人住。",
    ],
)
def test_plain_sentences_come_back(text):
    assert join_words(split_words(text)) == text


@given(st.lists(st.sampled_from(list("as1.,:;!?-/@#*()'\"$很好\uff0c ")), max_size=30).map("".join))
def test_no_two_words_are_joined_to_one(text):
    tokens = split_words(text)
    assert split_words(join_words(tokens)) == tokens


@given(st.lists(st.sampled_from(["a", "dogs", "9", ".", "-", "--", "'", '"', "(", ")", "s", "/", ":", "很"])))
def test_what_is_written_stays_when_more_is_written(tokens):
    text = join_words(tokens)
    for count in range(len(tokens)):
        assert text.startswith(join_words(tokens[:count]))


def test_ordinary_english_comes_back():
    folder = os.environ.get("GRUNIT_DATA")
    if not folder:
        pytest.skip("GRUNIT_DATA is not set")
    # Of the web, with its addresses, signatures and typing errors.
    lines = Path(folder, "ud_en_ewt", "en_ewt-ud-test.conllu").read_text(encoding="utf-8").splitlines()
    texts = [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]
    assert len(texts) == 2077
    assert sum(join_words(split_words(text)) == text for text in texts) > 0.85 * len(texts)
    # Captions, written with care.
    with gzip.open(Path(folder, "multi30k", "test_2016_flickr.en.gz"), "rt", encoding="utf-8") as file:
        captions = [line.strip() for line in file]
    assert sum(join_words(split_words(text)) == text for text in captions) >= 0.995 * len(captions)


def test_words_cut_as_in_the_penn_treebank_are_joined():
    assert join_words(["it", "'s", "what", "you", "'d", "n't", "expect", "."]) == "it's what you'dn't expect."


@given(st.lists(st.sampled_from(["a", "dogs", "9", ".", "-", "--", "'", '"', "(", ")", "s", "/", ":", "很", ""])))
def test_token_by_token_is_the_whole_text_gone_through_again_each_time(tokens):
    """The rule as it reads: each token is bound to the text before it, or has a space there."""
    text, before, last = "", "", ""
    opened: set[str] = set()
    for token in tokens:
        closes = token in opened or (token == "'" and last[-1:] in ENDINGS and "'" not in last)
        text += token if closes or not text or _are_bound(before, last, token, opened) else " " + token
        if closes:
            opened.discard(token)
        elif token in QUOTES:
            opened.add(token)
        elif last == "'" and (token == "s" or token.isdigit()):
            opened.discard("'")
        before, last = last, token
    joiner = WordJoiner()
    assert "".join([joiner.add(token) for token in tokens]) == text
