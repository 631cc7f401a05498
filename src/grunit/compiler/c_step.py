"""Single steps as C: a whole stack in one call on buffers that stay where they are.

Along a sequence the products of the inputs are made for all steps before the loop. A step has only itself, so here
both products, everything pointwise and the parts of the stack that come after it are one function.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.fx import Node

from grunit.compiler.c_build import build
from grunit.compiler.c_emit import Walk
from grunit.compiler.c_kernels import Kernels
from grunit.compiler.c_views import row_shape, volume
from grunit.compiler.printer import node_names
from grunit.compiler.program import StepGraph
from grunit.compiler.regions import Region, make_region
from grunit.compiler.schedule import schedule
from grunit.compiler.simplify import ancestors, has_rows
from grunit.compiler.trace import UncompilableError

WEIGHTS = ("float32", "bfloat16", "int8")
NARROW = Path(__file__).with_name("c_narrow.h")
SHORT = 100_000
"""Multiplications of a step, up to which it keeps the interpreter's lock: a few microseconds."""
HEADER = 4
"""Numbers at the start of the table: rows, and the lookup's row numbers, rows of vectors and target."""

LOOKUP = """
    /* lookup of {size} vectors of {width} numbers */
    for (int64_t r = 0; r < rows; r++) {{
        const int64_t at = ((const int64_t *)tables[1])[r];
        if (at < 0 || at >= {size}) return 1;
        memcpy((real *)tables[3] + r * {width}, (const real *)tables[2] + at * {width}, {width} * sizeof(real));
    }}"""


@dataclass
class Part:
    """One compiled step of the stack, and the memory that it is bound to.

    Args:
        step: the traced step.
        inputs: ``(B, n)`` for each of its inputs.
        states: ``(2, B, n)`` for each of its states: the state between steps, then what the last step made of it.
        remembers: whether what it made becomes the state of the next step.
    """

    step: StepGraph
    inputs: Sequence[Tensor]
    states: Sequence[Tensor]
    remembers: bool = True
    weights: dict[str, Tensor] = field(default_factory=dict)
    """What the function reads of the parameters, packed, by the name of the argument."""


class StepFunction:
    """The C function of one step graph, and how to fill its arguments."""

    def __init__(self, name: str, step: StepGraph, dtype: torch.dtype):
        order = schedule(step, ())
        names = node_names(step)
        new, old = list(step.new_states.values()), list(step.states.values())
        needed = ancestors(new, {*order.hoisted, *order.loop})
        nodes = [node for node in step.graph.nodes if node in needed]
        stems = [f"state_{name}" for name in step.states]
        kernels = Kernels(nodes, [], set(new), dtype)
        self.step, self.name = step, name
        self.walk = Walk(name, kernels, dict(names), dict(zip(old, stems)), list(zip(new, stems)), [])
        self.source = f"/* {step.cell_name} */\n{self.walk.write()}"
        constants = torch.nn.Module()
        for node in step.graph.nodes:
            if node.op == "get_attr":
                setattr(constants, str(node.target), getattr(step.graph.owning_module, str(node.target)))
        self.products = sum(matrix.meta["val"].numel() for matrix in self.walk.packed)
        read = [n for n in (*self.walk.leaves, *self.walk.packed) if not has_rows(n)]
        self.once: Region = make_region("once", order.once, list(dict.fromkeys(read)), constants, names)

    def parameter_values(self, parameters: Sequence[Tensor]) -> dict[Node, Tensor]:
        """What the function reads that follows from parameters alone, by node."""
        given = dict(zip(self.step.parameters.values(), parameters))
        return dict(zip(self.once.writes, self.once.call(0, *(given[n] for n in self.once.reads))))


