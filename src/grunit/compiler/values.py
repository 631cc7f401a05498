"""What the compiler knows of a value before there is one: its shape, with the rows of the batch left open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch


@dataclass(frozen=True)
class Rows:
    """A size that depends on the number of rows ``B``: ``times * B + more``, or else the ``formula`` given.

    >>> Rows(3, 1)
    3*B + 1
    >>> Rows() == ROWS
    True
    """

    times: int = 1
    more: int = 0
    formula: str = ""

    def __repr__(self) -> str:
        if self.formula:
            return self.formula
        text = "B" if self.times == 1 else f"{self.times}*B"
        return text if not self.more else f"{text} {'-' if self.more < 0 else '+'} {abs(self.more)}"


ROWS = Rows()
"""One row a sequence of the batch."""

Size: TypeAlias = "int | Rows"


@dataclass(frozen=True)
class Value:
    """A tensor of a step, described.

    >>> Value((ROWS, 8), torch.float32, torch.device("cpu")).dim()
    2
    """

    shape: tuple[Size, ...]
    dtype: torch.dtype
    device: torch.device

    def dim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def numel(self) -> int:
        """Numbers in it; only for values without rows."""
        return math.prod(size for size in self.shape if isinstance(size, int))

    def is_floating_point(self) -> bool:
        """Whether its numbers are floating-point numbers."""
        return self.dtype.is_floating_point


def broadcast(a: Sequence[Size], b: Sequence[Size]) -> tuple[Size, ...]:
    """The shape of a pointwise operation on two shapes that fit.

    >>> broadcast((ROWS, 1), (4,))
    (B, 4)
    """
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    padded = [1] * (len(longer) - len(shorter)) + list(shorter)
    return tuple(second if first == 1 else first for first, second in zip(longer, padded))
