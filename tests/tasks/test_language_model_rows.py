"""The stream of tokens as rows: nothing lost, nothing padded."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from grunit.tasks.language_model_rows import cut_rows, join_texts, pad_texts, row_length


@given(st.integers(2, 200), st.integers(1, 8), st.integers(1, 30), st.one_of(st.none(), st.integers(1, 5)))
def test_every_token_is_foreseen_from_the_one_before_it(tokens, batch_size, chunk, carry):
    stream = torch.arange(tokens)
    length = row_length(tokens - 1, batch_size, chunk, carry)
    inputs, targets = cut_rows(stream, length)
    assert torch.equal(targets, inputs + 1)
    assert set(targets.flatten().tolist()) == set(range(1, tokens))
    assert inputs.shape[1] == length
    assert targets.numel() - (tokens - 1) < length  # of two rows at most one overlaps, and only in part
    if carry is None:
        assert len(inputs) <= batch_size  # the whole text is one batch
    elif tokens - 1 >= batch_size * chunk:
        assert len(inputs) >= batch_size  # no batch is left half empty


def test_texts_end_where_they_should():
    assert join_texts([[4], [5, 6]], opening=9, end=None).tolist() == [9, 4, 5, 6]
    assert join_texts([[4], []], opening=2, end=2).tolist() == [2, 4, 2, 2]


def test_padding_never_counts():
    texts = [torch.tensor([2, 4, 5, 2]), torch.tensor([2, 2])]
    inputs, targets = pad_texts(texts, 0)
    for text, read, wanted in zip(texts, inputs, targets, strict=True):
        assert wanted[wanted >= 0].tolist() == text[1:].tolist()
        assert read[: len(text) - 1].tolist() == text[:-1].tolist()
