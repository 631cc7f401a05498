"""Times that can be compared: contenders take turns in one run, and a ratio is formed inside each turn."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

Call = Callable[[], Any]

LEAST_SECONDS = 2e-3
"""What one turn of one contender takes at least: quick calls are repeated within a turn."""
WARM_UP_CALLS, WARM_UP_SECONDS = 2, 0.05


@dataclass(frozen=True)
class Times:
    """Seconds a call of one contender, one number a round.

    >>> times = Times((3.0, 1.0, 2.0))
    >>> times.median, times.least
    (2.0, 1.0)
    """

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of all rounds."""
        return median(self.rounds)

    @property
    def least(self) -> float:
        """The quickest round: what is left when nothing else disturbs."""
        return min(self.rounds)

    @property
    def spread(self) -> float:
        """The middle half of the rounds, as a share of the median."""
        return spread(self.rounds)

    def to_dict(self) -> dict[str, Any]:
        """Numbers for a report, in seconds."""
        return {"median": self.median, "least": self.least, "spread": self.spread, "rounds": len(self.rounds)}


@dataclass(frozen=True)
class Ratio:
    """How many times faster one contender is than another, formed round by round.

    >>> Ratio((2.0, 1.0, 4.0)).median
    2.0
    """

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of all rounds."""
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """The middle half of the rounds, as a share of the median."""
        return spread(self.rounds)


def spread(numbers: tuple[float, ...]) -> float:
    """The distance between the quartiles as a share of the median; 0 for a single number.

    >>> spread((1.0, 1.0, 1.0)), spread((5.0,))
    (0.0, 0.0)
    """
    if len(numbers) < 2:
        return 0.0
    low, _, high = quantiles(numbers, n=4, method="inclusive")
    return (high - low) / median(numbers)


def speedup(times: Mapping[str, Times], ours: str, theirs: str) -> Ratio:
    """How many times faster ``ours`` ran than ``theirs``.

    >>> speedup({"a": Times((1.0, 2.0)), "b": Times((3.0, 6.0))}, "a", "b").median
    3.0
    """
    return Ratio(tuple(b / a for a, b in zip(times[ours].rounds, times[theirs].rounds, strict=True)))


def interleave(calls: Mapping[str, Call], *, seconds: float, least_rounds: int = 3) -> dict[str, Times]:
    """Time contenders in turns.

    Each is warmed up first, which is not counted. Then rounds follow in which each has its turn, every other round in
    the opposite order, so that a machine that grows slower or faster meanwhile does so for all of them.

    Args:
        calls: the contenders by name.
        seconds: stop after the round that ends beyond this time.
        least_rounds: go on at least so long.

    >>> found = interleave({"a": lambda: None, "b": lambda: None}, seconds=0.0, least_rounds=2)
    >>> sorted(found), len(found["a"].rounds)
    (['a', 'b'], 2)
    """
    counts = {name: _warm_up(call) for name, call in calls.items()}
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    with _no_collection():
        begun, done = time.perf_counter(), 0
        while done < least_rounds or time.perf_counter() - begun < seconds:
            for name in order:
                rounds[name].append(_time(calls[name], counts[name]))
            order.reverse()
            done += 1
    return {name: Times(tuple(found)) for name, found in rounds.items()}


def _time(call: Call, count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begun) / count


def _warm_up(call: Call) -> int:
    """Run a contender until it is warm; returns how many calls make one turn."""
    call()
    begun, done, least = time.perf_counter(), 0, float("inf")
    while done < WARM_UP_CALLS or (time.perf_counter() - begun < WARM_UP_SECONDS and done < 1000):
        least = min(least, _time(call, 1))
        done += 1
    return max(1, round(LEAST_SECONDS / max(least, 1e-8)))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from running in somebody's turn, as timeit does."""
    was = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads inside the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
