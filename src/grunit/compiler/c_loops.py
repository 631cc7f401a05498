"""Loops along one row as C: pointwise blocks, parts of concatenations, reductions."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.c_kernels import CLAMPS, CONSTANTS, Kernel, Kernels, Sum
from grunit.compiler.c_ops import COMPARISONS, POINTWISE, number, power_of
from grunit.compiler.c_views import SMALL, View, has_rows, row_shape, rows_axis, steps_of, volume
from grunit.compiler.trace import UncompilableError

aten = torch.ops.aten
LOGIC = {
    aten.logical_and.default,
    aten.logical_or.default,
    aten.logical_not.default,
    aten.bitwise_and.Tensor,
    aten.bitwise_or.Tensor,
    aten.bitwise_not.default,
}


class RowLoops:
    """Writes the loops along a row; where values lie in memory is known to :class:`~grunit.compiler.c_emit.Walk`."""

    k: Kernels
    added: dict[Node, str]
    home: dict[Node, tuple[str, str]]
    extra: dict[Node, list[str]]
    sum_sizes: list[tuple[Sum, int]]

    def label(self, node: Node) -> str:
        """The C name of a value."""
        raise NotImplementedError

    def slot(self, name: str) -> str:
        """An argument of the function."""
        raise NotImplementedError

    def pointer(self, base: Node) -> str:
        """The pointer to the row of a value in memory."""
        raise NotImplementedError

    def _address(self, view: View, shape: tuple[int, ...], flat: bool) -> tuple[str, int]:
        """Index of the current element, and the distance between lanes."""
        if flat:
            inner = 1 if volume(view.shape) == volume(shape) and volume(shape) > 1 else 0
            return f"{view.offset}" + (" + u" if inner else ""), inner
        strides = [0] * (len(shape) - len(view.shape)) + [
            0 if size == 1 else stride for size, stride in zip(view.shape, view.strides)
        ]
        terms = [str(view.offset)] if view.offset else []
        for dim, stride in enumerate(strides[:-1]):
            if stride:
                terms.append(f"i{dim} * {stride}")
        inner = strides[-1] if strides else 0
        if inner:
            terms.append("u" if inner == 1 else f"u * {inner}")
        return " + ".join(terms) or "0", inner

    def _load(self, node: Node, shape: tuple[int, ...], flat: bool, local: set[Node], user: Node) -> str:
        """A value as ``user`` reads it in a loop over ``shape``."""
        if constant_of(node) is not None:
            kind = "all" if node.meta["val"].dtype == torch.bool else "splat"
            return f"{kind}({number(constant_of(node))})"
        view = self.k.read(node) if has_rows(node) else _parameter_view(node, user)
        if view.base in local and view.plain and view.shape == shape:
            return self.label(view.base)
        return self._load_view(view, shape, flat)

    def _load_view(self, view: View, shape: tuple[int, ...], flat: bool = False) -> str:
        index, inner = self._address(view, shape, flat)
        pointer = self.pointer(view.base)
        if is_mask(view.base):
            return f"load_mask({pointer} + {index}, {inner}, m)"

        def read(at: str) -> str:
            return f"splat(*({at}))" if inner == 0 else f"load({at}, m)" if inner == 1 else f"gather({at}, {inner}, m)"

        text = read(f"{pointer} + {index}")
        if view.base in self.added:
            stem = self.added[view.base]
            arriving = f"{self.slot(stem)} + t * {self.slot(stem + '_t')} + r * {self.slot(stem + '_b')} + {index}"
            text = f"({text} + {read(arriving)})"
        return text

    def _write(self, node: Node, pointer: str, view: View, shape: tuple[int, ...], flat: bool, text: str) -> str:
        """Write ``text``, a value of a loop over ``shape``, to a view of the memory at ``pointer``."""
        index, inner = self._address(view, shape, flat)
        inner = inner or 1  # a single lane
        if is_mask(node):
            return f"store_mask({pointer} + {index}, {inner}, m, {text});"
        if inner == 1:
            return f"store({pointer} + {index}, m, {text});"
        return f"scatter({pointer} + {index}, {inner}, m, {text});"

    def _operand(
        self, value: Any, shape: tuple[int, ...], flat: bool, local: set[Node], loaded: dict[str, str], user: Node
    ) -> str:
        if isinstance(value, (bool, int, float)):
            return f"splat({number(value)})"
        if not isinstance(value, Node):
            raise UncompilableError(f"the C backend cannot read {value!r}")
        text = self._load(value, shape, flat, local, user)
        if text.isidentifier() or text.startswith(("splat(((real)", "all(")):
            return text
        if text not in loaded:
            loaded[text] = f"in{len(loaded)}"
        return loaded[text]

    def _expression(self, node: Node, operand: Any) -> str:
        args: Any = node.args
        target = node.target
        if target in CONSTANTS:
            value = constant_of(node)
            if value is None:
                raise UncompilableError(f"the C backend cannot write {node.format_node()}")
            return f"{'all' if is_mask(node) else 'splat'}({number(value)})"
        if target in CLAMPS:
            low, high = [*args[1:], node.kwargs.get("min"), node.kwargs.get("max")][:2]
            if target is aten.clamp_max.default:
                low, high = None, args[1]
            text = operand(args[0])
            text = text if low is None else f"larger({text}, {operand(low)})"
            return text if high is None else f"smaller({text}, {operand(high)})"
        if target is aten.pow.Tensor_Scalar:
            return power_of(operand(args[0]), args[1])
        if target is aten._to_copy.default:
            if is_mask(node) and not is_mask(args[0]):
                return f"({operand(args[0])} != splat(0))"
            return f"rounded({operand(args[0])})" if node.meta["val"].dtype in SMALL else operand(args[0])
        if target is aten.where.self and is_mask(node):
            return "(({0} & {1}) | (~{0} & {2}))".format(*(operand(value) for value in args))
        values = [operand(value) for value in args]
        if node.kwargs:
            if set(node.kwargs) != {"alpha"}:
                raise UncompilableError(f"the C backend does not know {node.target} with {dict(node.kwargs)}")
            values[1] = f"(splat({number(node.kwargs['alpha'])}) * {values[1]})"
        return (POINTWISE.get(target) or COMPARISONS[target])(*values)

    def _loop(self, kernel: Kernel) -> list[str]:
        shape = kernel.shape
        local: set[Node] = set()
        views = [self.k.read(n) for node in kernel.nodes for n in node.all_input_nodes if has_rows(n)]
        views += [self.k.read(total.source) for total in kernel.sums]
        targets = [v for n in kernel.nodes for v in self.k.parts.get(n, [])]
        size = volume(shape)
        weights = [row_shape(n) for node in kernel.nodes for n in node.all_input_nodes if not has_rows(n)]
        flat = all(
            (v.strides == steps_of(v.shape) and v.shape == shape) or volume(v.shape) == 1 for v in (*views, *targets)
        ) and all(volume(s) in (1, size) for s in weights)
        loaded: dict[str, str] = {}
        body: list[str] = []
        after: list[str] = []

        def operand(node: Node, value: Any) -> str:
            text = self._operand(value, shape, flat, local, loaded, node)
            if not (isinstance(value, Node) and is_mask(value)):
                return text
            logic = (node.target is aten.where.self and value is node.args[0]) or (
                is_mask(node) and node.target in (*LOGIC, aten.where.self, aten._to_copy.default)
            )
            return text if logic else f"choose({text}, splat(1), splat(0))"

        for node in kernel.nodes:
            text = self._expression(node, lambda value, node=node: operand(node, value))
            body.append(f"{'mask' if is_mask(node) else 'vec'} {self.label(node)} = {text};")
            local.add(node)
            own = View(node, 0, row_shape(node), steps_of(row_shape(node)))
            places = [(self.pointer(node), own)] if node in self.k.buffers else []
            places += [(pointer, own) for pointer in self.extra.get(node, [])]
            places += [(self.pointer(target.base), target) for target in self.k.parts.get(node, [])]
            after += [self._write(node, pointer, view, shape, flat, self.label(node)) for pointer, view in places]
        for total in kernel.sums:
            text = operand(total.node, total.source)
            at = f"{self._sum_pointer(total)} + {'u' if flat else self._flat_index(shape)}"
            after.append(f"store({at}, m, load({at}, m) + {text});")
        reads = [
            f"vec {name} = {text};" if "load_mask" not in text else f"mask {name} = {text};"
            for text, name in loaded.items()
        ]
        return self._around(shape, flat, [*reads, *body, *after])

    def _flat_index(self, shape: tuple[int, ...]) -> str:
        strides = steps_of(shape)
        return " + ".join([*(f"i{d} * {s}" for d, s in enumerate(strides[:-1])), "u"])

    def _sum_pointer(self, total: Sum) -> str:
        offset = 0
        for other, size in self.sum_sizes:
            if other is total:
                break
            offset += size
        self.slot("sums")
        return f"(sums_of_step + {offset})"

    def _running_sum(self, node: Node) -> list[str]:
        args: Any = node.args
        source, rows = self.k.read(args[0]), rows_axis(args[0])
        dim = args[1] % args[0].meta["val"].dim()
        if dim == rows or rows is None or is_mask(args[0]):
            raise UncompilableError(f"the C backend has no running sum like {node.name}")
        dim -= dim > rows
        shape, steps = source.shape, steps_of(source.shape)
        lines = [f"for (int64_t i{d} = 0; i{d} < {size}; i{d}++)" for d, size in enumerate(shape) if d != dim]
        at, to = (" + ".join(f"i{d} * {step}" for d, step in enumerate(s)) for s in (source.strides, steps))
        lines.append(f"{{ real total = 0; for (int64_t i{dim} = 0; i{dim} < {shape[dim]}; i{dim}++)")
        read, write = f"({self.pointer(source.base)})[{source.offset} + {at}]", f"({self.pointer(node)})[{to}]"
        return [*lines, f"    {write} = total += {read}; }}"]

    def _around(self, shape: tuple[int, ...], flat: bool, body: list[str]) -> list[str]:
        width = volume(shape) if flat or not shape else shape[-1]
        lines, indent = [], ""
        for dim, size in enumerate([] if flat else shape[:-1]):
            lines.append(f"{indent}for (int64_t i{dim} = 0; i{dim} < {size}; i{dim}++)")
            indent += "    "
        lines.append(f"{indent}for (int64_t u = 0; u < {width}; u += VL) {{")
        lines.append(f"{indent}    const int64_t m = {width} % VL == 0 ? VL : {width} - u;")
        lines += [f"{indent}    {line}" for line in body]
        lines.append(f"{indent}}}")
        return lines

    def _copy(self, kernel: Kernel) -> list[str]:
        (node,) = kernel.nodes
        assert kernel.target is not None
        assert kernel.source is not None
        if constant_of(node) is not None:
            text = self._load(node, kernel.shape, False, set(), node)
        else:
            text = self._load_view(kernel.source, kernel.shape)
        pointer = self.pointer(kernel.target.base)
        line = self._write(node, pointer, kernel.target, kernel.shape, False, text)
        return self._around(kernel.shape, False, [line])

    def _reduction(self, kernel: Kernel) -> list[str]:
        (node,) = kernel.nodes
        args: Any = node.args
        source = args[0]
        if node.target is aten.cumsum.default:
            return self._running_sum(node)
        kinds = {
            aten.sum.dim_IntList: ("add_lanes", "0", "{} + {}"),
            aten.mean.dim: ("add_lanes", "0", "{} + {}"),
            aten.amax.default: ("max_lanes", "-INFINITY", "larger({}, {})"),
            aten.amin.default: ("min_lanes", "INFINITY", "smaller({}, {})"),
        }
        target: Any = node.target
        lanes, start, combine = kinds[target]
        view = self.k.read(source)
        dims, rows = source.meta["val"].dim(), rows_axis(source)
        axes = sorted(d % dims for d in (args[1] if len(args) > 1 and args[1] else range(dims)))
        if rows is None or rows in axes:
            raise UncompilableError(f"{node.name} reduces over the rows of the batch")
        gone = [d - (d > rows) for d in axes]
        shape, kept = view.shape, [d for d in range(len(view.shape)) if d not in gone]
        out_strides = steps_of(tuple(shape[d] for d in kept))
        scale = f" * splat((real)1 / {volume([shape[d] for d in gone])})" if node.target is aten.mean.dim else ""
        pointer = self.pointer(node)
        lines, inner = [], len(shape) - 1
        outer = [d for d in kept if d != inner]
        indent = ""
        for d in outer:
            lines.append(f"{indent}for (int64_t i{d} = 0; i{d} < {shape[d]}; i{d}++)")
            indent += "    "
        at = " + ".join([f"i{d} * {out_strides[kept.index(d)]}" for d in outer]) or "0"
        loops = [f"for (int64_t i{d} = 0; i{d} < {shape[d]}; i{d}++)" for d in gone if d != inner]
        load = self._load(source, shape, False, set(), node)
        if is_mask(source):
            load = f"choose({load}, splat(1), splat(0))"
        width = shape[inner]
        along = [
            f"for (int64_t u = 0; u < {width}; u += VL) {{",
            f"    const int64_t m = {width} % VL == 0 ? VL : {width} - u;",
        ]
        if inner in gone:
            value = load if start == "0" and load.startswith(("load(", "gather(")) else f"keep({load}, m, {start})"
            lines.append(f"{indent}{{ vec total = splat({start});")
            lines += [f"{indent}{line}" for line in (*loops, *along)]
            lines.append(f"{indent}    total = {combine.format('total', value)};")
            lines.append(f"{indent}}}")
            result = f"{lanes}(total){scale.replace('splat', '')}"
            lines.append(f"{indent}({pointer})[{at}] = {result}; }}")
        else:
            lines += [f"{indent}{line}" for line in along]
            lines.append(f"{indent}    vec total = splat({start});")
            lines += [f"{indent}    {line}" for line in loops]
            lines.append(f"{indent}    total = {combine.format('total', load)};")
            lines.append(f"{indent}    store({pointer} + {at} + u, m, total{scale});")
            lines.append(f"{indent}}}")
        return lines


def is_mask(node: Node) -> bool:
    """Whether a value is true or false."""
    return node.meta["val"].dtype == torch.bool


def constant_of(node: Node) -> bool | int | float | None:
    """The number that a constant is full of; None if it is no plain number, or the value no constant."""
    if node.target not in CONSTANTS:
        return None
    args: Any = node.args
    value = args[0] if node.target is aten.scalar_tensor.default else args[1]
    return value if isinstance(value, (bool, int, float)) else None


def _parameter_view(node: Node, user: Node) -> View:
    """A value without rows, read against the rows of ``user``: an axis of size 1 may stand where those are."""
    shape, rows = list(row_shape(node)), rows_axis(user)
    if rows is not None:
        at = rows - (user.meta["val"].dim() - len(shape))
        if 0 <= at < len(shape):
            if shape[at] != 1:
                raise UncompilableError(f"{node.name} of shape {tuple(shape)} does not line up with the rows")
            del shape[at]
    return View(node, 0, tuple(shape), steps_of(tuple(shape)))
