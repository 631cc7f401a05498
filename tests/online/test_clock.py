"""Time stamps as steps."""

from __future__ import annotations

import pytest

from grunit.errors import DataError
from grunit.online.clock import Clock


@pytest.mark.parametrize(
    ("times", "steps"),
    [
        ([0, 1, 2, 5, 4, 4], [1, 1, 1, 3, -1, -1]),
        ([10, 20, 20, 40], [1, 1, 0, 2]),
        (["2024-01-31", "2024-02-29", "2024-03-31", "2024-05-31"], [1, 1, 1, 2]),
        (["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+00:00", "2024-01-01T05:00"], [1, 1, 4]),
        ([100, 90, 95], [1, -1, -1]),
        ([0, 10, 12], [1, 1, 1]),
    ],
)
def test_steps(times, steps):
    clock, found = Clock(), []
    for time in times:
        found.append(clock.advance(time))
        clock = Clock.from_json(clock.to_json())
    assert found == steps


def test_the_distance_may_be_given():
    clock = Clock(step=5)
    assert [clock.advance(time) for time in (0, 10, 15)] == [1, 2, 1]


@pytest.mark.parametrize("time", ["soon", "nan", None, [], {}])
def test_what_is_no_time_is_refused(time):
    with pytest.raises(DataError, match="neither a number nor a date"):
        Clock().advance(time)
