"""Where a value of a step lies in memory: slices, transposes and expansions are other ways to read, never work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.simplify import is_size
from grunit.compiler.trace import UncompilableError
from grunit.compiler.values import ROWS, Value

aten = torch.ops.aten

MOVES = {
    aten.slice.Tensor,
    aten.select.int,
    aten.unsqueeze.default,
    aten.squeeze.dim,
    aten.squeeze.dims,
    aten.expand.default,
    aten.view.default,
    aten.reshape.default,
    aten.permute.default,
    aten.alias.default,
    aten.clone.default,
    aten.detach.default,
    aten.flip.default,
}

# Values of these are held as `real`, rounded where the step rounds them.
SMALL = {torch.bfloat16}


class OutOfOrderError(Exception):
    """A reshape that has no window on its source: the source must be laid out in order first."""

    def __init__(self, source: Node):
        self.source = source


@dataclass(frozen=True)
class View:
    """A value as a window on the row of another: which, from where, and how far apart neighbours are."""

    base: Node
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def plain(self) -> bool:
        """Whether it reads the whole row in order."""
        return self.offset == 0 and self.strides == steps_of(self.shape) and self.shape == row_shape(self.base)


def rows_axis(node: Node) -> int | None:
    """Which axis of a value counts the rows of the batch; None for a value without rows.

    Raises:
        UncompilableError: there are several, or several rows a sequence.
    """
    shape = getattr(node.meta.get("val"), "shape", ())
    axes = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    if not axes:
        return None
    if len(axes) > 1 or shape[axes[0]] != ROWS:
        raise UncompilableError(f"{node.name} of shape {tuple(shape)} has other than one row a sequence")
    return axes[0]


def has_rows(node: Node) -> bool:
    """Whether a value has a row for each sequence of the batch, along whichever axis."""
    return isinstance(node.meta.get("val"), Value) and rows_axis(node) is not None


def row_shape(node: Node) -> tuple[int, ...]:
    """The shape of one row of a value, or the whole shape of a value without rows."""
    axis = rows_axis(node)
    return tuple(size for i, size in enumerate(node.meta["val"].shape) if i != axis)


def volume(shape: Sequence[int]) -> int:
    """How many numbers a row of this shape holds."""
    return math.prod(shape)


def steps_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a row laid out in order."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def view_of(node: Node, views: dict[Node, View]) -> View:
    """The view that a bookkeeping op makes, given the views made so far.

    Raises:
        UncompilableError: the op takes rows apart or mixes them.
        OutOfOrderError: the op reshapes what does not lie in order.
    """
    args: Any = node.args
    source = views.get(args[0]) or whole(args[0])
    target, shape = node.target, row_shape(node)
    offset, sizes, strides = source.offset, list(source.shape), list(source.strides)
    dims = args[0].meta["val"].dim()
    rows, new_rows = rows_axis(args[0]), rows_axis(node)
    assert new_rows is not None
    if rows is None and target is not aten.expand.default:
        raise UncompilableError(f"{node.name} makes rows of a value without rows")

    def row_dim(dim: int) -> int:
        at = dim % dims
        if at == rows:
            raise UncompilableError(f"{node.name} takes the rows of the batch apart")
        return at - (rows is not None and at > rows)

    if target is aten.slice.Tensor:
        if args[0].meta["val"].shape != node.meta["val"].shape:
            at, step = row_dim(args[1] if len(args) > 1 else 0), args[4] if len(args) > 4 else 1
            start = args[2] if len(args) > 2 and args[2] is not None else 0
            start = max(0, start + sizes[at] if start < 0 else min(start, sizes[at]))
            offset += start * strides[at]
            strides[at] *= step
    elif target is aten.flip.default:
        for at in (row_dim(d) for d in args[1]):
            offset += (sizes[at] - 1) * strides[at]
            strides[at] = -strides[at]
    elif target is aten.select.int:
        at = row_dim(args[1])
        offset += (args[2] % sizes[at]) * strides[at]
        del strides[at]
    elif target is aten.unsqueeze.default:
        at = args[1] % (dims + 1)
        strides.insert(at - (new_rows < at), 0)
    elif target in (aten.squeeze.dim, aten.squeeze.dims):
        wanted = {d % dims for d in (args[1] if isinstance(args[1], (list, tuple)) else [args[1]])} - {rows}
        gone = {row_dim(d) for d in wanted}
        strides = [s for i, s in enumerate(strides) if i not in gone or sizes[i] != 1]
    elif target is aten.expand.default:
        if rows is None:  # an axis of size 1 may stand where the rows will be
            at = new_rows - (node.meta["val"].dim() - dims)
            if at >= 0:
                del sizes[at], strides[at]
        strides = [0] * (len(shape) - len(sizes)) + [
            0 if now != was else s for now, was, s in zip(shape[len(shape) - len(sizes) :], sizes, strides)
        ]
    elif target is aten.permute.default:
        strides = [strides[row_dim(d)] for d in args[1] if d % dims != rows]
    elif target in (aten.view.default, aten.reshape.default):
        assert rows is not None
        if volume(sizes[:rows]) != volume(shape[:new_rows]):
            raise UncompilableError(f"{node.name} mixes the rows of the batch with features")
        before = reshaped(sizes[:rows], strides[:rows], shape[:new_rows])
        after = reshaped(sizes[rows:], strides[rows:], shape[new_rows:])
        if before is None or after is None:
            raise OutOfOrderError(args[0])
        strides = before + after
    return View(source.base, offset, shape, tuple(strides))


def reshaped(sizes: Sequence[int], strides: Sequence[int], shape: Sequence[int]) -> list[int] | None:
    """Strides that read a window of ``sizes`` and ``strides`` in another shape, or None if there are none.

    >>> reshaped((2, 6), (6, 1), (2, 3, 2)), reshaped((2, 6), (12, 1), (2, 2, 3)), reshaped((2, 6), (1, 2), (12,))
    ([6, 2, 1], [12, 3, 1], None)
    """
    old = [(size, stride) for size, stride in zip(sizes, strides) if size != 1]
    result = [0] * len(shape)
    at = len(shape) - 1
    while old:
        size, base = old.pop()
        while old and old[-1][1] == size * base:  # lies in order with what is left of it
            size *= old.pop()[0]
        filled = 1
        while at >= 0 and filled < size:
            result[at] = filled * base
            filled *= shape[at]
            at -= 1
        if filled != size:
            return None
    return result if all(size == 1 for size in shape[: at + 1]) else None


def whole(node: Node) -> View:
    """A value read as it is."""
    shape = row_shape(node)
    return View(node, 0, shape, steps_of(shape))


def is_move(node: Node) -> bool:
    """Whether a node only says how to read another."""
    if node.target is aten._to_copy.default:  # back from a smaller dtype that values were rounded to
        (source,) = node.args
        assert isinstance(source, Node)
        return source.meta["val"].dtype in SMALL and has_rows(node)
    return node.target in MOVES and not is_size(node) and has_rows(node)
