"""An embedding of tokens that can forget whole words while it trains."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from grunit.nn.options import check_share


class TokenEmbedding(nn.Embedding):
    """A vector for each token.

    Args:
        tokens: their number ``V``.
        size: features ``E`` of a vector.
        dropout: share of the tokens whose vector is zero, all through a batch, while training; the others are scaled up
            (Gal & Ghahramani, *A theoretically grounded application of dropout in recurrent neural networks*, 2016;
            Merity et al. 2018, section 4.3).

    Vectors begin uniform and of length 1 on average, whatever their size: shorter ones, read by a softmax that shares
    them, make the first steps of training next to nothing.

    >>> TokenEmbedding(5, 3)(torch.tensor([[0, 4]])).shape
    torch.Size([1, 2, 3])
    """

    def __init__(self, tokens: int, size: int, dropout: float = 0.0):
        super().__init__(tokens, size)
        self.dropout = check_share("embedding_dropout", dropout)

    def reset_parameters(self) -> None:
        """Draw new vectors."""
        scale = math.sqrt(3 / self.embedding_dim)
        nn.init.uniform_(self.weight, -scale, scale)

    def forward(self, input: Tensor) -> Tensor:
        """Whole numbers of any shape -> vectors ``(..., E)``."""
        vectors = super().forward(input)
        if not self.training or not self.dropout:
            return vectors
        # One draw a token of the vocabulary, not of the text: a word that is dropped is dropped everywhere.
        kept = nn.functional.dropout(torch.ones_like(self.weight[:, :1]), self.dropout)
        return vectors * kept[input]
