"""The network of a translator: an encoder that reads both ways, and a decoder that starts from what it found."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grunit.nn.decoder import Decoder, DecoderState
from grunit.nn.recurrent import Recurrent


class TranslationModel(nn.Module):
    r"""Encoder, bridge and decoder.

    The decoder's output state starts from :math:`\tanh(W [\overrightarrow{h}_T; \overleftarrow{h}_1])`, layer by
    layer, the ends of both walks of the encoder; further states of a cell start from the mean of both ends, which is
    a value that the cell itself can have.

    Args:
        cell: of both, as of :class:`grunit.Recurrent`.
        sources, targets: tokens of either side; 0 is padding.
        hidden_size, num_layers: of both.
        embedding_size: features of a token.
        bidirectional: the encoder reads both ways.
        dropout: share of embeddings, of values between layers and of readouts dropped while training.
        attention, input_feeding, coverage, tie_embeddings: of the :class:`~grunit.nn.decoder.Decoder`.
        cell_options: of both cores.

    Attributes:
        batches: how many it was walked over in training, from which follows how far training has come.

    >>> model = TranslationModel("gru", sources=9, targets=7, hidden_size=4, embedding_size=3)
    >>> source, lengths = torch.tensor([[2, 3, 4], [5, 6, 0]]), torch.tensor([3, 2])
    >>> logits, weights = model(source, lengths, torch.tensor([[2, 4], [2, 5]]))
    >>> logits.shape, weights[1, :, 2].tolist()
    (torch.Size([2, 2, 7]), [0.0, 0.0])
    """

    def __init__(
        self,
        cell: Any,
        sources: int,
        targets: int,
        hidden_size: int,
        *,
        embedding_size: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        attention: str | None = "multiplicative",
        input_feeding: bool = False,
        coverage: bool = False,
        tie_embeddings: bool = True,
        cell_options: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.embedding = nn.Embedding(sources, embedding_size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=embedding_size**-0.5)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        self.encoder = Recurrent(
            cell,
            embedding_size,
            hidden_size,
            num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            batch_first=True,
            **(cell_options or {}),
        )
        self.decoder = Decoder(
            cell,
            targets,
            self.encoder.output_size,
            hidden_size,
            embedding_size=embedding_size,
            num_layers=num_layers,
            attention=attention,
            input_feeding=input_feeding,
            coverage=coverage,
            dropout=dropout,
            tie_embeddings=tie_embeddings,
            cell_options=cell_options,
        )
        layout = self.decoder.core.layout
        size = layout.sizes[layout.names[0]]
        layers = range(self.decoder.core.num_layers)
        self.bridge = nn.ModuleList(nn.Linear(self.encoder.directions * size, size) for _ in layers)
        self.dropout = nn.Dropout(dropout)
        self.batches: Tensor
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def encode(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read the source.

        Args:
            ids: ``(B, T)``.
            lengths: ``(B,)``.

        Returns:
            the memory ``(B, T, F)``, zero behind a row's end, and what the decoder's cells start from.
        """
        full = bool((lengths == ids.shape[1]).all())
        memory, finals = self.encoder(self.dropout(self.embedding(ids)), lengths=None if full else lengths)
        first, *rest = [value.unflatten(0, (-1, self.encoder.directions)) for value in finals]
        joined = [layer(ends.transpose(0, 1).flatten(1)) for layer, ends in zip(self.bridge, first, strict=True)]
        return memory, (torch.tanh(torch.stack(joined)), *(value.mean(1) for value in rest))

    def forward(
        self, source: Tensor, lengths: Tensor, given: Tensor, counts: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Read the source and walk a known target.

        Args:
            source: ``(B, T)``.
            lengths: ``(B,)`` of the source.
            given: ``(B, L)``, each the token before the one asked for. Where one is negative, the decoder's own
                choice takes its place, and the walk goes token by token.
            counts: bool ``(B, L)``, where logits are wanted; None for all.

        Returns:
            logits ``(B, L, V)``, or ``(M, V)`` of the M places wanted, and attention ``(B, L, T)``, None without.
        """
        if self.training:
            self.batches += 1
        memory, core = self.encode(source, lengths)
        prepared = self.decoder.prepare(memory, lengths)
        state = self.decoder.start(core, prepared)
        walk = self.decoder.walk if bool((given < 0).any()) else self.decoder
        readouts, weights = walk(given, state, prepared)
        return self.decoder.score(readouts if counts is None else readouts[counts]), weights


class TranslationWalker:
    """A :class:`~grunit.nn.decoder_search.Walker` over a batch of sources.

    Args:
        model: in evaluation mode.
        source, lengths: ``(B, T)`` and ``(B,)``.
        beams: of each source.
        coverage_penalty: factor of ``sum over the source of log(min(attention in all, 1))`` (Wu et al. 2016, eq. 14).
    """

    def __init__(
        self, model: TranslationModel, source: Tensor, lengths: Tensor, beams: int, coverage_penalty: float = 0.0
    ):
        self.decoder, self.beams, self.penalty = model.decoder, beams, coverage_penalty
        memory, core = model.encode(source, lengths)
        self.memory = self.decoder.prepare(memory, lengths)
        rows = torch.arange(len(source), device=source.device).repeat_interleave(beams)
        self.state: DecoderState = self.decoder.start(core, self.memory).select(rows)
        self.valid = torch.arange(source.shape[1], device=source.device) < lengths.unsqueeze(1)
        self.seen = memory.new_zeros(len(rows), source.shape[1])

    def step(self, ids: Tensor) -> Tensor:
        """The last tokens ``(S * k,)`` to logits ``(S * k, V)``."""
        readout, weights, self.state = self.decoder.step(ids, self.state, self.memory)
        if self.penalty and weights is not None:
            self.seen = self.seen + weights
        return self.decoder.score(readout)

    def reorder(self, rows: Tensor) -> None:
        """Each beam goes on from that of its row."""
        self.state = self.state.select(rows)
        if self.penalty:
            self.seen = self.seen[rows]

    def keep(self, sequences: Tensor) -> None:
        """Forget the sources that are done."""
        rows = (sequences.unsqueeze(1) * self.beams + torch.arange(self.beams, device=sequences.device)).flatten()
        self.reorder(rows)
        self.valid = self.valid[sequences]
        self.memory = None if self.memory is None else self.memory.select(sequences)

    def bonus(self) -> Tensor | None:
        """The coverage penalty of each beam, ``(S * k,)``."""
        if not self.penalty or self.memory is None:
            return None
        # A place never looked at would cost everything; a millionth is as good as nothing.
        logs = self.seen.clamp(1e-6, 1.0).log().view(len(self.valid), self.beams, -1)
        return self.penalty * logs.masked_fill(~self.valid.unsqueeze(1), 0).sum(-1).flatten()
