"""The network of a text classifier: embedding or given features, recurrent core, pooling, head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grunit.data.text import PADDING, UNKNOWN
from grunit.errors import InputError
from grunit.nn import Pooling, Recurrent


class TextModel(nn.Module):
    """From the tokens of a text to one number a class.

    Args:
        cell, hidden_size, num_layers, bidirectional: of the core, as in :class:`grunit.Recurrent`.
        tokens: size of the vocabulary; None where every step brings its features.
        features: numbers a token becomes, E.
        pairs: how many pairs of neighbours there are; 0 for none.
        pair_size: numbers a pair becomes, beside those of its first token.
        outputs: classes.
        dropout: share of values dropped between layers and before the head.
        word_dropout: share of tokens that are made unknown while training, so that the rest of a text must do, and
            so that the unknown token is learnt.
        embedding_dropout: share of embedded values dropped while training.
        pooling: how the core's outputs become one vector, see :class:`grunit.nn.Pooling`.
        options: of the cell and the core.

    >>> model = TextModel("gru", 8, tokens=20, features=5, outputs=2, pooling=["last", "max"])
    >>> model(torch.tensor([[4, 5, 6], [7, 0, 0]]), torch.tensor([3, 1])).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        cell: Any,
        hidden_size: int,
        *,
        tokens: int | None,
        features: int,
        outputs: int,
        pairs: int = 0,
        pair_size: int = 50,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        pooling: str | Sequence[str] = "last",
        options: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.word_dropout = word_dropout
        self.embedding = None if tokens is None else _embed(tokens, features)
        self.pairs = _embed(pairs, pair_size) if pairs else None
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.core = Recurrent(
            cell,
            features + (pair_size if pairs else 0),
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            batch_first=True,
            **(options or {}),
        )
        if self.core.extra_input_names:
            raise InputError(
                f"the cell {cell!r} also needs {', '.join(self.core.extra_input_names)} at every step, which texts do "
                "not bring: choose another cell"
            )
        split = bidirectional and self.core.merge == "concat" and not self.core.projection
        self.pooling = Pooling(self.core.output_size, pooling, batch_first=True, bidirectional=split)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.pooling.output_size, outputs)

    def forward(self, input: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Tokens ``(B, T)``, with pairs ``(B, T, 2)``, or features ``(B, T, E)``, and steps ``(B,)`` of each row ->
        ``(B, outputs)``."""
        return self.judge(self.embed(input), lengths)

    def embed(self, input: Tensor) -> Tensor:
        """Tokens ``(B, T)`` or tokens and pairs ``(B, T, 2)`` -> ``(B, T, E)``; features as they came."""
        if self.embedding is None:
            return self.embedding_dropout(input)
        numbers, pairs = (input, None) if self.pairs is None else input.unbind(-1)
        if self.training and self.word_dropout:
            hidden = (torch.rand(numbers.shape, device=input.device) < self.word_dropout) & (numbers != PADDING)
            numbers = numbers.masked_fill(hidden, UNKNOWN)
            if pairs is not None:  # which would give a hidden token away
                pairs = pairs.masked_fill(hidden | nn.functional.pad(hidden[:, 1:], (0, 1)), UNKNOWN)
        embedded = self.embedding(numbers)
        if self.pairs is not None:
            embedded = torch.cat([embedded, self.pairs(pairs)], -1)
        return self.embedding_dropout(embedded)

    def judge(self, embedded: Tensor, lengths: Tensor | None = None) -> Tensor:
        """``(B, T, E)`` -> ``(B, outputs)``."""
        output = self.core(embedded, lengths=lengths)[0]
        return self.head(self.dropout(self.pooling(output, lengths)))


def _embed(count: int, size: int) -> nn.Embedding:
    """A table of small numbers, zero for padding."""
    table = nn.Embedding(count, size, padding_idx=PADDING)
    with torch.no_grad():
        table.weight[PADDING + 1 :].normal_(std=0.1)
    return table
