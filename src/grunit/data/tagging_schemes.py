"""How tags mark entities: the schemes BIO, IOB1, BIOES, BMES and BILOU, what they allow, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from grunit.errors import DataError, InputError, suggest


class Entity(NamedTuple):
    """A stretch of tokens of one kind, from ``start`` up to but without ``end``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Scheme:
    """Which letter a scheme writes at which place of an entity; outside it is always ``O``.

    Args:
        begin: of the first token.
        inside: of those between.
        end: of the last; None where the scheme does not mark it.
        single: of the only token; None where it is written as ``begin``.
        strict: False for IOB1, where an entity begins with the letter of ``inside`` unless it follows one of its kind.
    """

    begin: str
    inside: str
    end: str | None = None
    single: str | None = None
    strict: bool = True

    @property
    def roles(self) -> dict[str, str]:
        """The place each letter stands for, in the letters B, I, E and S."""
        pairs = {self.begin: "B", self.inside: "I", self.end: "E", self.single: "S"}
        return {letter: role for letter, role in pairs.items() if letter is not None}


SCHEMES = {
    "BIO": Scheme("B", "I"),
    "IOB1": Scheme("B", "I", strict=False),
    "BIOES": Scheme("B", "I", "E", "S"),
    "BMES": Scheme("B", "M", "E", "S"),
    "BILOU": Scheme("B", "I", "L", "U"),
}
"""The schemes by name. BIO is also known as IOB2, BIOES as IOBES; BMES is that of Chinese sets, there with O."""
ROLES = {letter: role for scheme in SCHEMES.values() for letter, role in scheme.roles.items()}
"""What a letter stands for in any of the schemes; no letter stands for two places."""


def split_tag(tag: str) -> tuple[str, str]:
    """The letter of a tag and the kind of its entity, which may be empty.

    >>> split_tag("B-PER"), split_tag("O"), split_tag("M")
    (('B', 'PER'), ('O', ''), ('M', ''))
    """
    letter, _, kind = tag.partition("-")
    return letter, kind


def find_scheme(name: str) -> Scheme:
    """The scheme of a name.

    Raises:
        InputError: there is none; the message suggests the nearest.
    """
    if name not in SCHEMES:
        raise InputError(f"unknown scheme {name!r}: {suggest(name, SCHEMES)}")
    return SCHEMES[name]


def entities(tags: Sequence[str]) -> list[Entity]:
    """The entities that tags of any scheme mark, by the rules of ``conlleval``: also tags that break the scheme do.

    An entity ends before ``B``, ``S``, ``O`` and another kind, and after ``E`` and ``S``; one begins with ``B`` or
    ``S``, and with any other letter that does not continue one.

    >>> entities(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    [Entity(kind='PER', start=0, end=2), Entity(kind='LOC', start=3, end=4), Entity(kind='LOC', start=4, end=5)]
    """
    found: list[Entity] = []
    open_kind, start = "", -1  # start is -1 where no entity is open
    for index, tag in enumerate(tags):
        letter, kind = split_tag(tag)
        role = "O" if letter == "O" else ROLES.get(letter, "I")
        if start >= 0 and (role in "BSO" or kind != open_kind):
            found.append(Entity(open_kind, start, index))
            start = -1
        if start < 0 and role != "O":
            open_kind, start = kind, index
        if start >= 0 and role in "ES":
            found.append(Entity(open_kind, start, index + 1))
            start = -1
    if start >= 0:
        found.append(Entity(open_kind, start, len(tags)))
    return found


