"""Tagged sentences as the network reads them: numbers of tokens, padded batch by batch."""

from __future__ import annotations

import torch
from torch import Tensor

from grunit.data.tagging_tokens import EncodedSentences
from grunit.tasks.token_rows import TokenRows


class TaggerRows:
    """What :class:`grunit.training.Batches` takes rows from.

    Args:
        sentences: encoded, none empty.
        tags: ``(tokens,)`` number of each token's tag, or None.
        features: ``(tokens, E)`` numbers that stand in for those of words, or None.

    Attributes:
        tensors: everything, for a checksum.
        lengths: ``(N,)`` tokens of each sentence.

    >>> from grunit.data.tagging_tokens import TokenEncoder
    >>> encoder = TokenEncoder.measure([["a", "b", "a"], ["b"]])
    >>> words, lengths, casings, pairs, which, spellings, sizes = TaggerRows(
    ...     encoder.encode([["a", "b", "a"], ["b"]])
    ... ).take(torch.tensor([0, 1]))
    >>> words.tolist(), lengths.tolist(), which.tolist()
    ([[2, 3, 2], [3, 0, 0]], [3, 1], [[0, 1, 0], [1, 0, 0]])
    >>> spellings.tolist(), sizes.tolist()
    ([[2], [3]], [1, 1])
    """

    def __init__(self, sentences: EncodedSentences, tags: Tensor | None = None, features: Tensor | None = None):
        self.features = features
        columns = [sentences.words, sentences.casings, sentences.pairs, sentences.forms]
        self.values = torch.stack([*map(torch.from_numpy, columns), *([] if tags is None else [tags])], 1)
        self.lengths = torch.from_numpy(sentences.lengths)
        self.starts = self.lengths.cumsum(0) - self.lengths
        self.spellings = TokenRows(sentences.spellings)
        beside = () if features is None else (features,)
        self.tensors: tuple[Tensor, ...] = (self.values, self.lengths, *self.spellings.tensors, *beside)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, rows: Tensor) -> tuple[Tensor, ...]:
        """The rows ``(B,)``: what :class:`~grunit.tasks.sequence_tagger_model.TaggerModel` reads, and the tags.

        Every form is spelt once a batch, however often it occurs: ``which (B, T)`` says where.
        """
        lengths = self.lengths[rows]
        steps = torch.arange(int(lengths.max()))
        valid = steps < lengths.unsqueeze(1)
        where = torch.where(valid, self.starts[rows].unsqueeze(1) + steps, 0)
        values = self.values[where]
        forms, which = values[..., 3][valid].unique(return_inverse=True)
        spellings, sizes = self.spellings.take(forms)
        values = values.masked_fill(~valid.unsqueeze(-1), 0)
        spelt = torch.zeros_like(where).masked_scatter(valid, which)
        words, casings, pairs, _, *tags = values.unbind(-1)
        if self.features is not None:
            words = self.features[where].masked_fill(~valid.unsqueeze(-1), 0)
        return words, lengths, casings, pairs, spelt, spellings, sizes, *tags
