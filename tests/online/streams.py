"""Streams that tests share."""

from __future__ import annotations

import math

import numpy as np


def rows(count: int, seed: int = 0) -> list[tuple[dict[str, float], float]]:
    """Rows of two features, and a target that is a plain function of them with a little noise."""
    rng = np.random.default_rng(seed)
    found = []
    for a, b, noise in rng.standard_normal((count, 3)):
        found.append(({"a": float(a), "b": float(b)}, float(3 * a - b + 0.1 * noise + 10)))
    return found


def wave(count: int, seed: int = 0) -> list[float]:
    """A noisy wave of 12 steps a season."""
    rng = np.random.default_rng(seed)
    return [5 + 3 * math.sin(t * math.pi / 6) + 0.2 * float(rng.standard_normal()) for t in range(count)]
