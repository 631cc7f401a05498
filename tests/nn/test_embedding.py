"""Vectors of tokens: torch's own, with whole words forgotten in training."""

from __future__ import annotations

import pytest
import torch

from grunit.errors import InputError
from grunit.nn.embedding import TokenEmbedding


def test_without_dropout_and_in_evaluation_it_is_torchs_embedding():
    tokens = torch.randint(0, 9, (3, 5))
    for embedding in (TokenEmbedding(9, 4), TokenEmbedding(9, 4, dropout=0.7).eval()):
        torch.testing.assert_close(embedding(tokens), torch.nn.functional.embedding(tokens, embedding.weight))


def test_a_dropped_word_is_dropped_everywhere_and_the_others_scaled_up():
    embedding = TokenEmbedding(400, 2, dropout=0.25)
    tokens = torch.arange(400).repeat(3, 1)
    vectors = embedding(tokens)
    torch.testing.assert_close(vectors[0], vectors[2])
    whole = embedding.weight.detach() / 0.75
    kept = vectors[0].abs().sum(-1) > 0
    torch.testing.assert_close(vectors[0][kept], whole[kept])
    assert 0.65 < float(kept.float().mean()) < 0.85  # five standard errors
    assert not torch.equal(embedding(tokens), vectors)  # drawn anew for every batch


@pytest.mark.parametrize("size", [3, 40])
def test_vectors_begin_with_length_one_on_average(size):
    squares = TokenEmbedding(5000, size).weight.detach().square().sum(-1)
    assert float(squares.mean()) == pytest.approx(1, abs=0.04)  # five standard errors at size 3
    assert abs(float(TokenEmbedding(5000, size).weight.detach().mean())) < 0.03


def test_a_share_beyond_one_is_refused():
    with pytest.raises(InputError, match="embedding_dropout must be a number between 0 and 1, got 2"):
        TokenEmbedding(3, 2, dropout=2)
