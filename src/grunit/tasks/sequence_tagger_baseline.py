"""What any tagger has to beat: every word gets the tag it had most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


class FrequentTags:
    """The most frequent tag of each word; an unknown word gets the most frequent of all.

    Source: Jurafsky & Martin, *Speech and Language Processing* (3rd edition), section 17.2, "most frequent class
    baseline".

    >>> X, y = [["the", "run"], ["to", "run"], ["to", "run"]], [["D", "N"], ["P", "V"], ["P", "V"]]
    >>> baseline = FrequentTags().fit(X, y)
    >>> baseline.predict([["the", "run", "ends"]])
    [['D', 'V', 'P']]
    """

    name = "most frequent tag of each word"

    def fit(self, X: Sequence[Sequence[str]], y: Sequence[Sequence[str]]) -> FrequentTags:
        """Count: sentences, and a tag for each of their tokens. Of tags as frequent, the one that came first counts."""
        counts: dict[str, Counter[str]] = {}
        for tokens, tags in zip(X, y, strict=True):
            for token, tag in zip(tokens, tags, strict=True):
                counts.setdefault(token, Counter())[tag] += 1
        self.tags_ = {token: found.most_common(1)[0][0] for token, found in counts.items()}
        self.default_ = Counter(tag for tags in y for tag in tags).most_common(1)[0][0]
        return self

    def predict(self, X: Sequence[Sequence[str]]) -> list[list[str]]:
        """A tag for each token of sentences."""
        return [[self.tags_.get(token, self.default_) for token in tokens] for tokens in X]
