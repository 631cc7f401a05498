"""How good tags are: entity F1 by the rules of ``conlleval``, and accuracy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from grunit.data.tagging_schemes import entities
from grunit.errors import DataError


@dataclass(frozen=True)
class EntityCount:
    """Entities of one kind, or of all.

    Args:
        there: in the truth.
        found: in the answer.
        right: in both, with the same start, end and kind.
    """

    there: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        """Share of those found that are right; 0 where none was found."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of those there that were found; 0 where there are none."""
        return self.right / self.there if self.there else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / (self.there + self.found) if self.right else 0.0


@dataclass(frozen=True)
class TagScores:
    """What ``conlleval`` prints.

    Args:
        tokens: how many there are.
        right: how many have the right tag.
        total: entities of every kind together.
        kinds: by kind, in alphabetical order.
    """

    tokens: int
    right: int
    total: EntityCount
    kinds: dict[str, EntityCount] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Share of tokens with the right tag."""
        return self.right / self.tokens if self.tokens else 0.0


def score_tags(truth: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> TagScores:
    """Hold answers against the truth.

    An entity counts as found where start, end and kind are the same. Entities are read off the tags as ``conlleval``
    does, see :func:`grunit.data.tagging_schemes.entities`; for tags that mark none, only the accuracy means something.

    Args:
        truth, answers: the tags of each sentence.

    Raises:
        DataError: there are not as many sentences, or tags in one, on both sides.

    Source: ``conlleval`` of the CoNLL-2000 shared task (Tjong Kim Sang & Buchholz 2000).

    >>> scores = score_tags([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "O", "O"]])
    >>> scores.accuracy, scores.total.precision, scores.total.recall, round(scores.total.f1, 3)
    (0.75, 1.0, 0.5, 0.667)
    """
    if len(truth) != len(answers):
        raise DataError(f"there are {len(truth)} sentences of true tags and {len(answers)} of answers: give as many")
    tokens = right = 0
    there: Counter[str] = Counter()
    found: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for index, (true, given) in enumerate(zip(truth, answers)):
        if len(true) != len(given):
            raise DataError(f"sentence {index + 1} has {len(true)} true tags and {len(given)} answers: give as many")
        tokens += len(true)
        right += sum(one == other for one, other in zip(true, given))
        of_truth, of_answer = set(entities(true)), set(entities(given))
        there.update(entity.kind for entity in of_truth)
        found.update(entity.kind for entity in of_answer)
        both.update(entity.kind for entity in of_truth & of_answer)
    kinds = {kind: EntityCount(there[kind], found[kind], both[kind]) for kind in sorted({*there, *found})}
    total = EntityCount(there.total(), found.total(), both.total())
    return TagScores(tokens, right, total, kinds)
