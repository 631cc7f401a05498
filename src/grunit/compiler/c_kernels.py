"""Divide the nodes of a loop into kernels: products over all rows, and loops along one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.c_ops import COMPARISONS, POINTWISE
from grunit.compiler.c_views import (
    MOVES,
    SMALL,
    OutOfOrderError,
    View,
    has_rows,
    is_move,
    row_shape,
    rows_axis,
    steps_of,
    view_of,
    whole,
)
from grunit.compiler.schedule import PRODUCTS
from grunit.compiler.trace import UncompilableError

aten = torch.ops.aten
CLAMPS = {aten.clamp.default, aten.clamp_min.default, aten.clamp_max.default}
EXTRA = {*CLAMPS, aten.pow.Tensor_Scalar, aten._to_copy.default}
CONSTANTS = {aten.scalar_tensor.default, aten.full.default, aten.full_like.default}
REDUCTIONS = {aten.sum.dim_IntList, aten.mean.dim, aten.amax.default, aten.amin.default, aten.cumsum.default}
# Whole numbers are held as `real`, which is exact for the counts that these make.
COUNTS = {*CONSTANTS, aten.sum.dim_IntList, aten._to_copy.default, aten.where.self}


@dataclass(frozen=True)
class Sum:
    """A sum over all rows and steps of a value of the loop, kept as one running row a thread."""

    node: Node
    source: Node


@dataclass
class Kernel:
    """Work of one kind at one level; everything it reads is made at lower levels or inside it."""

    kind: str
    """``"product"``, ``"reduction"``, ``"copy"`` (a part of a concatenation) or ``"loop"``."""
    level: int
    shape: tuple[int, ...]
    nodes: list[Node] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    source: View | None = None
    target: View | None = None


class Kernels:
    """The kernels of one loop.

    Attributes:
        views: for each bookkeeping node, where to read it.
        parts: for each node written straight into concatenations, the places.
        buffers: nodes that must lie in memory.
        kernels: in the order to run them.
    """

    def __init__(self, nodes: Iterable[Node], sums: Sequence[Sum], stored: set[Node], dtype: torch.dtype):
        # A number is written where it is read, unless it must lie in memory.
        in_memory = PRODUCTS | REDUCTIONS | MOVES
        self.nodes = [n for n in nodes if n.target not in CONSTANTS or any(u.target in in_memory for u in n.users)]
        self.inside = set(self.nodes)
        self.sums, self.stored = list(sums), stored
        self.views: dict[Node, View] = {}
        self.parts: dict[Node, list[View]] = {}
        self.copies: list[tuple[Node, View, View]] = []
        """What is copied rather than written in place: the value, where to read it, where to write it."""
        self.laid_out: dict[Node, View] = {}
        """Views that are copied to memory in order, because somebody must read them so."""
        self.addends: dict[Node, tuple[Node, Node]] = {}
        """For each sum ``x + a @ m`` done by the product itself: the product and x."""
        self._check(dtype)
        self._join_sums()
        self.level: dict[Node, int] = {}
        self._place()
        self._sink()
        self.kernels = self._group()
        self.buffers = self._buffers()

    # -- what each node is --

    def kind(self, node: Node) -> str:
        """``"leaf"`` for what comes from outside, else what makes it."""
        if node not in self.inside:
            return "leaf"
        if node in self.views:
            return "view"
        if node in self.laid_out:
            return "cat"
        if node.target in PRODUCTS or node in self.addends:
            return "product"
        if node.target in REDUCTIONS:
            return "reduction"
        return "cat" if node.target is aten.cat.default else "pointwise"

    def read(self, node: Node) -> View:
        """How to read a value."""
        return self.views.get(node) or whole(node)

    def _check(self, dtype: torch.dtype) -> None:
        known = set(POINTWISE) | set(COMPARISONS) | EXTRA | REDUCTIONS | CONSTANTS | {aten.cat.default}
        for node in self.nodes:
            value = node.meta["val"]
            if not has_rows(node):
                raise UncompilableError(f"the C backend has no {node.target}")
            if is_move(node):
                self._read_as_view(node)
            elif node.target is aten.mm.default:
                factor = self.factors(node)[0]
                view = self.read(factor)
                in_order = view.strides == (1,) or view.shape == (1,)
                if len(view.shape) != 1 or not in_order or view.shape != row_shape(factor):
                    self._lay_out(factor)
            elif node.target not in known:
                raise UncompilableError(f"the C backend has no {node.target}")
            # Sums and products of masks are masks in PyTorch; here they would be numbers.
            fits = value.dtype == dtype or (value.dtype == torch.bool and node.target not in POINTWISE)
            fits |= value.dtype in SMALL and (is_move(node) or node.target in (aten.mm.default, aten._to_copy.default))
            fits |= value.dtype in (torch.int64, torch.int32) and node.target in COUNTS and not _truncates(node)
            if not fits:
                raise UncompilableError(f"{node.name} is {value.dtype} in a step of {dtype}")

    def _read_as_view(self, node: Node) -> None:
        try:
            self.views[node] = view_of(node, self.views)
        except OutOfOrderError as error:
            self._lay_out(error.source)
            self.views[node] = view_of(node, self.views)

    def _lay_out(self, node: Node) -> None:
        self.laid_out[node] = self.views.pop(node)

    def factors(self, product: Node) -> tuple[Node, Node]:
        """The factor with rows and the matrix without.

        Raises:
            UncompilableError: it is no product of that kind.
        """
        factor, matrix = product.args
        assert isinstance(factor, Node)
        assert isinstance(matrix, Node)
        if not has_rows(factor) or rows_axis(factor) != 0 or has_rows(matrix):
            raise UncompilableError(f"{product.name} multiplies by a matrix that changes from step to step")
        return factor, matrix

    def _join_sums(self) -> None:
        """A product that is only added to something starts from it instead of from zero."""
        for node in list(self.nodes):
            if node.target is not aten.add.Tensor or node.kwargs:
                continue
            for addend, made in (node.args, node.args[::-1]):
                if not (isinstance(made, Node) and isinstance(addend, Node) and made in self.inside):
                    continue
                made = self._widened(made)
                sole = made.target is aten.mm.default and len(made.users) == 1 and made not in self.stored
                sole = sole and addend is not made and rows_axis(node) == 0
                if sole and self._lies_in_order(addend, row_shape(node)):
                    self.addends[node] = (made, addend)
                    self.nodes.remove(made)
                    self.inside.discard(made)
                    break

    def _widened(self, node: Node) -> Node:
        """The product of rounded factors behind a cast of its result back to the dtype of the step."""
        if node.target is aten._to_copy.default and node in self.views and len(node.users) == 1:
            (source,) = node.args
            assert isinstance(source, Node)
            return source
        return node

    def _lies_in_order(self, node: Node, shape: tuple[int, ...]) -> bool:
        if node.target in CONSTANTS or node.meta["val"].dtype == torch.bool:
            return False
        view = self.read(node)
        if not has_rows(node):
            return view.shape[-1:] == shape and view.shape in (shape, (1, *shape))
        return view.shape == shape and view.strides == (1,)

    # -- when each node runs --

    def _ready(self, node: Node, shape: tuple[int, ...]) -> int:
        """The first level at which a loop of this shape can read a value."""
        return self._ready_view(self.read(node), shape)

    def _ready_view(self, view: View, shape: tuple[int, ...]) -> int:
        made = self.kind(view.base)
        if made == "leaf":
            return 0
        same = made == "pointwise" and view.plain and row_shape(view.base) == shape
        return self.level[view.base] + (0 if same else 1)

    def _place(self) -> None:
        for node in self.nodes:
            made = self.kind(node)
            if made == "view":
                continue
            shape = row_shape(node)
            reads = self.inputs_of(node)
            if made == "pointwise":
                self.level[node] = max((self._ready(n, shape) for n in reads), default=0)
            elif made == "cat":
                self.level[node] = self._place_parts(node)
            else:
                self.level[node] = max((self._ready(n, ()) for n in reads), default=0)

    def _place_parts(self, node: Node) -> int:
        if node in self.laid_out:
            self.copies.append((node, self.laid_out[node], whole(node)))
            return self._ready_view(self.laid_out[node], ())
        args: Any = node.args
        dim, rows = (args[1] if len(args) > 1 else 0) % node.meta["val"].dim(), rows_axis(node)
        if dim == rows or rows is None:
            raise UncompilableError(f"{node.name} joins rows of the batch")
        dim -= dim > rows
        strides, offset, level = steps_of(row_shape(node)), 0, 0
        for part in args[0]:
            shape = row_shape(part)
            target = View(node, offset, shape, strides)
            offset += shape[dim] * strides[dim]
            if self.kind(part) == "pointwise":
                self.parts.setdefault(part, []).append(target)
                level = max(level, self.level[part])
            else:
                self.copies.append((part, self.read(part), target))
                level = max(level, self._ready(part, ()))
        return level

    def _sink(self) -> None:
        """Let a pointwise value wait for the loop that reads it, rather than keep it in memory until then."""
        joined = {made: total for total, (made, _) in self.addends.items()}
        for node in reversed(self.nodes):
            if self.kind(node) != "pointwise" or node in self.parts or node in self.stored:
                continue
            if any(s.source is node for s in self.sums):
                continue
            users = [joined.get(u, u) for u in node.users if joined.get(u, u) in self.inside]
            shape = row_shape(node)
            if users and all(self.kind(u) == "pointwise" and row_shape(u) == shape for u in users):
                self.level[node] = max(self.level[node], min(self.level[u] for u in users))

    def _group(self) -> list[Kernel]:
        loops: dict[tuple[int, tuple[int, ...]], Kernel] = {}
        others: list[Kernel] = []

        def loop(level: int, shape: tuple[int, ...]) -> Kernel:
            return loops.setdefault((level, shape), Kernel("loop", level, shape))

        for node in self.nodes:
            made = self.kind(node)
            if made == "pointwise":
                loop(self.level[node], row_shape(node)).nodes.append(node)
            elif made in ("product", "reduction"):
                others.append(Kernel(made, self.level[node], row_shape(node), [node]))
        for part, source, target in self.copies:
            level = self._ready_view(source, ())
            others.append(Kernel("copy", level, target.shape, [part], source=source, target=target))
        for total in self.sums:
            loop(self._ready(total.source, row_shape(total.source)), row_shape(total.source)).sums.append(total)
        rank = {"copy": 0, "loop": 0, "reduction": 1, "product": 1}
        return sorted([*loops.values(), *others], key=lambda k: (k.level, rank[k.kind]))

    def _buffers(self) -> set[Node]:
        """Values read from memory by someone, so that they must be there."""
        found = {n for n in self.nodes if self.kind(n) in ("product", "reduction", "cat")}
        found |= {base for n in self.stored if self.kind(base := self.read(n).base) == "pointwise" and base is not n}
        for kernel in self.kernels:
            makes = set(kernel.nodes) if kernel.kind == "loop" else set()
            wanted = [self.read(n) for node in kernel.nodes for n in self.reads_of(kernel, node)]
            wanted += [self.read(total.source) for total in kernel.sums]
            wanted = [kernel.source] if kernel.source else wanted
            for view in wanted:
                local = view.base in makes and view.plain and row_shape(view.base) == kernel.shape
                if not local and self.kind(view.base) == "pointwise":
                    found.add(view.base)
        return found

    def inputs_of(self, node: Node) -> list[Node]:
        """The values with rows that a node is computed from."""
        if node in self.addends:
            made, addend = self.addends[node]
            return [n for n in (self.factors(made)[0], addend) if has_rows(n)]
        if node in self.laid_out:
            return [self.laid_out[node].base]
        return [n for n in node.all_input_nodes if has_rows(n)]

    def reads_of(self, kernel: Kernel, node: Node) -> list[Node]:
        """The values with rows that a kernel reads for a node."""
        if kernel.kind == "copy":
            return [node]
        return self.inputs_of(node)


def _truncates(node: Node) -> bool:
    """Whether a cast to whole numbers cuts something off."""
    source = node.args[0] if node.target is aten._to_copy.default else None
    return isinstance(source, Node) and source.meta["val"].is_floating_point()
