"""Where in a series a time stamp belongs: next, after a gap, or late."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

from grunit.errors import DataError


class Clock:
    """Counts steps between time stamps.

    The distance of two steps is the smallest seen so far, unless it is given; distances are rounded to whole steps,
    so months count as one each.

    Args:
        step: distance of two steps: a number, seconds for dates; None to find it.

    >>> clock = Clock()
    >>> [clock.advance(time) for time in ("2024-01-01", "2024-01-02", "2024-01-05", "2024-01-04")]
    [1, 1, 3, -1]
    """

    def __init__(self, step: float | None = None):
        self.step, self.last = step, math.nan

    def advance(self, time: Any) -> int:
        """Steps from the latest time to this one: 1 for the next, more after a gap, 0 or less for one that is late.

        Raises:
            DataError: it is neither a number nor a date.
        """
        now = seconds(time)
        if math.isnan(self.last):
            self.last = now
            return 1
        away = now - self.last
        if away > 0 and (self.step is None or round(away / self.step) < 1):
            self.step = away
        if self.step is None:
            return 0 if away == 0 else -1
        steps = round(away / self.step)
        if steps > 0:
            self.last = now
        return steps

    def to_json(self) -> dict[str, Any]:
        """Everything, for a snapshot."""
        return {"step": self.step, "last": None if math.isnan(self.last) else self.last}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Clock:
        """The same from :meth:`to_json`."""
        made = cls(data["step"])
        made.last = math.nan if data["last"] is None else data["last"]
        return made


def seconds(time: Any) -> float:
    """A time stamp as a number: numbers as they are, dates (ISO 8601) as seconds since 1970.

    >>> seconds("1970-01-02"), seconds("7"), seconds("1970-01-01T00:00:10Z")
    (86400.0, 7.0, 10.0)
    """
    try:
        number = float(time)
    except (TypeError, ValueError):
        number = math.nan
        try:
            text = str(time).strip()
            found = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
            number = (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
        except ValueError:
            pass
    if not math.isfinite(number):
        raise DataError(f"the time {time!r} is neither a number nor a date such as 2024-01-31T12:00")
    return number
