"""What stands before the network of a text classifier: an encoder and its vectors, or features that others compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from grunit.data.sequence_scaling import FeatureScaler
from grunit.data.tagging_tokens import join_pairs
from grunit.data.text import UNKNOWN, TextEncoder, Vocabulary
from grunit.data.text.vectors import Vectors, open_vectors
from grunit.tasks.sequence_rows import SequenceRows
from grunit.tasks.text_features import Features, read_features, require_size
from grunit.tasks.token_rows import TokenRows
from grunit.training.settings import plain


class TextFront:
    """Texts to rows of numbers, as many a step as the network reads.

    Args:
        encoder: fitted; None where every step brings its features.
        size: numbers of a step: of the embedding, or of the features.
        max_length: steps of a text at most; None for all.
        vectors: what the embedding begins with, or None.
        pairs: the vocabulary of pairs of neighbours, or None.

    >>> front = TextFront(TextEncoder().fit(["so good"]), 4)
    >>> front.rows(["good good", ""], None).take(torch.tensor([0, 1]))[0].tolist()
    [[2, 2], [1, 0]]
    """

    def __init__(
        self,
        encoder: TextEncoder | None,
        size: int,
        max_length: int | None = None,
        vectors: Vectors | None = None,
        pairs: Vocabulary | None = None,
    ):
        self.encoder, self.size, self.max_length, self.vectors, self.pairs = encoder, size, max_length, vectors, pairs

    @classmethod
    def learn(cls, estimator: Any, encoder: TextEncoder, texts: list[str]) -> TextFront:
        """What a classifier of texts reads with, learnt from the texts it learns from; ``encoder`` is fitted to them.

        Raises:
            DataError: the vectors or the texts cannot be used.
        """
        length = plain(estimator.max_length)
        if estimator.features is not None:
            return cls(None, read_features(texts[:1], estimator.features).features, length)
        encoder.fit(texts)
        known = encoder.vocabulary.tokens
        vectors = None if estimator.vectors is None else open_vectors(estimator.vectors, known)
        front = cls(encoder, plain(estimator.embedding_size) if vectors is None else vectors.size, length, vectors)
        if estimator.pairs:
            neighbours = (pair for text in texts for pair in join_pairs(front.tokens(text)))
            front.pairs = Vocabulary.of(neighbours, min_count=2)
        return front

    def to_json(self) -> dict[str, Any]:
        """What was learnt: ``text`` and ``pairs``, empty where there is none."""
        return {
            "text": {} if self.encoder is None else self.encoder.to_json(),
            "pairs": {} if self.pairs is None else self.pairs.to_json(),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any], size: int, max_length: int | None) -> TextFront:
        """The same back; models of before pairs were known have none."""
        encoder = TextEncoder.from_json(found["text"]) if found["text"] else None
        pairs = Vocabulary.from_json(found["pairs"]) if found.get("pairs") else None
        return cls(encoder, size, max_length, pairs=pairs)

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text that are looked at."""
        assert self.encoder is not None
        return self.encoder.split(text)[: self.max_length]

    def numbers(self, text: str) -> list[int]:
        """Their numbers; a text without a token reads as one word that is not known."""
        assert self.encoder is not None
        return self.encoder.encode(text)[: self.max_length] or [UNKNOWN]

    def steps(self, text: str) -> np.ndarray:
        """What the network reads of a text: numbers ``(T,)``, with pairs ``(T, 2)``."""
        numbers = np.array(self.numbers(text))
        if self.pairs is None:
            return numbers
        return np.stack([numbers, self.pairs.encode(join_pairs(self.tokens(text))) or [UNKNOWN]], -1)

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
            return TokenRows([self.steps(text) for text in texts], *([] if targets is None else [targets]))
        sequences = read_features(texts, features, max_length=self.max_length)
        require_size(sequences, self.size)
        return SequenceRows(sequences, FeatureScaler.measure(sequences.values, "none"), [], targets, dtype)

    def place(self, embedding: torch.nn.Embedding | None) -> None:
        """Write the vectors that were given into an embedding."""
        if self.vectors is not None and self.encoder is not None and embedding is not None:
            self.vectors.place(self.encoder.vocabulary, embedding.weight.data)
