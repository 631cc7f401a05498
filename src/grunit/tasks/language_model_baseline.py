"""What any language model has to beat: counts of the tokens that followed the last few."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence


class CountedTokens:
    """An n-gram model: shares of what followed the last tokens, mixed with those of ever shorter pasts.

    Args:
        vocabulary_size: numbers a token may have; in the end all are as likely.
        order: tokens looked at, the one to be foreseen included (default 3).

    Source: Witten & Bell (1991), method C, interpolated as Chen & Goodman (1999) write it: of a past seen ``n`` times
    that was followed by ``t`` different tokens, ``p(w | past) = (n(past w) + t p(w | shorter past)) / (n + t)``.

    >>> model = CountedTokens(4, order=2).fit([[1, 2, 1, 2, 1, 3]])
    >>> shares = [model.share([1], token) for token in range(4)]
    >>> round(sum(shares), 12), shares[2] > shares[3] > shares[0] > 0
    (1.0, True)
    """

    name = "counts of neighbouring tokens"

    def __init__(self, vocabulary_size: int, order: int = 3):
        self.vocabulary_size, self.order = vocabulary_size, order

    def fit(self, streams: Iterable[Sequence[int]]) -> CountedTokens:
        """Count: the first token of each stream is not foreseen."""
        self.counts_: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(self.order)]
        for stream in streams:
            for length in range(self.order):
                columns = [stream[begin : len(stream) - length + begin] for begin in range(length + 1)]
                rows = zip(*columns, strict=True)
                if not length:
                    next(rows, None)
                self.counts_[length].update(rows)
        self.totals_: list[Counter[tuple[int, ...]]] = []
        self.kinds_: list[Counter[tuple[int, ...]]] = []
        for counts in self.counts_:
            totals: Counter[tuple[int, ...]] = Counter()
            kinds: Counter[tuple[int, ...]] = Counter()
            for row, count in counts.items():
                totals[row[:-1]] += count
                kinds[row[:-1]] += 1
            self.totals_.append(totals)
            self.kinds_.append(kinds)
        return self

    def share(self, past: Sequence[int], token: int) -> float:
        """The probability of a token after others."""
        found = 1.0 / self.vocabulary_size
        for length in range(min(self.order - 1, len(past)) + 1):
            seen = tuple(past[len(past) - length :])
            total = self.totals_[length][seen]
            if not total:
                break
            kinds, whole = self.kinds_[length][seen], (*seen, token)
            found = (self.counts_[length][whole] + kinds * found) / (total + kinds)
        return found

    def nats(self, streams: Iterable[Sequence[int]]) -> float:
        """What all tokens but the first of each stream cost: the sum of ``-log p``."""
        cost = 0.0
        for stream in streams:
            for place in range(1, len(stream)):
                cost -= math.log(self.share(stream[max(0, place - self.order + 1) : place], stream[place]))
        return cost
