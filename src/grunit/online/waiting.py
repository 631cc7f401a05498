"""Questions that wait for their answers: late, out of order, or never to come."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunit.errors import InputError

Array = NDArray[Any]


@dataclass
class Question:
    """What was asked, with all that learning from the answer needs.

    Args:
        key: that the answer will name.
        start: the network's state before the window, ``(S,)``.
        window: the last inputs, ``(L, F)``, the one asked about last.
        output: what the head gave, ``(O,)``.
        notes: numbers of the task: units at that time, what was predicted.
    """

    key: Hashable
    start: Array
    window: Array
    output: Array
    notes: dict[str, Any] = field(default_factory=dict)


class WaitingRoom:
    """Questions by key, at most ``limit`` of them; where one more comes, the oldest gives up its place.

    Attributes:
        dropped: how many gave up their place.

    >>> room = WaitingRoom(limit=2)
    >>> for key in "abc":
    ...     room.put(Question(key, np.zeros(1), np.zeros((1, 1)), np.zeros(1)))
    >>> len(room), room.dropped, room.take("a"), room.take("c").key
    (2, 1, None, 'c')
    """

    def __init__(self, limit: int = 1000):
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InputError(f"the waiting room holds at least 1 question, got {limit!r}")
        self.limit, self.dropped = limit, 0
        self._count = 0
        self._by_key: dict[Hashable, deque[tuple[int, Question]]] = {}
        self._order: dict[int, Question] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Question]:
        return iter(self._order.values())

    def put(self, question: Question) -> None:
        """Let a question wait."""
        if len(self._order) >= self.limit:
            oldest = next(iter(self._order.values()))
            self.take(oldest.key)
            self.dropped += 1
        number = self._count
        self._count += 1
        self._order[number] = question
        same = self._by_key.get(question.key)
        if same is None:
            self._by_key[question.key] = deque([(number, question)])
        else:
            same.append((number, question))

    def take(self, key: Hashable) -> Question | None:
        """The oldest question of this key, which waits no more; None where there is none."""
        same = self._by_key.get(key)
        if same is None:
            return None
        number, question = same.popleft()
        if not same:
            del self._by_key[key]
        del self._order[number]
        return question

    def take_only(self) -> Question | None:
        """The question that waits alone, or None."""
        return self.take(next(iter(self)).key) if len(self._order) == 1 else None

    def to_json(self) -> dict[str, Any]:
        """Keys and notes in order, for a snapshot."""
        questions = [{"key": key_to_json(q.key), "length": len(q.window), "notes": q.notes} for q in self]
        return {"limit": self.limit, "dropped": self.dropped, "questions": questions}

    def arrays(self) -> dict[str, Array]:
        """The same questions' arrays, one after another; none where nobody waits."""
        if not self._order:
            return {}
        return {
            "start": np.stack([q.start for q in self]),
            "window": np.concatenate([q.window for q in self]),
            "output": np.stack([q.output for q in self]),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], arrays: dict[str, Array]) -> WaitingRoom:
        """The same from :meth:`to_json` and :meth:`arrays`."""
        room = cls(data["limit"])
        at = 0
        for place, one in enumerate(data["questions"]):
            window = arrays["window"][at : at + one["length"]].copy()
            at += one["length"]
            start, output = arrays["start"][place].copy(), arrays["output"][place].copy()
            room.put(Question(key_from_json(one["key"]), start, window, output, one["notes"]))
        room.dropped = data["dropped"]
        return room


def key_to_json(key: Any) -> Any:
    """A key as JSON: text and numbers as they are, bytes as hexadecimal digits, tuples as lists.

    >>> key_from_json(key_to_json((1, b"a", "x")))
    (1, b'a', 'x')
    """
    if isinstance(key, bytes):
        return {"bytes": key.hex()}
    if isinstance(key, tuple):
        return {"tuple": [key_to_json(part) for part in key]}
    if key is None or isinstance(key, (str, bool, int, float)):
        return key
    raise InputError(f"the key {key!r} cannot be kept: use text, a number, or a tuple of such")


def key_from_json(data: Any) -> Any:
    """The key that :func:`key_to_json` wrote."""
    if isinstance(data, dict):
        if "bytes" in data:
            return bytes.fromhex(data["bytes"])
        return tuple(key_from_json(part) for part in data["tuple"])
    return data