class StepProgram:
    """A stack of steps as one C function ``int grunit_step(const int64_t *table)``.

    Args:
        parts: in the order in which they run; each reads what earlier ones wrote, by sharing memory.
        parameters: of each part, in the order of ``step.parameters``.
        dtype: float32 or float64.
        weights: how factors of products are kept: see :data:`WEIGHTS`. Sums are made in ``dtype`` whatever they are.
        lookup: row numbers ``(B,)`` int64, vectors ``(N, n)`` and target ``(B, n)``: filled first. A row number out of
            range makes the function return 1 and do nothing.

    Raises:
        UncompilableError: a step has an op or a shape that the C backend does not know.
        BuildError: there is no C compiler, or it failed.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        parameters: Sequence[Sequence[Tensor]],
        dtype: torch.dtype,
        weights: str = "float32",
        lookup: tuple[Tensor, Tensor, Tensor] | None = None,
    ):
        if dtype not in (torch.float32, torch.float64):
            raise UncompilableError(f"the C backend computes in float32 and float64, not in {dtype}")
        self.parts, self.dtype, self.weights, self.lookup = list(parts), dtype, weights, lookup
        # Layers of one plan share a function.
        distinct = list(dict.fromkeys(id(part.step) for part in parts))
        steps = {id(part.step): part.step for part in parts}
        made = {key: StepFunction(f"step_{i}", steps[key], dtype) for i, key in enumerate(distinct)}
        self.functions = [made[id(part.step)] for part in parts]
        self.source = self._write(list(made.values()), dtype)
        self.library = build(self.source)
        for name in ("grunit_packed_size", *(["grunit_narrow_bytes"] if weights != "float32" else [])):
            self.library[name].restype = ctypes.c_int64
        self.load(parameters)
        self._fill_table()
        products = parts[0].inputs[0].shape[0] * sum(f.products for f in self.functions)
        # Handing the interpreter's lock over and back costs more than a short step takes.
        library = ctypes.PyDLL(None, handle=self.library._handle) if products < SHORT else self.library
        self.function: Callable[..., int] = library["grunit_step"]

    def _write(self, functions: Sequence[StepFunction], dtype: torch.dtype) -> str:
        lines = ["/* One step of a stack, generated from its equations. */"]
        if dtype == torch.float64:
            lines.append("#define REAL_DOUBLE")
        lines.append('#include "c_runtime.h"')
        if self.weights != "float32":
            lines += [f"#define {self.weights.upper()}", NARROW.read_text()]
        lines += [function.source.split("\nvoid grunit_")[0] for function in functions]
        lines += ["int grunit_step(const int64_t *tables) {", "    const int64_t rows = tables[0];"]
        if self.lookup is not None:
            size, width = self.lookup[1].shape
            lines.append(LOOKUP.format(size=size, width=width).strip("\n"))
        at = HEADER
        for part, function in zip(self.parts, self.functions):
            slots = function.walk.slots
            lines.append(f"    {function.name}_rows(tables + {at}, 0, rows, 0);")
            for name, node in part.step.states.items() if part.remembers else ():
                place = f"(real *)tables[{at + slots.index(f'state_{name}')}]"
                count = f"rows * {volume(row_shape(node))}"
                lines.append(f"    memcpy({place}, {place} + {count}, {count} * sizeof(real));")
            at += len(slots)
        self.table_size = at
        return "\n".join([*lines, "    return 0;", "}", ""])

    @torch.no_grad()
    def load(self, parameters: Sequence[Sequence[Tensor]]) -> None:
        """Pack parameters, into the memory that the function already reads if there is any."""
        for part, function, given in zip(self.parts, self.functions, parameters):
            values = function.parameter_values(given)
            for node, name in function.walk.packed.items():
                part.weights[name] = self._pack(values[node].to(self.dtype), part.weights.get(name))
            for node, name in function.walk.leaves.items():
                if not has_rows(node):
                    part.weights[name] = _hold(values[node], self.dtype, part.weights.get(name))

    def _pack(self, matrix: Tensor, out: Tensor | None) -> Tensor:
        k, n = (ctypes.c_int64(size) for size in matrix.shape)
        narrow = self.weights != "float32"
        if out is None:
            size = self.library["grunit_narrow_bytes" if narrow else "grunit_packed_size"](k, n)
            out = torch.zeros(size, dtype=torch.uint8 if narrow else matrix.dtype)
        self.library["grunit_pack_narrow" if narrow else "grunit_pack"](
            k,
            n,
            ctypes.c_void_p(matrix.data_ptr()),
            *(ctypes.c_int64(step) for step in matrix.stride()),
            ctypes.c_void_p(out.data_ptr()),
        )
        return out

    def _fill_table(self) -> None:
        rows = self.parts[0].inputs[0].shape[0]
        numbers = [rows, *((value.data_ptr() for value in self.lookup) if self.lookup else (0, 0, 0))]
        self._scratch = []
        for part, function in zip(self.parts, self.functions):
            walk = function.walk
            self._scratch.append(part.states[0].new_zeros(walk.scratch * rows + 1))
            known: dict[str, int] = {"begin": 0, "end": 1, "reverse": 0, "length": 1, "rows": rows}
            known["scratch"] = self._scratch[-1].data_ptr()
            for name, state in zip(part.step.states, part.states):
                known[f"state_{name}"], known[f"state_{name}_slots"] = state.data_ptr(), 2
            inputs = dict(zip(part.step.inputs.values(), part.inputs))
            for node, stem in walk.leaves.items():
                if node in inputs:
                    known[stem], known[stem + "_t"] = inputs[node].data_ptr(), 0
                    known[stem + "_b"] = inputs[node].stride(0)
            known.update((name, value.data_ptr()) for name, value in part.weights.items())
            numbers += [known[slot] for slot in walk.slots]
        self.table = (ctypes.c_int64 * self.table_size)(*numbers)
        """The argument of the function: addresses and sizes."""


def _hold(value: Tensor, dtype: torch.dtype, out: Tensor | None) -> Tensor:
    """A copy in the dtype of the step, in memory held already if there is any; masks stay masks."""
    if out is None:
        out = torch.empty(value.shape, dtype=torch.bool if value.dtype == torch.bool else dtype)
    return out.copy_(value)
