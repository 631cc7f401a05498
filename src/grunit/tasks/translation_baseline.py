"""What any translator has to beat: the translation of the text learnt from that is most like the one asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

BLOCK = 256
"""Texts looked up at once."""


class NearestTranslation:
    """A translation memory: texts are alike by their words and pairs of words, weighed by TF-IDF.

    >>> memory = NearestTranslation().fit(["ein hund", "eine katze"], ["a dog", "a cat"])
    >>> memory.translate(["die katze", "ein hund schläft"])
    ['a cat', 'a dog']
    """

    name = "translation of the nearest text"

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> NearestTranslation:
        """Remember pairs."""
        self.vectors_ = TfidfVectorizer(token_pattern=r"(?u)\w+|[^\w\s]", ngram_range=(1, 2), sublinear_tf=True)
        self.table_ = self.vectors_.fit_transform(sources).T.tocsr()
        self.targets_ = list(targets)
        return self

    def translate(self, texts: Sequence[str]) -> list[str]:
        """The translation of the nearest text; the first that was learnt, where none shares a word."""
        found: list[str] = []
        for start in range(0, len(texts), BLOCK):
            alike = self.vectors_.transform(texts[start : start + BLOCK]) @ self.table_
            found += [self.targets_[row] for row in np.asarray(alike.toarray()).argmax(1)]
        return found
