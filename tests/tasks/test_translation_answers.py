"""Texts through a translator: alone or in any batch, unknown words, lengths."""

from __future__ import annotations

import itertools
import random

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import grunit
from grunit.data.text import UNKNOWN
from grunit.errors import DataError, InputError
from grunit.nn.decoder_search import length_penalty_of
from grunit.tasks.translation_answers import BLOCK, copy_unknown
from grunit.tasks.translation_arguments import END, START

WORDS = ["ein", "eine", "hund", "katze", "roter", "rote", "läuft", "schläft", "im", "park", "heute", "und"]


def untrained(**options):
    """A translator that has seen every word and learnt next to nothing, so that beams stay close."""
    options = {"hidden_size": 12, "embedding_size": 8, "dropout": 0.0, "max_epochs": 1, "verbose": 0, **options}
    texts = [" ".join(WORDS[i : i + 4]) for i in range(9)] * 2
    return grunit.Translator(**options).fit(texts, [text.upper() for text in texts])


KINDS = {
    "attention": {},
    "feeding": {"input_feeding": True, "cell": "lstm"},
    "plain": {"attention": None},
    "coverage": {"coverage": 0.5, "attention": "additive"},
    "everything": {"coverage": 0.5, "input_feeding": True, "cell": ["lstm", "gru"], "num_layers": 2},
    "characters": {"unit": "char", "min_count": 1, "bidirectional": False},
}
MODELS: dict[str, grunit.Translator] = {}


@pytest.mark.parametrize("kind", KINDS)
@hypothesis_settings(max_examples=6)
@given(
    texts=st.lists(
        st.lists(st.sampled_from([*WORDS, "Ottokar"]), min_size=1, max_size=9).map(" ".join), min_size=2, max_size=6
    ),
    beams=st.sampled_from([1, 2, 5]),
    penalties=st.sampled_from([(1.0, 0.0), (0.0, 0.0), (1.0, 0.2), (2.0, 1.0)]),
    copies=st.booleans(),
)
def test_a_text_has_the_same_translation_alone_and_in_any_batch(kind, texts, beams, penalties, copies):
    """Every decoder, greedy and with beams, with length and coverage penalties, with unknown words copied or not."""
    model = MODELS.setdefault(kind, untrained(**KINDS[kind]))
    options = {"num_beams": beams, "length_penalty": penalties[0], "replace_unknown": copies, "max_length": 8}
    options["coverage_penalty"] = 0.0 if model.attention is None else penalties[1]
    together = model.translate(texts, **options)
    assert together == [model.translate([text], **options)[0] for text in texts]
    assert together[::-1] == model.translate(texts[::-1], **options)


@pytest.mark.parametrize("kind", ["attention", "feeding", "coverage"])
def test_words_are_copied_alike_alone_and_in_any_batch(kind):
    """A decoder that writes nothing but unknown words: every word of every answer is one of its text."""
    model = untrained(**KINDS[kind])
    with torch.no_grad():
        model.model_.decoder.output.bias[UNKNOWN] += 50.0
    texts = ["Ottokar läuft", "im park schläft Kunigunde heute und Ottokar", "Anna", "roter hund und rote katze"]
    together = model.translate(texts, num_beams=2, max_length=6)
    assert together == [model.translate([text], num_beams=2, max_length=6)[0] for text in texts]
    for text, answer in zip(texts, together, strict=True):
        assert answer.split()
        assert set(answer.split()) <= set(text.split())


def test_more_texts_than_a_block_keep_their_order():
    model = MODELS.setdefault("attention", untrained())
    texts = [" ".join(WORDS[i % 7 : i % 7 + 1 + i % 5]) for i in range(BLOCK + 9)]
    single = {text: model.translate([text], num_beams=2, max_length=6)[0] for text in set(texts)}
    assert model.translate(texts, num_beams=2, max_length=6) == [single[text] for text in texts]


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_it_is_the_best_of_all_translations_of_up_to_three_words(penalty):
    model = untrained(max_size=7)  # padding, unknown, start, end and three words
    network = model.model_.double()
    source = torch.tensor([model.source_.encode("ein hund läuft")])
    words = [token for token in range(7) if token not in (0, START, END)]
    every = [list(ids) for length in range(4) for ids in itertools.product(words, repeat=length)]
    scored = {}
    for ids in every:
        logs = network(source, torch.tensor([3]), torch.tensor([[START, *ids]]))[0][0].detach().log_softmax(-1)
        total = sum(float(logs[place, token]) for place, token in enumerate([*ids, END]))
        scored[tuple(ids)] = total / length_penalty_of(len(ids) + 1, penalty)
    best = max(scored, key=lambda ids: scored[ids])
    found = model.translate(
        ["ein hund läuft"], num_beams=len(every), length_penalty=penalty, max_length=3, replace_unknown=False
    )
    assert found == [model.target_.join(model.target_.vocabulary.decode(best))]


def test_unknown_words_are_those_with_most_attention():
    written, ids = ["the", "<unk>", "sees", "<unk>"], [7, 1, 8, 1]
    look = torch.tensor([[0.9, 0.1, 0], [0.1, 0.2, 0.7], [0, 1, 0], [0.2, 0.5, 0.3], [1, 0, 0]])
    copy_unknown(written, ids, ["die", "Maria", "Anna"], look)
    assert written == ["the", "Anna", "sees", "Maria"]


def test_names_that_no_pair_holds_are_copied():
    rng = random.Random(0)
    texts = [[rng.choice("abcd") if rng.random() < 0.7 else f"name{row}" for _ in range(3)] for row in range(300)]
    sources = [" ".join(words) for words in texts]
    targets = [" ".join(word.upper() if len(word) == 1 else word for word in words) for words in texts]
    # A row's name stands at most three times in it and nowhere else.
    options = {"hidden_size": 24, "embedding_size": 16, "dropout": 0.0, "lr": 0.02, "batch_size": 32, "verbose": 0}
    model = grunit.Translator(**options, min_count=4, max_epochs=15).fit(sources, targets)
    asked = ["a Ottokar c", "Ottokar d b", "b a Ottokar"]
    assert model.translate(asked) == ["A Ottokar C", "Ottokar D B", "B A Ottokar"]
    assert model.translate(asked, replace_unknown=False) == ["A <unk> C", "<unk> D B", "B A <unk>"]


def test_length_and_coverage_have_their_say():
    model = MODELS.setdefault("attention", untrained())
    texts = [" ".join(WORDS[i : i + 6]) for i in range(6)]

    def words(penalty):
        return sum(len(one.split()) for one in model.translate(texts, length_penalty=penalty))

    assert words(0.0) < words(3.0)
    assert max(len(one.split()) for one in model.translate(texts, length_penalty=3.0, max_length=4)) <= 4
    plain = MODELS.setdefault("plain", untrained(attention=None))
    with pytest.raises(InputError, match="this translator has none: set it 0"):
        plain.translate(texts, coverage_penalty=0.2)


def test_what_cannot_be_translated_is_refused():
    model = MODELS.setdefault("attention", untrained())
    with pytest.raises(DataError, match="texts is a str: give a list of strings"):
        model.translate("ein hund")
    with pytest.raises(DataError, match=r"texts\[1\] is empty"):
        model.translate(["ein hund", ""])
    with pytest.raises(InputError, match="num_beams must be a whole number of at least 1, got 0"):
        model.translate(["ein hund"], num_beams=0)
    assert model.translate([]) == []
