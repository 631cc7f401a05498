"""A decoder: any cell that writes tokens one after the other, looking back at a memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.nn.attention import AdditiveAttention, Attention, Memory, MultiplicativeAttention
from grunit.nn.options import check_choice, check_size
from grunit.nn.recurrent import Recurrent

ATTENTIONS = ("additive", "multiplicative", None)


class DecoderState(NamedTuple):
    """What a decoder carries from one token to the next, for N rows.

    Attributes:
        core: states of the cells, each ``(num_layers, N, H)``.
        fed: the last readout ``(N, R)``, with input feeding; else None.
        covered: ``(N, T)``, the attention that each step of the memory got so far, with coverage; else None.
    """

    core: tuple[Tensor, ...]
    fed: Tensor | None = None
    covered: Tensor | None = None

    def select(self, rows: Tensor) -> DecoderState:
        """The state of the rows ``rows (M,)``, in that order, each as often as it is named."""
        fed = None if self.fed is None else self.fed[rows]
        covered = None if self.covered is None else self.covered[rows]
        return DecoderState(tuple(value[:, rows] for value in self.core), fed, covered)


class Decoder(nn.Module):
    r"""Embedding, cells, attention over a memory, and scores of the next token.

    .. math::
        h_t &= \mathrm{cell}([E y_{t-1};\, r_{t-1}],\, h_{t-1}) \\
        r_t &= \tanh(W_r [h_t;\, c_t]), \qquad \mathrm{logits}_t = W_o r_t + b

    where :math:`c_t` is what attention finds in the memory for :math:`h_t`; without attention there is no
    :math:`c_t`, without input feeding no :math:`r_{t-1}`. Without input feeding the cells walk a known target in one
    go, and unless there is coverage all its tokens attend at once.

    Args:
        cell: as of :class:`grunit.Recurrent`.
        outputs: tokens ``V``; 0 is padding.
        memory_size: features of the memory, for an encoder its output size.
        hidden_size: units of each layer.
        embedding_size: features of a token, and of the readout ``R`` (default ``hidden_size``).
        num_layers: layers of cells.
        attention: ``"additive"``, ``"multiplicative"`` (the general score) or None for a decoder that sees no more
            than the state it starts from.
        input_feeding: the readout of a token is part of the input at the next (Luong et al. 2015, section 3.3).
        coverage: the score knows how much attention a place of the memory had before: its key gets ``w`` times that
            (See et al. 2017, eq. 11).
        dropout: share of embeddings, of values between layers and of readouts dropped while training.
        tie_embeddings: ``W_o`` is the table of embeddings (Press & Wolf 2017).
        cell_options: passed to :class:`grunit.Recurrent`.

    Raises:
        InputError: an argument, or coverage without attention.

    >>> decoder = Decoder("gru", outputs=9, memory_size=6, hidden_size=4)
    >>> memory = decoder.prepare(torch.randn(2, 5, 6), lengths=[5, 3])
    >>> state = decoder.start(decoder.core.init_state(2), memory)
    >>> readouts, weights = decoder(torch.tensor([[2, 7, 8], [2, 4, 0]]), state, memory)
    >>> decoder.score(readouts).shape, weights.shape
    (torch.Size([2, 3, 9]), torch.Size([2, 3, 5]))
    """

    def __init__(
        self,
        cell: Any,
        outputs: int,
        memory_size: int,
        hidden_size: int,
        *,
        embedding_size: int | None = None,
        num_layers: int = 1,
        attention: str | None = "multiplicative",
        input_feeding: bool = False,
        coverage: bool = False,
        dropout: float = 0.0,
        tie_embeddings: bool = True,
        cell_options: dict[str, Any] | None = None,
    ):
        super().__init__()
        check_choice("attention", attention, ATTENTIONS)
        if coverage and attention is None:
            raise InputError("coverage counts what attention has looked at, and there is none: choose an attention")
        size = check_size("embedding_size", hidden_size if embedding_size is None else embedding_size)
        self.input_feeding, self.readout_size = bool(input_feeding), size
        self.embedding = nn.Embedding(check_size("outputs", outputs), size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=size**-0.5)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        self.core = Recurrent(
            cell,
            size + (size if input_feeding else 0),
            hidden_size,
            num_layers,
            dropout=dropout,
            batch_first=True,
            **(cell_options or {}),
        )
        self.attention: Attention | None = None
        if attention is not None:
            kind = AdditiveAttention if attention == "additive" else MultiplicativeAttention
            self.attention = kind(self.core.output_size, memory_size, batch_first=True)
        keys = getattr(self.attention, "attention_size", self.core.output_size)
        self.coverage = nn.Parameter(torch.zeros(keys)) if coverage else None
        self.readout = nn.Linear(self.core.output_size + (memory_size if attention else 0), size)
        self.output = nn.Linear(size, outputs)
        if tie_embeddings:
            self.output.weight = self.embedding.weight
        self.dropout = nn.Dropout(dropout)

    def prepare(self, memory: Tensor, lengths: Tensor | Sequence[int] | None = None) -> Memory | None:
        """The memory ``(B, T, F)`` with its keys, made once; None without attention.

        Args:
            memory: what there is to attend to.
            lengths: ``(B,)`` steps of each row; None where all have T.
        """
        return None if self.attention is None else self.attention.prepare(memory, lengths)

    def start(self, core: tuple[Tensor, ...], memory: Memory | None) -> DecoderState:
        """The state before the first token, from states of the cells ``(num_layers, B, H)``."""
        rows = core[0].shape[1]
        fed = core[0].new_zeros(rows, self.readout_size) if self.input_feeding else None
        covered = None
        if self.coverage is not None and memory is not None:
            covered = memory.values.new_zeros(rows, memory.values.shape[1])
        return DecoderState(core, fed, covered)

    def forward(self, ids: Tensor, state: DecoderState, memory: Memory | None) -> tuple[Tensor, Tensor | None]:
        """Walk a known target.

        Args:
            ids: ``(B, L)``, each the token before the one that is asked for.
            state: from :meth:`start`.
            memory: from :meth:`prepare`.

        Returns:
            readouts ``(B, L, R)``, for :meth:`score`, and attention ``(B, L, T)``, None without attention.
        """
        if self.input_feeding:
            return self.walk(ids, state, memory)
        hidden, _ = self.core(self.embed(ids), state.core)
        if self.attention is None or memory is None:
            return self.read(hidden), None
        if self.coverage is None:
            context, weights = self.attention(hidden, memory)
            return self.read(torch.cat([hidden, context], -1)), weights
        readouts, looks, covered = [], [], state.covered
        for query in hidden.unbind(1):
            readout, weights, covered = self.look(query, memory, covered)
            readouts.append(readout)
            looks.append(weights)
        return torch.stack(readouts, 1), torch.stack(looks, 1)

    def walk(self, ids: Tensor, state: DecoderState, memory: Memory | None) -> tuple[Tensor, Tensor | None]:
        """As :meth:`forward`, token by token, so that a token may be one that the decoder chose itself.

        Args:
            ids: ``(B, L)``, negative where the decoder's likeliest token takes the place of a known one.
            state, memory: as of :meth:`forward`.
        """
        readouts: list[Tensor] = []
        looks: list[Tensor] = []
        for given in ids.unbind(1):
            if readouts and bool((given < 0).any()):
                with torch.no_grad():
                    given = torch.where(given < 0, self.score(readouts[-1]).argmax(-1), given)
            readout, weights, state = self.step(given, state, memory)
            readouts.append(readout)
            if weights is not None:
                looks.append(weights)
        return torch.stack(readouts, 1), torch.stack(looks, 1) if looks else None

    def step(
        self, ids: Tensor, state: DecoderState, memory: Memory | None
    ) -> tuple[Tensor, Tensor | None, DecoderState]:
        """One token.

        Args:
            ids: ``(N,)``, the tokens before. Where N is a multiple k of the memory's rows, k rows in turn share one.
            state: of N rows.
            memory: from :meth:`prepare`.

        Returns:
            readout ``(N, R)``, attention ``(N, T)`` or None, and the new state.
        """
        x = self.embed(ids)
        if state.fed is not None:
            x = torch.cat([x, state.fed], -1)
        hidden, core = self.core.step(x, state.core)
        weights, covered = None, state.covered
        if memory is None:
            readout = self.read(hidden)
        else:
            readout, weights, covered = self.look(hidden, memory, covered)
        return readout, weights, DecoderState(core, readout if self.input_feeding else None, covered)

    def look(self, query: Tensor, memory: Memory, covered: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Readout ``(N, R)``, attention ``(N, T)`` and coverage of queries ``(N, H)``; several may share a row."""
        assert self.attention is not None
        rows, steps = memory.values.shape[:2]
        if covered is not None and self.coverage is not None:
            if len(query) != rows:
                memory = memory.select(torch.arange(rows, device=query.device).repeat_interleave(len(query) // rows))
                rows = len(query)
            memory = memory._replace(keys=memory.keys + covered.unsqueeze(-1) * self.coverage)
        context, weights = self.attention(query.view(rows, -1, query.shape[-1]), memory)
        context, weights = context.reshape(len(query), -1), weights.reshape(len(query), steps)
        covered = None if covered is None else covered + weights
        return self.read(torch.cat([query, context], -1)), weights, covered

    def embed(self, ids: Tensor) -> Tensor:
        """Tokens ``(...)`` to ``(..., E)``."""
        return self.dropout(self.embedding(ids))

    def read(self, found: Tensor) -> Tensor:
        """What the cells and the attention found, as a readout ``(..., R)``."""
        return self.dropout(torch.tanh(self.readout(found)))

    def score(self, readouts: Tensor) -> Tensor:
        """Readouts ``(..., R)`` to logits ``(..., V)``."""
        return self.output(readouts)
