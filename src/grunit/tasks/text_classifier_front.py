"""What stands before the network of a text classifier: an encoder and its vectors, or features that others compute."""

from __future__ import annotations

import torch
from torch import Tensor

from grunit.data.sequence_scaling import FeatureScaler
from grunit.data.text import UNKNOWN, TextEncoder
from grunit.data.text.vectors import Vectors
from grunit.tasks.sequence_rows import SequenceRows
from grunit.tasks.text_features import Features, read_features, require_size
from grunit.tasks.token_rows import TokenRows


class TextFront:
    """Texts to rows of numbers, as many a step as the network reads.

    Args:
        encoder: fitted; None where every step brings its features.
        size: numbers of a step: of the embedding, or of the features.
        max_length: steps of a text at most; None for all.
        vectors: what the embedding begins with, or None.

    >>> front = TextFront(TextEncoder().fit(["so good"]), 4)
    >>> front.rows(["good good", ""], None).take(torch.tensor([0, 1]))[0].tolist()
    [[2, 2], [1, 0]]
    """

    def __init__(
        self, encoder: TextEncoder | None, size: int, max_length: int | None = None, vectors: Vectors | None = None
    ):
        self.encoder, self.size, self.max_length, self.vectors = encoder, size, max_length, vectors

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text that are looked at."""
        assert self.encoder is not None
        return self.encoder.split(text)[: self.max_length]

    def numbers(self, text: str) -> list[int]:
        """Their numbers; a text without a token reads as one word that is not known."""
        assert self.encoder is not None
        return self.encoder.encode(text)[: self.max_length] or [UNKNOWN]

    def rows(
        self,
        texts: list[str],
        features: Features | None,
        targets: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> SequenceRows | TokenRows:
        """What batches are taken from.

        Raises:
            InputError: the features are missing, or of another size than those of the fit.
        """
        if self.encoder is not None:
            return TokenRows([self.numbers(text) for text in texts], *([] if targets is None else [targets]))
        sequences = read_features(texts, features, max_length=self.max_length)
        require_size(sequences, self.size)
        return SequenceRows(sequences, FeatureScaler.measure(sequences.values, "none"), [], targets, dtype)

    def place(self, embedding: torch.nn.Embedding | None) -> None:
        """Write the vectors that were given into an embedding."""
        if self.vectors is not None and self.encoder is not None and embedding is not None:
            self.vectors.place(self.encoder.vocabulary, embedding.weight.data)
