"""Questions by key, the oldest first."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.errors import InputError
from grunit.online.waiting import Question, WaitingRoom


def question(key: object, value: float = 0.0) -> Question:
    return Question(key, np.full(2, value), np.full((1 + int(value) % 3, 1), value), np.full(1, value), {"v": value})


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4))), st.integers(1, 6))
def test_it_is_a_list_searched_from_the_front(moves, limit):
    room, plain, dropped = WaitingRoom(limit), [], 0
    for number, (asks, key) in enumerate(moves):
        if asks:
            room.put(question(key, float(number)))
            plain.append((key, float(number)))
            if len(plain) > limit:
                plain.pop(0)
                dropped += 1
        else:
            found = room.take(key)
            expected = next((one for one in plain if one[0] == key), None)
            if expected is not None:
                plain.remove(expected)
            assert (found and found.notes["v"]) == (expected and expected[1])
    assert [(one.key, one.notes["v"]) for one in room] == plain
    assert room.dropped == dropped


def test_a_snapshot_keeps_everything():
    room = WaitingRoom(5)
    for at, key in enumerate(["a", 1, b"x", (1, "b"), None, 2.5]):
        room.put(question(key, float(at)))
    again = WaitingRoom.from_json(json.loads(json.dumps(room.to_json())), room.arrays())
    assert again.dropped == 1
    for one, other in zip(room, again, strict=True):
        assert one.key == other.key
        assert one.notes == other.notes
        for name in ("start", "window", "output"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_only_the_one_that_waits_alone():
    room = WaitingRoom()
    assert room.take_only() is None
    room.put(question("a"))
    room.put(question("b"))
    assert room.take_only() is None
    room.take("a")
    assert room.take_only().key == "b"


@pytest.mark.parametrize("limit", [0, 1.5, True])
def test_what_cannot_be_used_is_refused(limit):
    with pytest.raises(InputError):
        WaitingRoom(limit)
    room = WaitingRoom()
    room.put(question(frozenset()))
    with pytest.raises(InputError, match="cannot be kept"):
        room.to_json()