def write_tags(found: Iterable[Entity], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of ``length`` tokens with these entities.

    Raises:
        DataError: entities overlap, or lie outside the sentence.

    >>> write_tags([Entity("PER", 0, 2), Entity("LOC", 3, 4)], 5, "BIOES")
    ['B-PER', 'E-PER', 'O', 'S-LOC', 'O']
    """
    letters = find_scheme(scheme)
    tags, last = ["O"] * length, Entity("", 0, 0)
    for entity in sorted(found, key=lambda one: one.start):
        kind, start, end = entity
        if not last.end <= start < end <= length:
            raise DataError(f"{entity} overlaps with {last} or does not lie within {length} tokens: mend it")
        marks = [letters.inside] * (end - start)
        if letters.strict or (last.end == start and last.kind == kind and last.end):
            marks[0] = letters.begin
        if letters.end is not None:
            marks[-1] = letters.end
        if letters.single is not None and end - start == 1:
            marks[0] = letters.single
        tags[start:end] = [f"{mark}-{kind}" if kind else mark for mark in marks]
        last = entity
    return tags


def convert(tags: Sequence[str], target: str, source: str | None = None) -> list[str]:
    """The same entities in another scheme.

    Args:
        tags: of one sentence.
        target: the scheme to write.
        source: the scheme they must keep to; None to read them as ``conlleval`` does, whatever they are, which also
            mends tags that break their scheme.

    Raises:
        DataError: the tags break the scheme of ``source``.

    >>> convert(["I-PER", "I-PER", "B-PER"], "BMES", source="IOB1")
    ['B-PER', 'E-PER', 'S-PER']
    """
    if source is not None and (broken := find_break(tags, source)):
        raise DataError(f"token {broken[0] + 1}: {broken[1]}")
    return write_tags(entities(tags), len(tags), target)


def follows(before: str | None, tag: str | None, scheme: str) -> bool:
    """Whether a tag may stand after another; None for the sentence's start and end.

    >>> follows("O", "I-PER", "BIO"), follows("O", "I-PER", "IOB1"), follows("B-PER", None, "BIOES")
    (False, True, False)
    """
    rules = find_scheme(scheme)
    old, old_kind = ("O", "") if before is None else split_tag(before)
    new, new_kind = ("O", "") if tag is None else split_tag(tag)
    old, new = rules.roles.get(old, old), rules.roles.get(new, new)
    if not rules.strict:
        return new != "B" or (old in "BI" and old_kind == new_kind)
    continues = old in "BI" and old_kind == new_kind
    if rules.end is None:
        return new != "I" or continues
    return continues if new in "IE" else old not in "BI"


def find_break(tags: Sequence[str], scheme: str) -> tuple[int, str] | None:
    """The first place where tags break a scheme, counted from 0, and what is wrong there; None where they keep to it.

    >>> find_break(["B-PER", "I-LOC"], "BIO")
    (1, "'I-LOC' after 'B-PER' breaks BIO")
    """
    letters = {*find_scheme(scheme).roles, "O"}
    for index, (before, tag) in enumerate(zip([None, *tags], [*tags, None])):
        if tag is not None:
            letter, kind = split_tag(tag)
            if letter not in letters or (letter == "O" and tag != "O") or (tag != letter and not kind):
                return index, f"{tag!r} is no tag of {scheme}"
        if not follows(before, tag, scheme):
            if tag is None:
                return index - 1, f"{before!r} at the end of a sentence breaks {scheme}"
            place = "at the start of a sentence" if before is None else f"after {before!r}"
            return index, f"{tag!r} {place} breaks {scheme}"
    return None


def guess_scheme(sentences: Iterable[Sequence[str]]) -> str | None:
    """The scheme that all tags are written in, or look like; None for tags that mark no entities, as parts of speech.

    Where several fit, the first of BIO, IOB1, BIOES, BMES, BILOU; where the letters are those of a scheme and none
    fits, the one of whose rules fewest sentences break.

    >>> guess_scheme([["B-PER", "I-PER", "O"]]), guess_scheme([["I-PER", "O"]]), guess_scheme([["DET", "NOUN"]])
    ('BIO', 'IOB1', None)
    """
    kept = [list(tags) for tags in sentences]
    used = {split_tag(tag)[0] for tags in kept for tag in tags}
    marked = any(tag != "O" and ROLES.get(split_tag(tag)[0]) in ("B", "I", "S") for tags in kept for tag in tags)
    fitting = [name for name, scheme in SCHEMES.items() if used <= {*scheme.roles, "O"}]
    if not marked or not fitting:
        return None
    breaks = {name: sum(find_break(tags, name) is not None for tags in kept) for name in fitting}
    return min(fitting, key=lambda name: breaks[name])


def find_stray(sentences: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Where the first tag stands that is no mark of an entity, and not ``O``, though at least nine of ten others are.

    It is a slip of the pen, which would otherwise turn all tags into plain ones. None where there is none.

    Returns:
        sentence and token, counted from 0.

    >>> find_stray([["B-PER", "O"] * 6, ["O", "0"]]), find_stray([["DET", "NOUN"]])
    ((1, 1), None)
    """
    strays: list[tuple[int, int]] = []
    count = entities_there = 0
    for row, tags in enumerate(sentences):
        for place, tag in enumerate(tags):
            letter, kind = split_tag(tag)
            is_mark = ROLES.get(letter) is not None and bool(kind)
            entities_there += is_mark
            count += 1
            if not is_mark and tag != "O" and (letter not in ROLES or "-" in tag):
                strays.append((row, place))
    return strays[0] if entities_there and strays and 10 * len(strays) <= count else None


def steps_allowed(tags: Sequence[str], scheme: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For K tags, which may follow which ``(K, K)``, begin ``(K,)`` and end ``(K,)`` a sentence, as bool.

    >>> steps_allowed(["O", "B-X", "I-X"], "BIO")[0].tolist()
    [[True, True, False], [True, True, True], [True, True, True]]
    """
    between = np.array([[follows(before, tag, scheme) for tag in tags] for before in tags])
    first = np.array([follows(None, tag, scheme) for tag in tags])
    return between, first, np.array([follows(tag, None, scheme) for tag in tags])
