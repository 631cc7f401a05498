"""Kernels as C: one function that walks some rows through the whole time loop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from torch.fx import Node

from grunit.compiler.c_kernels import Kernel, Kernels
from grunit.compiler.c_loops import RowLoops, is_mask
from grunit.compiler.c_names import safe
from grunit.compiler.c_views import View, has_rows, reshaped, row_shape, volume, whole


class Walk(RowLoops):
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
        self.names: dict[Node, str] = {}
        for node, text in names.items():
            self._name(node, text)
        self.slots: list[str] = ["begin", "end", "reverse", "length", "rows"]
        self.leaves: dict[Node, str] = {}
        self.packed: dict[Node, str] = {}
        self.home: dict[Node, tuple[str, str]] = {}  # node -> (pointer of row r, distance between rows)
        self.scratch = 0
        self.sum_sizes = [(s, volume(row_shape(s.source))) for s in kernels.sums]
        self._give_homes()

    @cached_property
    def flops(self) -> int:
        """Roughly how much arithmetic one row takes at one step; asked at every call, so counted once."""
        products = sum(2 * node.meta["val"].numel() for node in self.packed)
        return products + 4 * sum(volume(row_shape(n)) for n in self.k.nodes if has_rows(n))

    def label(self, node: Node) -> str:
        """The C name of a value."""
        return self.names.get(node) or self._name(node, node.name)

    def _name(self, node: Node, text: str) -> str:
        name = safe(text)
        while name in self.names.values():
            name += "x"
        self.names[node] = name
        return name

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
                _, addend = self.k.addends.get(node, (node, None))
                alone = addend in self.home and len(addend.users) == 1 and self.k.kind(addend) == "product"
                alone = alone and addend not in self.k.stored
                if addend is not None and alone and row_shape(addend) == row_shape(node):
                    self.home[node] = self.home[addend]  # a sum that only goes on as part of a larger one
                    continue
                size = volume(row_shape(node))
                place = f"scratch + {self.scratch} * rows"
                place = f"(uint8_t *)({place})" if is_mask(node) else place
                self.home[node] = (f"({place} + r * {size})", str(size))
                self.scratch += size

    def _kept_pointer(self, stem: str, size: int) -> str:
        return f"({self.slot(stem)} + (t * rows + r) * {size})"

    def _sink(self, node: Node, pointer: str) -> None:
        makes = self.k.kind(node) in ("product", "reduction", "cat", "pointwise")
        if makes and node not in self.home:
            self.home[node] = (pointer, str(volume(row_shape(node))))
            if self.k.kind(node) == "pointwise":
                self.k.buffers.add(node)
        elif (base := self.k.read(node).base) is not node and self._is_all_of(node, base):
            self.home[base] = (pointer, str(volume(row_shape(base))))
        else:
            self.extra.setdefault(node, []).append(pointer)

    def _is_all_of(self, node: Node, base: Node) -> bool:
        """Whether a view is its base in another shape, and the base may be written where the view is wanted."""
        view, is_made = self.k.read(node), base in self.k.buffers and base not in self.home
        size = volume(view.shape)
        in_order = size == 1 or reshaped(view.shape, view.strides, (size,)) == [1]
        return is_made and view.offset == 0 and in_order and size == volume(row_shape(base))

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
        if not has_rows(base):
            return "0"  # a parameter: the same for every row
        return self.slot("in_" + self.label(base) + "_b")

    def _product(self, kernel: Kernel) -> list[str]:
        (node,) = kernel.nodes
        made, addend = self.k.addends.get(node, (node, None))
        factor, matrix = self.k.factors(made)
        view = self.k.read(factor)
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
            shape = row_shape(node)
            load = self._load(node, shape, False, set(), node)
            for pointer in pointers:
                line = self._write(node, pointer, whole(node), shape, False, load)
                lines += self._around(shape, False, [line])
        return lines

    def _arrivals(self) -> list[str]:
        """Add what arrives to a moving value before the step, where something other than a loop reads it."""
        read = {
            self.k.read(n).base
            for k in self.k.kernels
            if k.kind != "loop"
            for x in k.nodes
            for n in self.k.reads_of(k, x)
        } | {k.source.base for k in self.k.kernels if k.source}
        lines: list[str] = []
        for node, stem in list(self.added.items()):
            if node in read:
                shape = row_shape(node)
                total = self._load(node, shape, False, set(), node)
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
            for name, place, turn in (
                ("now", "reverse ? t + 1 : t", "step & 1"),
                ("next", "reverse ? t : t + 1", "~step & 1"),
            ):
                at = f"({stem}_slots == 2 ? {turn} : {place}) * rows * {size}"
                lines.append(f"        real *{stem}_{name} = {stem} + {at};")
            lines.append(f"        (void){stem}_now; (void){stem}_next;")
        # Rows are summed up step by step, then the steps: adding all to one number would lose digits.
        width = sum(size for _, size in self.sum_sizes)
        if width:
            lines.append(f"        real *sums_of_step = sums + (2 * thread + 1) * {width};")
            lines.append(f"        memset(sums_of_step, 0, {width} * sizeof(real));")
        lines += ["        " + line for line in body]
        if width:
            lines.append(f"        for (int64_t i = 0; i < {width}; i++) sums_of_step[i - {width}] += sums_of_step[i];")
        lines += ["    }", "}", "", f"void grunit_{self.name}(const int64_t *a, int64_t threads) {{"]
        lines += [f"    spread({self.name}_rows, a, a[4], threads);", "}"]
        return "\n".join(lines)

    def _pointer_type(self, name: str) -> str:
        if name in {stem for node, stem in self.leaves.items() if is_mask(node)}:
            return "const uint8_t *"
        if name in {stem for node, stem in self.kept if is_mask(node)}:
            return "uint8_t *"
        return "const real *" if name.startswith(("in_", "packed_")) or name in self.arrived else "real *"
