"""Batches of tagged sentences against the sentences they were made of."""

from __future__ import annotations

import torch

from grunit.data.tagging_tokens import TokenEncoder
from grunit.tasks.sequence_tagger_rows import TaggerRows

SENTENCES = [["to", "be", "or", "not", "to", "be"], ["Be"], ["not", "so", "to"]]


def test_a_batch_says_what_the_sentences_say():
    encoder = TokenEncoder.measure(SENTENCES, lowercase=False, pairs=True)
    tags = torch.arange(10)
    rows = TaggerRows(encoder.encode(SENTENCES), tags)
    order = torch.tensor([2, 0])
    words, lengths, casings, pairs, which, spellings, sizes, targets = rows.take(order)
    assert lengths.tolist() == [3, 6]
    assert words.shape == casings.shape == pairs.shape == which.shape == targets.shape == (2, 6)
    for place, row in enumerate(order.tolist()):
        length = len(SENTENCES[row])
        assert encoder.words.decode(words[place, :length].tolist()) == SENTENCES[row]
        for step, token in enumerate(SENTENCES[row]):
            form = int(which[place, step])
            assert "".join(encoder.characters.decode(spellings[form, : sizes[form]].tolist())) == token
        assert not words[place, length:].any()
    assert len(sizes) == 5  # each of "to be or not so" once
    assert targets.tolist() == [[7, 8, 9, 0, 0, 0], [0, 1, 2, 3, 4, 5]]


def test_without_tags_there_are_none():
    encoder = TokenEncoder.measure(SENTENCES)
    assert len(TaggerRows(encoder.encode(SENTENCES)).take(torch.tensor([1]))) == 7
