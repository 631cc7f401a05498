"""Where a value of a step lies in memory: slices, transposes and expansions are other ways to read, never work."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.simplify import has_rows, is_size
from grunit.compiler.trace import UncompilableError

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
}


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


def row_shape(node: Node) -> tuple[int, ...]:
    """The shape of one row of a value, or the whole shape of a value without rows."""
    shape = node.meta["val"].shape
    sizes = tuple(shape[1:]) if has_rows(node) else tuple(shape)
    if not all(isinstance(size, int) for size in sizes):
        raise UncompilableError(f"{node.name} has the batch in its shape {tuple(shape)} other than first")
    return sizes


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
        UncompilableError: the op moves rows, or needs a copy.
    """
    args: Any = node.args
    source = views.get(args[0]) or whole(args[0])
    target, shape = node.target, row_shape(node)
    offset, sizes, strides = source.offset, list(source.shape), list(source.strides)
    dims = args[0].meta["val"].dim()

    def row_dim(dim: int) -> int:
        at = dim % dims - 1
        if at < 0:
            raise UncompilableError(f"{node.name} moves the rows of the batch")
        return at

    if target in (aten.alias.default, aten.clone.default, aten.detach.default):
        pass
    elif target is aten.slice.Tensor:
        at, step = row_dim(args[1] if len(args) > 1 else 0), args[4] if len(args) > 4 else 1
        start = args[2] if len(args) > 2 and args[2] is not None else 0
        start = max(0, start + sizes[at] if start < 0 else min(start, sizes[at]))
        offset += start * strides[at]
        strides[at] *= step
    elif target is aten.select.int:
        at = row_dim(args[1])
        offset += (args[2] % sizes[at]) * strides[at]
        del strides[at]
    elif target is aten.unsqueeze.default:
        at = args[1] % (dims + 1) - 1
        if at < 0:
            raise UncompilableError(f"{node.name} moves the rows of the batch")
        strides.insert(at, 0)
    elif target in (aten.squeeze.dim, aten.squeeze.dims):
        gone = {row_dim(d) for d in (args[1] if isinstance(args[1], (list, tuple)) else [args[1]])}
        strides = [s for i, s in enumerate(strides) if i not in gone or sizes[i] != 1]
    elif target is aten.expand.default:
        if len(node.meta["val"].shape) != dims:
            raise UncompilableError(f"{node.name} adds a dimension before the rows")
        strides = [0 if now != was else s for now, was, s in zip(shape, sizes, strides)]
    elif target is aten.permute.default:
        if args[1][0] % dims != 0:
            raise UncompilableError(f"{node.name} moves the rows of the batch")
        strides = [strides[row_dim(d)] for d in args[1][1:]]
    elif target in (aten.view.default, aten.reshape.default):
        strides = _reshape(tuple(sizes), strides, shape, node)
    return View(source.base, offset, shape, tuple(strides))


def _reshape(sizes: tuple[int, ...], strides: list[int], shape: tuple[int, ...], node: Node) -> list[int]:
    used = [(n, s) for n, s in zip(sizes, strides) if n != 1]
    in_order = all(a[1] == b[0] * b[1] for a, b in itertools.pairwise(used))
    if not in_order:
        raise UncompilableError(f"{node.name} reshapes a value that does not lie in order")
    innermost = used[-1][1] if used else 1
    return [step * innermost for step in steps_of(shape)]


def whole(node: Node) -> View:
    """A value read as it is."""
    shape = row_shape(node)
    return View(node, 0, shape, steps_of(shape))


def is_move(node: Node) -> bool:
    """Whether a node only says how to read another."""
    return node.target in MOVES and not is_size(node) and has_rows(node)
