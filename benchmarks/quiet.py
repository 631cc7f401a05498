"""Measure while nobody else computes: how much of the processor other programs took, and trying again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.settings import Settings, say

Result = TypeVar("Result")

QUIET = 0.1
"""Cores that others may use during a measurement."""
WINDOW = 3.0
TRIES = 4


class Watch:
    """How many cores other programs have used since it was made; None where the system does not say."""

    def __init__(self) -> None:
        self.begun, self.busy, self.own = time.perf_counter(), busy_seconds(), own_seconds()

    def elsewhere(self) -> float | None:
        """Cores in use by others, on average."""
        busy = busy_seconds()
        if busy is None or self.busy is None:
            return None
        others = (busy - self.busy) - (own_seconds() - self.own)
        return max(0.0, others / (time.perf_counter() - self.begun))


def busy_seconds() -> float | None:
    """Processor seconds used by everybody since the machine started, the hypervisor's share among them."""
    try:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *interrupts = map(int, words[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Processor seconds used by this process and its ended children."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def quietly(measure: Callable[[], Result], settings: Settings) -> tuple[Result, float | None]:
    """A measurement during which others used little, and how much they did; else the quietest of a few tries."""
    best: tuple[Result, float | None] | None = None
    for _ in range(TRIES):
        wait_for_quiet(settings.patience)
        watch = Watch()
        result = measure()
        others = watch.elsewhere()
        if best is None or others is None or best[1] is None or others < best[1]:
            best = result, others
        if others is None or others <= QUIET or not settings.patience:
            break
    assert best is not None
    return best


def wait_for_quiet(patience: float) -> None:
    """Sleep until others use little, or patience ends."""
    begun, told = time.perf_counter(), False
    while patience and time.perf_counter() - begun < patience:
        watch = Watch()
        time.sleep(min(WINDOW, patience))
        if (watch.elsewhere() or 0.0) <= QUIET:
            return
        if not told:
            say("  others are computing here: waiting")
            told = True
