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
        self.embedding: nn.Embedding | None = None
        if tokens is not None:
            self.embedding = nn.Embedding(tokens, features, padding_idx=PADDING)
            with torch.no_grad():
                self.embedding.weight[PADDING + 1 :].normal_(std=0.1)
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.core = Recurrent(
            cell,
            features,
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
        """Tokens ``(B, T)`` or features ``(B, T, E)``, and steps ``(B,)`` of each row -> ``(B, outputs)``."""
        return self.judge(self.embed(input), lengths)

    def embed(self, input: Tensor) -> Tensor:
        """Tokens ``(B, T)`` -> ``(B, T, E)``; features as they came."""
        if self.embedding is None:
            return self.embedding_dropout(input)
        if self.training and self.word_dropout:
            hidden = torch.rand(input.shape, device=input.device) < self.word_dropout
            input = input.masked_fill(hidden & (input != PADDING), UNKNOWN)
        return self.embedding_dropout(self.embedding(input))

    def judge(self, embedded: Tensor, lengths: Tensor | None = None) -> Tensor:
        """``(B, T, E)`` -> ``(B, outputs)``."""
        output = self.core(embedded, lengths=lengths)[0]
        return self.head(self.dropout(self.pooling(output, lengths)))
