"""The network of a language model: embedding, recurrent core, softmax over the vocabulary."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.nn import Recurrent
from grunit.nn.embedding import TokenEmbedding
from grunit.nn.options import check_choice
from grunit.nn.softmax import SOFTMAXES

State = tuple[Tensor, ...]
RESERVED = ("batch_first", "bidirectional", "num_layers")
"""Options of :class:`grunit.Recurrent` that are arguments of their own, or that no language model has."""


class LanguageNetwork(nn.Module):
    """Reads tokens and says how probable each token is as the next one.

    Args:
        cell, hidden_size, num_layers: of the core, as in :class:`grunit.Recurrent`.
        vocabulary_size: tokens ``V``.
        embedding_size: features of a token's vector.
        dropout: share of the features of the embedding and of every layer's output dropped while training, the same
            at every step of a row.
        embedding_dropout: see :class:`~grunit.nn.embedding.TokenEmbedding`.
        weight_drop: share of the weights between state and state dropped while training.
        tie_weights: the softmax reads the embedding's matrix; where the core's output has another size, a linear map
            stands between.
        softmax: ``"full"``, ``"adaptive"`` or ``"sampled"``, see :mod:`grunit.nn.softmax`.
        softmax_options: of that.
        boundary: the token before which a new text begins: the state is as at the start there. None for texts that go
            on.
        options: of the cell and the core.

    Raises:
        InputError: an argument.

    >>> network = LanguageNetwork("gru", 16, vocabulary_size=11, embedding_size=5)
    >>> hidden, state = network(torch.tensor([[3, 4, 5], [6, 7, 8]]))
    >>> network.softmax.log_probabilities(hidden).shape, state[0].shape
    (torch.Size([2, 3, 11]), torch.Size([1, 2, 16]))
    """

    def __init__(
        self,
        cell: Any,
        hidden_size: int,
        *,
        vocabulary_size: int,
        embedding_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        weight_drop: float = 0.0,
        tie_weights: bool = True,
        softmax: str = "full",
        softmax_options: dict[str, Any] | None = None,
        boundary: int | None = None,
        options: dict[str, Any] | None = None,
    ):
        super().__init__()
        check_choice("softmax", softmax, list(SOFTMAXES))
        for name in RESERVED:
            if name in (options or {}):
                raise InputError(f"cell_options names {name!r}, which is none of a language model's: take it out")
        if tie_weights and softmax == "adaptive":
            raise InputError("the adaptive softmax has matrices of its own: set tie_weights=False")
        self.boundary = boundary
        self.embedding = TokenEmbedding(vocabulary_size, embedding_size, embedding_dropout)
        given = {"input_dropout": dropout, "output_dropout": dropout, "weight_drop": weight_drop, **(options or {})}
        self.core = Recurrent(cell, embedding_size, hidden_size, num_layers, batch_first=True, **given)
        wide = self.core.output_size
        self.bridge = nn.Linear(wide, embedding_size) if tie_weights and wide != embedding_size else nn.Identity()
        shared = {"weight": self.embedding.weight} if tie_weights else {}
        size = embedding_size if tie_weights else wide
        try:
            self.softmax: Any = SOFTMAXES[softmax](size, vocabulary_size, **shared, **(softmax_options or {}))
        except TypeError as error:
            raise InputError(
                f"softmax_options is {softmax_options}: the {softmax} softmax takes no such ones"
            ) from error

    def forward(
        self,
        tokens: Tensor,
        state: State | None = None,
        targets: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Read tokens.

        Args:
            tokens: ``(B, T)``.
            state: of the core; None for the start of a text.
            targets: the next tokens ``(B, T)``.
            lengths: ``(B,)`` tokens of each row, None where all have T.

        Returns:
            what the softmax reads, ``(B, T, E)``, or with targets the mean loss in nats; and the new state.
        """
        resets = None if self.boundary is None else tokens == self.boundary
        output, state = self.core(self.embedding(tokens), state, lengths=lengths, resets=resets)
        hidden = self.bridge(output)
        if targets is None:
            return hidden, state
        return self.softmax(hidden.flatten(0, 1), targets.flatten()), state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one token ``(B,)`` a row -> log probabilities of the next one ``(B, V)``, and the new state."""
        if self.boundary is not None:
            fresh = self.core.init_state(len(tokens))
            begins = (tokens == self.boundary).view(1, -1, 1)
            state = tuple(torch.where(begins, new, old) for new, old in zip(fresh, state, strict=True))
        output, state = self.core.step(self.embedding(tokens), state)
        return self.softmax.log_probabilities(self.bridge(output)), state
