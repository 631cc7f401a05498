"""Kernels as C: one function that walks some rows through the whole time loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.c_kernels import CONSTANTS, Kernel, Kernels, Sum
from grunit.compiler.c_ops import COMPARISONS, POINTWISE, number, power_of
from grunit.compiler.c_views import View, row_shape, steps_of
from grunit.compiler.simplify import has_rows
from grunit.compiler.trace import UncompilableError

aten = torch.ops.aten

RESERVED = set(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "return short signed sizeof static struct switch union unsigned void volatile while real whole vec mask splat all "
    "load store gather scatter load_mask choose is_nan absolute sign larger smaller keep power pack product spread job "
    "team a t r u i j first last thread rows scratch exp log sqrt sin cos erf floor ceil pow tanh log2 expm1 log1p "
    "steps begin end gamma j0 j1 jn y0 y1 yn index".split()
)


def safe(name: str) -> str:
    """A name that C accepts and the runtime does not use."""
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
    return name + "_" if name in RESERVED or name.endswith("_of") or name.startswith("tile") else name


def volume(shape: Sequence[int]) -> int:
    """How many numbers a row of this shape holds."""
    result = 1
    for size in shape:
        result *= size
    return result


class Walk:
    """Writes the C function of one direction of time.

    Args:
        name: of the function.
        kernels: what one step does.
        names: what to call the values.
        moving: values that change hands from step to step (states, or their gradients): node -> C name stem. Read
            through ``stem_now``, written through ``stem_next``, both ``(B, n)``.
        results: which node becomes which of those: ``[(node, stem)]``.
        added: a value of this stem is added to a moving value when it arrives: node -> stem ``(T, B, n)``.
        kept: values to keep for every step: ``[(node, stem)]``, each ``(T, B, n)``.

    After :meth:`write`, ``slots`` lists what the argument array holds, in order.
    """

    def __init__(
        self,
        name: str,
        kernels: Kernels,
        names: dict[Node, str],
        moving: dict[Node, str],
        results: Sequence[tuple[Node, str]],
        kept: Sequence[tuple[Node, str]],
        added: dict[Node, str] | None = None,
    ):
        self.name, self.k, self.moving = name, kernels, moving
        self.results, self.kept, self.added = list(results), list(kept), dict(added or {})
        self.arrived = set(self.added.values())
        self.names = {node: safe(text) for node, text in names.items()}
        self.slots: list[str] = ["begin", "end", "reverse", "length", "rows"]
        self.leaves: dict[Node, str] = {}
        self.packed: dict[Node, str] = {}
        self.home: dict[Node, tuple[str, str]] = {}  # node -> (pointer of row r, distance between rows)
        self.scratch = 0
        self.sum_sizes = [(s, volume(row_shape(s.source))) for s in kernels.sums]
        self._give_homes()

    def label(self, node: Node) -> str:
        """The C name of a value."""
        return self.names.setdefault(node, safe(node.name))

    def slot(self, name: str) -> str:
        """Add an argument, once."""
        if name not in self.slots:
            self.slots.append(name)
        return name

    # -- memory --

    def _give_homes(self) -> None:
        """A value that must lie in memory lies where it is wanted anyway, else in scratch memory."""
        self.extra: dict[Node, list[str]] = {}
        for node, stem in self.kept:
            self._sink(node, self._kept_pointer(stem, volume(row_shape(node))))
        for node, stem in self.results:
            self._sink(node, f"({stem}_next + r * {volume(row_shape(node))})")
        for node in self.k.nodes:
            if node in self.k.buffers and node not in self.home:
                size = volume(row_shape(node))
                self.home[node] = (f"(scratch + {self.scratch} * rows + r * {size})", str(size))
                self.scratch += size

    def _kept_pointer(self, stem: str, size: int) -> str:
        return f"({self.slot(stem)} + (t * rows + r) * {size})"

    def _sink(self, node: Node, pointer: str) -> None:
        makes = self.k.kind(node) in ("product", "reduction", "cat", "pointwise")
        if makes and node not in self.home and node.meta["val"].dtype != torch.bool:
            self.home[node] = (pointer, str(volume(row_shape(node))))
            if self.k.kind(node) == "pointwise":
                self.k.buffers.add(node)
        else:
            self.extra.setdefault(node, []).append(pointer)

    def _leaf(self, node: Node) -> str:
        """The pointer to a row (or to the only row) of a value from outside."""
        if node in self.moving:
            return f"({self.moving[node]}_now + r * {volume(row_shape(node))})"
        stem = "in_" + self.label(node)
        self.leaves[node] = stem
        if has_rows(node):
            return f"({self.slot(stem)} + t * {self.slot(stem + '_t')} + r * {self.slot(stem + '_b')})"
        return self.slot(stem)

    def pointer(self, base: Node) -> str:
        """The pointer to the row of a value in memory."""
        return self.home[base][0] if base in self.home else self._leaf(base)

    def distance(self, base: Node) -> str:
        """How far apart the rows of a value are."""
        if base in self.home:
            return self.home[base][1]
        if base in self.moving:
            return str(volume(row_shape(base)))
        return self.slot("in_" + self.label(base) + "_b")

    # -- loops along a row --

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
        if target in (aten.clamp.default, aten.clamp_min.default, aten.clamp_max.default):
            low, high = (list(args[1:]) + [node.kwargs.get("min"), node.kwargs.get("max")])[:2]
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
            (v.strides == steps_of(v.shape) and v.shape == kernel.shape) or volume(v.shape) == 1 for v in (*views, *targets)
        ) and all(volume(s) in (1, size) for s in weights)
        made, loaded, body, after = set(kernel.nodes), {}, [], []
        is_mask = {n: n.meta["val"].dtype == torch.bool for n in kernel.nodes}

        def operand(value: Any, mask_wanted: bool = False) -> str:
            text = self._operand(value, shape if not flat else kernel.shape or (1,), flat, local, loaded)
            if isinstance(value, Node) and value.meta["val"].dtype == torch.bool and not mask_wanted:
                return f"choose({text}, splat(1), splat(0))"
            return text

        def read(node: Node, value: Any) -> str:
            logic = node.target is aten.where.self and value is node.args[0]
            logic = logic or node.target in (
                aten.logical_and.default,
                aten.logical_or.default,
                aten.logical_not.default,
                aten.bitwise_and.Tensor,
                aten.bitwise_or.Tensor,
                aten.bitwise_not.default,
            )
            return operand(value, logic)

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
        reads = [f"vec {name} = {text};" if "load_mask" not in text else f"mask {name} = {text};" for text, name in loaded.items()]
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
        line = f"store({pointer} + {index}, m, {text});" if inner <= 1 else f"scatter({pointer} + {index}, {size}, m, {text});"
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

    def _product(self, kernel: Kernel) -> list[str]:
        (node,) = kernel.nodes
        made, addend = self.k.addends.get(node, (node, None))
        args: Any = made.args
        factor, matrix = args
        if has_rows(matrix) or matrix in self.k.inside:
            raise UncompilableError(f"{node.name} multiplies by a matrix that changes from step to step")
        view = self.k.read(factor)
        if len(view.shape) != 1 or (view.strides and view.strides[0] != 1 and view.shape[0] != 1):
            raise UncompilableError(f"{node.name} reads its factor out of order")
        stem = "packed_" + self.label(matrix)
        self.packed[matrix] = stem
        k, n = view.shape[0], row_shape(node)[0]
        row = lambda text: text.replace("r *", "first *").replace("+ r)", "+ first)")  # noqa: E731
        source, target = row(self.pointer(view.base)), row(self.pointer(node))
        start, start_step = "0", "0"
        if addend is not None:
            begun = self.k.read(addend) if has_rows(addend) else View(addend, 0, (n,), (1,))
            start = f"{row(self.pointer(begun.base))} + {begun.offset}"
            start_step = self.distance(begun.base) if has_rows(addend) else "0"
        return [
            f"product(last - first, {k}, {n}, {source} + {view.offset}, {self.distance(view.base)}, {self.slot(stem)},",
            f"        {start}, {start_step}, {target}, {self.distance(node)});",
        ]

    def _after(self) -> list[str]:
        """Copies of values that are wanted in more places than the one they were made in."""
        lines = []
        for node, pointers in self.extra.items():
            if self.k.kind(node) == "pointwise":
                continue  # stored by its own loop
            for pointer in pointers:
                shape = row_shape(node)
                load = self._load(node, shape, False, set())
                lines += self._around(shape, False, [f"store({pointer} + {self._flat_index(shape)}, m, {load});"])
        return lines

    def _arrivals(self) -> list[str]:
        """Add what arrives to a moving value before the step, where something other than a loop reads it."""
        read = {self.k.read(n).base for k in self.k.kernels if k.kind != "loop" for x in k.nodes for n in self.k.reads_of(k, x)}
        lines: list[str] = []
        for node, stem in list(self.added.items()):
            if node in read:
                shape = row_shape(node)
                total = self._load(node, shape, False, set())
                del self.added[node]
                self.arrived.add(stem)
                target = f"{self.moving[node]}_now + r * {volume(shape)} + {self._flat_index(shape)}"
                lines += self._around(shape, False, [f"store({target}, m, {total});"])
        return lines

    # -- the function --

    def write(self) -> str:
        """The C function."""
        body: list[str] = []
        run: list[str] = self._arrivals()

        def flush() -> None:
            if run:
                body.append("for (int64_t r = first; r < last; r++) {")
                body.extend("    " + line for line in run)
                body.append("}")
                run.clear()

        for kernel in self.k.kernels:
            if kernel.kind == "product":
                flush()
                body.extend(self._product(kernel))
            else:
                run.extend({"loop": self._loop, "copy": self._copy, "reduction": self._reduction}[kernel.kind](kernel))
        run.extend(self._after())
        flush()
        lines = [f"static void {self.name}_rows(const int64_t *a, int64_t first, int64_t last, int64_t thread) {{"]
        for stem in self.moving.values():
            self.slot(stem)
            self.slot(stem + "_slots")
        self.slot("scratch")
        for index, name in enumerate(self.slots):
            if name.endswith(("_t", "_b", "_slots")) or index < 5:
                lines.append(f"    const int64_t {name} = a[{index}];")
            else:
                lines.append(f"    {self._pointer_type(name)}{name} = ({self._pointer_type(name)})a[{index}];")
        lines.append("    (void)thread; (void)scratch; (void)length;")
        lines.append("    for (int64_t step = begin; step < end; step++) {")
        lines.append("        const int64_t t = reverse ? length - 1 - step : step;")
        for node, stem in self.moving.items():
            size = volume(row_shape(node))
            # All steps in the order of time, or two places taken in turns.
            lines.append(
                f"        real *{stem}_now = {stem} + ({stem}_slots == 2 ? step & 1 : reverse ? t + 1 : t) * rows * {size};"
            )
            lines.append(
                f"        real *{stem}_next = {stem} + ({stem}_slots == 2 ? ~step & 1 : reverse ? t : t + 1) * rows * {size};"
            )
            lines.append(f"        (void){stem}_now; (void){stem}_next;")
        lines += ["        " + line for line in body]
        lines += ["    }", "}", "", f"void grunit_{self.name}(const int64_t *a, int64_t threads) {{"]
        lines += [f"    spread({self.name}_rows, a, a[4], threads);", "}"]
        return "\n".join(lines)

    def _pointer_type(self, name: str) -> str:
        masks = {stem for node, stem in self.leaves.items() if node.meta["val"].dtype == torch.bool}
        if name in masks:
            return "const uint8_t *"
        return "const real *" if name.startswith(("in_", "packed_")) or name in self.arrived else "real *"


def _parameter_view(node: Node, dims: int) -> View:
    """A value without rows, read against a row: a leading 1 stands for the rows."""
    shape = row_shape(node)
    if len(shape) == dims + 1:
        if shape[0] != 1:
            raise UncompilableError(f"{node.name} of shape {shape} does not line up with a row")
        shape = shape[1:]
    return View(node, 0, shape, steps_of(shape))
