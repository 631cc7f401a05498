"""Loops along one row as C: pointwise blocks, parts of concatenations, reductions."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.c_kernels import CLAMPS, CONSTANTS, Kernel, Kernels, Sum
from grunit.compiler.c_ops import COMPARISONS, POINTWISE, number, power_of
from grunit.compiler.c_views import View, row_shape, steps_of, volume
from grunit.compiler.simplify import has_rows
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

    def _load(self, node: Node, shape: tuple[int, ...], flat: bool, local: set[Node]) -> str:
        if node.target in CONSTANTS:
            args: Any = node.args
            value = args[0] if node.target is aten.scalar_tensor.default else args[1]
            if isinstance(value, (bool, int, float)):
                kind = "all" if node.meta["val"].dtype == torch.bool else "splat"
                return f"{kind}({number(value)})"
        view = self.k.read(node) if has_rows(node) else _parameter_view(node, len(shape))
        if view.base in local and view.plain and view.shape == shape:
            return self.label(view.base)
        if view.base.meta["val"].dtype == torch.bool and view.base in self.home:
            raise UncompilableError(f"{node.name} is a mask that would have to lie in memory")
        index, inner = self._address(view, shape, flat)
        pointer = self.pointer(view.base)
        if view.base.meta["val"].dtype == torch.bool:
            return f"load_mask({pointer} + {index}, {inner}, m)"
        text = (
            f"splat(({pointer})[{index}])"
            if inner == 0
            else f"load({pointer} + {index}, m)"
            if inner == 1
            else f"gather({pointer} + {index}, {inner}, m)"
        )
        if view.base in self.added:
            stem = self.added[view.base]
            arriving = f"{self.slot(stem)} + t * {self.slot(stem + '_t')} + r * {self.slot(stem + '_b')} + {index}"
            text = f"({text} + " + (f"splat(*({arriving}))" if inner == 0 else f"load({arriving}, m)") + ")"
        return text

    def _operand(self, value: Any, shape: tuple[int, ...], flat: bool, local: set[Node], loaded: dict) -> str:
        if isinstance(value, (bool, int, float)):
            return f"splat({number(value)})"
        if not isinstance(value, Node):
            raise UncompilableError(f"the C backend cannot read {value!r}")
        text = self._load(value, shape, flat, local)
        if text.isidentifier() or text.startswith(("splat(((real)", "all(")):
            return text
        if text not in loaded:
            loaded[text] = f"in{len(loaded)}"
        return loaded[text]

    def _expression(self, node: Node, operand: Any) -> str:
        args: Any = node.args
        target = node.target
        if target in CONSTANTS:
            raise UncompilableError(f"the C backend cannot write {node.format_node()}")
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
            return operand(args[0])
        values = [operand(value) for value in args]
        if node.kwargs:
            if set(node.kwargs) != {"alpha"}:
                raise UncompilableError(f"the C backend does not know {node.target} with {dict(node.kwargs)}")
            values[1] = f"(splat({number(node.kwargs['alpha'])}) * {values[1]})"
        return (POINTWISE.get(target) or COMPARISONS[target])(*values)

    def _loop(self, kernel: Kernel) -> list[str]:
        shape = kernel.shape or (1,)
        local: set[Node] = set()
        views = [self.k.read(n) for node in kernel.nodes for n in node.all_input_nodes if has_rows(n)]
        targets = [v for n in kernel.nodes for v in self.k.parts.get(n, [])]
        size = volume(shape)
        weights = [row_shape(n) for node in kernel.nodes for n in node.all_input_nodes if not has_rows(n)]
        flat = all(
            (v.strides == steps_of(v.shape) and v.shape == kernel.shape) or volume(v.shape) == 1
            for v in (*views, *targets)
        ) and all(volume(s) in (1, size) for s in weights)
        made = set(kernel.nodes)
        loaded: dict[str, str] = {}
        body: list[str] = []
        after: list[str] = []
        is_mask = {n: n.meta["val"].dtype == torch.bool for n in kernel.nodes}

        def operand(value: Any, mask_wanted: bool = False) -> str:
            text = self._operand(value, shape if not flat else kernel.shape or (1,), flat, local, loaded)
            if isinstance(value, Node) and value.meta["val"].dtype == torch.bool and not mask_wanted:
                return f"choose({text}, splat(1), splat(0))"
            return text

        def read(node: Node, value: Any) -> str:
            logic = node.target is aten.where.self and value is node.args[0]
            return operand(value, logic or node.target in LOGIC)

        def put(node: Node, pointer: str, view: View) -> str:
            index, inner = self._address(view, kernel.shape or (1,), flat)
            if inner == 1 or size == 1:
                return f"store({pointer} + {index}, m, {self.label(node)});"
            return f"scatter({pointer} + {index}, {inner}, m, {self.label(node)});"

        for node in kernel.nodes:
            text = self._expression(node, lambda value, node=node: read(node, value))
            body.append(f"{'mask' if is_mask[node] else 'vec'} {self.label(node)} = {text};")
            local.add(node)
            own = View(node, 0, row_shape(node), steps_of(row_shape(node)))
            if node in self.k.buffers:
                after.append(put(node, self.pointer(node), own))
            for pointer in self.extra.get(node, []):
                after.append(put(node, pointer, own))
            for target in self.k.parts.get(node, []):
                after.append(put(node, self.pointer(target.base), target))
        assert made == local
        for total in kernel.sums:
            text = operand(total.source)
            at = f"{self._sum_pointer(total)} + {'u' if flat or len(shape) == 1 else self._flat_index(shape)}"
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
        whole = sum(size for _, size in self.sum_sizes)
        return f"({self.slot('sums')} + thread * {whole} + {offset})"

    def _around(self, shape: tuple[int, ...], flat: bool, body: list[str]) -> list[str]:
        width = volume(shape) if flat else shape[-1]
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
        text = self._load(node, kernel.shape, False, set())
        if node.meta["val"].dtype == torch.bool:
            raise UncompilableError("the C backend joins no masks")
        index, inner = self._address(kernel.target, kernel.shape, False)
        pointer = self.pointer(kernel.target.base)
        size = "1" if inner == 0 else str(inner)
        line = (
            f"store({pointer} + {index}, m, {text});"
            if inner <= 1
            else f"scatter({pointer} + {index}, {size}, m, {text});"
        )
        return self._around(kernel.shape, False, [line])

    def _reduction(self, kernel: Kernel) -> list[str]:
        (node,) = kernel.nodes
        args: Any = node.args
        source = args[0]
        kinds = {
            aten.sum.dim_IntList: ("add_lanes", "0", "{} + {}"),
            aten.mean.dim: ("add_lanes", "0", "{} + {}"),
            aten.amax.default: ("max_lanes", "-INFINITY", "larger({}, {})"),
            aten.amin.default: ("min_lanes", "INFINITY", "smaller({}, {})"),
        }
        if node.target not in kinds:
            raise UncompilableError(f"the C backend has no {node.target}")
        lanes, start, combine = kinds[node.target]
        view = self.k.read(source)
        dims = source.meta["val"].dim()
        gone = sorted(d % dims - 1 for d in (args[1] if len(args) > 1 and args[1] else range(dims)))
        if gone and gone[0] < 0:
            raise UncompilableError(f"{node.name} reduces over the rows of the batch")
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
        load = self._load(source, shape, False, set())
        width = shape[inner]
        along = [
            f"for (int64_t u = 0; u < {width}; u += VL) {{",
            f"    const int64_t m = {width} % VL == 0 ? VL : {width} - u;",
        ]
        if inner in gone:
            value = load if start == "0" and "splat" not in load else f"keep({load}, m, {start})"
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


def _parameter_view(node: Node, dims: int) -> View:
    """A value without rows, read against a row: a leading 1 stands for the rows."""
    shape = row_shape(node)
    if len(shape) == dims + 1:
        if shape[0] != 1:
            raise UncompilableError(f"{node.name} of shape {shape} does not line up with a row")
        shape = shape[1:]
    return View(node, 0, shape, steps_of(shape))
