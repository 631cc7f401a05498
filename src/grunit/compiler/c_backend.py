"""The schedule as C: the time loop, forward and backward, in one compiled function each.

What needs all steps at once (input products, weight gradients) stays with torch; everything between two products of
a state, and every sum over rows, happens in the loop while the data is in registers or cache.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from grunit.compiler.c_build import BuildError, build, thread_pool, was_forked
from grunit.compiler.c_emit import Walk
from grunit.compiler.c_kernels import CONSTANTS, REDUCTIONS, Kernels, Sum
from grunit.compiler.c_ops import COMPARISONS, POINTWISE
from grunit.compiler.c_views import MOVES, rows_axis, steps_of
from grunit.compiler.printer import node_names
from grunit.compiler.program import Schedule
from grunit.compiler.regions import make_region
from grunit.compiler.schedule import PRODUCTS, ancestors
from grunit.compiler.simplify import has_rows, is_movable, is_size
from grunit.compiler.torch_backend import TorchProgram, in_own_memory
from grunit.compiler.trace import UncompilableError

aten = torch.ops.aten

# How much arithmetic one call may hold, so that an interrupt is answered within a fraction of a second.
CALL_FLOPS = 3e9
THREAD_FLOPS = 1e6
TALL = 6  # rows a tile of the matrix product, as in c_runtime.h
IN_LOOP = {*POINTWISE, *COMPARISONS, *MOVES, aten.cat.default}


class CProgram:
    """A scheduled step as two functions over whole sequences; see :class:`TorchProgram` for their arguments.

    Raises:
        UncompilableError: the step has an op or a shape this backend does not know.
        BuildError: there is no C compiler, or it failed.
    """

    def __init__(self, schedule: Schedule, training: bool):
        self.schedule, self.training = schedule, training
        self.torch = TorchProgram(schedule, training)
        step = schedule.step
        self.dtype = next(iter(step.states.values())).meta["val"].dtype
        if self.dtype not in (torch.float32, torch.float64):
            raise UncompilableError(f"the C backend computes in float32 and float64, not in {self.dtype}")
        self.names = node_names(step)
        self.saved: tuple[Node, ...] = ()
        self.remade: set[Node] = set()
        self.has_team = thread_pool() is not None
        walks = []
        self.again: tuple[Node, ...] = ()
        """Those of ``saved`` that are made before the loop."""
        if training:
            try:
                self._plan_deferred(rowwise=True)
                self.backward_walk = self._plan_backward()
            except UncompilableError:  # what stands before the last products may be more than a loop can do
                self._plan_deferred(rowwise=False)
                self.backward_walk = self._plan_backward()
            walks.append(self.backward_walk)
        self.forwards = {False: self._plan_forward(inner=False)}
        self.sources = {walk: walk.write() for walk in (*walks, self.forwards[False])}
        with suppress(UncompilableError):
            inner = self._plan_forward(inner=True)
            self.sources[inner] = inner.write()
            self.forwards[True] = inner
        first = max(self.forwards)
        walks.append(self.forwards[first])
        self.source = _whole_source(schedule, self.dtype, [self.sources[walk] for walk in walks])
        library = _load(self.source)
        self.libraries = dict.fromkeys(walks, library)
        self.befores = {walks[-1]: self._before(walks[-1])}
        if training:
            walk = self.backward_walk
            reads = [n for n in (*walk.leaves, *walk.packed, *self.deferred.reads) if n not in self.again]
            self.before_back = self.torch.before_reading(reads)

    # -- planning --

    def _plan_forward(self, inner: bool) -> Walk:
        """The walk forward; ``inner``: with the products of the inputs in the loop rather than before it."""
        step, schedule = self.schedule.step, self.schedule
        new = list(step.new_states.values())
        old = list(step.states.values())
        self.full = [i == 0 or old[i] in self.saved or new[i] in self.saved for i in range(len(old))]
        kept = [n for n in self.saved if n not in old and n not in new and (inner or n not in self.again)]
        candidates = set(schedule.loop) | (set(schedule.hoisted) if inner else set())
        nodes = _needed([*new, *kept], candidates, step.graph.nodes)
        if inner and not any(n in nodes for n in schedule.hoisted):
            raise UncompilableError("nothing is hoisted")
        kernels = Kernels(nodes, [], {*new, *kept}, self.dtype)
        stems = [f"state_{name}" for name in step.states]
        return Walk(
            "forward",
            kernels,
            dict(self.names),
            moving=dict(zip(old, stems)),
            results=list(zip(new, stems)),
            kept=[(n, f"keep_{i}") for i, n in enumerate(kept)],
        )

    def _plan_deferred(self, rowwise: bool) -> None:
        """What stays with torch after the reverse loop, what it reads of the loop, and what must be saved for both.

        Args:
            rowwise: what stands between the loop and the last products is done in the loop, row by row.
        """
        schedule, step = self.schedule, self.schedule.step
        sums, self.inner = _row_sums(schedule)
        if rowwise:
            self.inner |= _before_products(schedule)
        apart = set(schedule.deferred) - {s.node for s in sums} - self.inner
        wanted = [step.gradients[name] for name in schedule.wanted]
        apart |= set(schedule.prepared)
        # Numbers are made where they are read.
        apart |= {n for n in (*schedule.hoisted, *schedule.backward_loop, *self.inner) if n.target in CONSTANTS}
        self.deferred = make_region("deferred", apart, wanted, self.torch.constants, self.names)
        self.sums = [s for s in sums if s.node in self.deferred.reads]
        live = set(schedule.backward_loop) | set(step.cotangents.values()) | self.inner
        self.carried = [n for n in self.deferred.reads if n in live]
        # A value that one op makes again from other saved ones is cheaper to make again than to keep.
        saved = list(schedule.saved)
        for node in reversed(schedule.saved):
            reads = [n for n in node.all_input_nodes if has_rows(n)]
            free = node not in self.deferred.reads and node not in step.new_states.values()
            if node.target in POINTWISE and free and reads and all(read in saved for read in reads):
                saved.remove(node)
                self.remade.add(node)
        self.saved = tuple(saved)
        self.again = tuple(node for node in saved if node in schedule.hoisted)

    def _before(self, walk: Walk) -> Any:
        """What torch computes before a walk forward."""
        again = () if walk is self.forwards.get(True) else self.again
        return self.torch.before_reading([*walk.leaves, *walk.packed, *again])

    def _plan_backward(self) -> Walk:
        schedule, step = self.schedule, self.schedule.step
        carry = [step.gradients[name] for name in step.states]
        candidates = set(schedule.prepared) | set(schedule.backward_loop) | self.inner | self.remade
        nodes = _needed([*carry, *self.carried, *(s.source for s in self.sums)], candidates, step.graph.nodes)
        stems = [f"grad_{name}" for name in step.states]
        kernels = Kernels(nodes, self.sums, {*carry, *self.carried}, self.dtype)
        cotangents = list(step.cotangents.values())
        return Walk(
            "backward",
            kernels,
            dict(self.names),
            moving=dict(zip(cotangents, stems)),
            results=list(zip(carry, stems)),
            kept=[(n, f"keep_{i}") for i, n in enumerate(self.carried)],
            added={cotangents[0]: "arriving"},
        )

    # -- running --

    def forward(
        self,
        parameters: Sequence[Tensor],
        inputs: Sequence[Tensor],
        masks: Sequence[Tensor],
        states: Sequence[Tensor],
        reverse: bool,
    ) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
        """Walk a sequence; arguments and results as in :meth:`TorchProgram.forward`."""
        length, rows = inputs[0].shape[:2]
        step, walk = self.schedule.step, self._choose_forward(rows)
        values = self.torch.start(parameters, inputs, masks, self.befores[walk])
        arguments: dict[str, Any] = {}
        histories = []
        first, last = (length, 0) if reverse else (0, length)
        for name, state, full in zip(step.states, states, self.full):
            history = state.new_empty((length + 1 if full else 2, rows, *state.shape[1:]))
            history[first if full else 0] = state
            histories.append(history)
            arguments[f"state_{name}"] = history
            # Where there is a single step, two places in turns and all steps in order are the same but for reversal.
            arguments[f"state_{name}_slots"] = 0 if full else 2
        kept = {node: _like(node, length, rows, self.dtype) for node, _ in walk.kept}
        arguments.update({stem: kept[node] for node, stem in walk.kept})
        self._run(walk, arguments, values, length, rows, reverse)
        kept = {node: value.to(node.meta["val"].dtype) for node, value in kept.items()}
        final = tuple(h[last if full else length % 2] for h, full in zip(histories, self.full))
        ahead = {n: h[1:] if not reverse else h[:-1] for n, h in zip(step.new_states.values(), histories)}
        behind = {n: h[:-1] if not reverse else h[1:] for n, h in zip(step.states.values(), histories)}
        places = {**{n: in_own_memory(values[n]) for n in self.again if n not in kept}, **ahead, **behind, **kept}
        saved = [places[n] for n in self.saved]
        output = histories[0][1:] if not reverse else histories[0][:-1]
        return output, tuple(f.clone() for f in final), saved

    def backward(
        self,
        parameters: Sequence[Tensor],
        inputs: Sequence[Tensor],
        masks: Sequence[Tensor],
        saved: Sequence[Tensor],
        grad_output: Tensor | None,
        grad_states: Sequence[Tensor],
        reverse: bool,
    ) -> tuple[dict[str, Tensor], tuple[Tensor, ...]]:
        """Walk back; arguments and results as in :meth:`TorchProgram.backward`."""
        values = self.torch.start(parameters, inputs, masks, self.before_back)
        values.update(zip(self.saved, saved))
        length, rows = inputs[0].shape[:2]
        step, walk = self.schedule.step, self.backward_walk
        arguments: dict[str, Any] = {}
        rings = []
        for name, gradient in zip(step.states, grad_states):
            ring = gradient.new_empty((2, *gradient.shape))
            ring[0] = gradient
            rings.append(ring)
            arguments[f"grad_{name}"] = ring
            arguments[f"grad_{name}_slots"] = 2
        if grad_output is None:
            grad_output = grad_states[0].new_zeros(grad_states[0].shape[1:]).expand(length, *grad_states[0].shape)
        arguments["arriving"] = _inner_contiguous(grad_output)
        arguments["arriving_t"], arguments["arriving_b"] = arguments["arriving"].stride()[:2]
        kept = [_like(node, length, rows, self.dtype) for node in self.carried]
        arguments.update({f"keep_{i}": value for i, value in enumerate(kept)})
        width = sum(size for _, size in walk.sum_sizes)
        threads = self._threads(walk, rows, length)
        sums = arguments["sums"] = grad_states[0].new_zeros((threads, 2, width))  # of all steps, of one step
        # Against the direction of the forward walk.
        self._run(walk, arguments, values, length, rows, not reverse)
        values.update((node, value.to(node.meta["val"].dtype)) for node, value in zip(self.carried, kept))
        for (total, _), value in zip(walk.sum_sizes, sums[:, 0].sum(0).split([size for _, size in walk.sum_sizes])):
            values[total.node] = value.view(total.node.meta["val"].shape)
        flat = [values[n].flatten(0, 1) if has_rows(n) else values[n] for n in self.deferred.reads]
        gradients = {}
        for name, value in zip(self.schedule.wanted, self.deferred.call(length * rows, *flat)):
            node = step.gradients[name]
            gradients[name] = value.unflatten(0, (length, rows)) if has_rows(node) else value
        return gradients, tuple(ring[length % 2] for ring in rings)

    def _choose_forward(self, rows: int) -> Walk:
        """Few rows a thread: input products for all steps at once. Many: in the loop, where the data is in cache."""
        inner = rows >= TALL * torch.get_num_threads() and True in self.forwards
        walk = self.forwards[inner]
        if walk not in self.libraries:
            source = _whole_source(self.schedule, self.dtype, [self.sources[walk]])
            self.befores[walk] = self._before(walk)
            try:
                self.libraries[walk] = _load(source)
            except BuildError:  # the compiler has gone since; the other walk computes the same
                self.forwards[inner] = next(iter(self.libraries.keys() & {*self.forwards.values()}))
                return self.forwards[inner]
        return walk

    def _threads(self, walk: Walk, rows: int, length: int) -> int:
        """As many as PyTorch uses, but none for less work than waking it is worth, nor in a process that was forked."""
        worthwhile = int(walk.flops * rows * length / THREAD_FLOPS)
        alone = not self.has_team or was_forked()
        return 1 if alone else max(1, min(torch.get_num_threads(), rows, worthwhile))

    def _run(
        self, walk: Walk, arguments: dict[str, Any], values: dict[Node, Tensor], length: int, rows: int, reverse: bool
    ) -> None:
        some = next(value for value in arguments.values() if isinstance(value, Tensor))
        arguments["scratch"] = some.new_empty(walk.scratch * rows)
        for node, stem in walk.leaves.items():
            value = values[node] if values[node].dtype == torch.bool else values[node].to(self.dtype)
            if has_rows(node):
                value = _inner_contiguous(value)
                arguments[stem + "_t"], arguments[stem + "_b"] = value.stride()[:2]
            else:
                value = value.contiguous()
            arguments[stem] = value
        for node, stem in walk.packed.items():
            arguments[stem] = self._pack(self.libraries[walk], values[node].to(self.dtype))
        arguments.update(reverse=int(reverse), length=length, rows=rows)
        numbers = (ctypes.c_int64 * len(walk.slots))(
            0, 0, *(v.data_ptr() if isinstance(v, Tensor) else v for v in (arguments[s] for s in walk.slots[2:]))
        )
        function, threads = (
            self.libraries[walk][f"grunit_{walk.name}"],
            ctypes.c_int64(self._threads(walk, rows, length)),
        )
        stride = max(1, int(CALL_FLOPS / max(walk.flops * rows, 1)))
        for begin in range(0, length, stride):
            numbers[0], numbers[1] = begin, min(length, begin + stride)
            function(numbers, threads)

    def _pack(self, library: ctypes.CDLL, matrix: Tensor) -> Tensor:
        k, n = matrix.shape
        out = matrix.new_empty(library.grunit_packed_size(ctypes.c_int64(k), ctypes.c_int64(n)))
        library.grunit_pack(
            *(ctypes.c_int64(v) for v in (k, n)),
            ctypes.c_void_p(matrix.data_ptr()),
            *(ctypes.c_int64(v) for v in matrix.stride()),
            ctypes.c_void_p(out.data_ptr()),
        )
        return out


def _load(source: str) -> ctypes.CDLL:
    library = build(source)
    pool = thread_pool()
    if pool:
        library.grunit_threads(*(ctypes.c_void_p(address) for address in pool))
    library.grunit_packed_size.restype = ctypes.c_int64
    return library


def _needed(ends: Iterable[Node], inside: set[Node], order: Iterable[Node]) -> list[Node]:
    """What the ends are made of: nodes ``inside``, and others that cannot be handed over and are made again."""
    found: set[Node] = set()
    pending = list(ends)
    while pending:
        node = pending.pop()
        again = node.op == "call_function" and not is_size(node) and not is_movable(node)
        if node not in found and (node in inside or again):
            found.add(node)
            pending.extend(node.all_input_nodes)
    return [n for n in order if n in found]


def _row_sums(schedule: Schedule) -> tuple[list[Sum], set[Node]]:
    """Sums over rows in the deferred part that the loop can take along, and the pointwise nodes they need."""
    deferred = set(schedule.deferred)
    known = set(schedule.backward_loop) | set(schedule.prepared) | set(schedule.step.cotangents.values())
    sums, inner = [], set()
    for node in schedule.deferred:
        args: Any = node.args
        if node.target is not aten.sum.dim_IntList or list(args[1]) != [0] or not has_rows(args[0]):
            continue
        need = ancestors([args[0]], deferred)
        pointwise = all(n.target in IN_LOOP and has_rows(n) and is_movable(n) for n in need)
        if pointwise and (need or args[0] in known) and args[0].meta["val"].is_floating_point():
            sums.append(Sum(node, args[0]))
            inner |= need
    return sums, inner


def _before_products(schedule: Schedule) -> set[Node]:
    """Deferred nodes that prepare the factors of the last products, where a row needs nothing of other rows."""
    deferred, found = set(schedule.deferred), set()
    for product in schedule.deferred:
        for factor in product.all_input_nodes if product.target in PRODUCTS else ():
            while factor in deferred and factor.target in MOVES:
                factor = factor.all_input_nodes[0]
            need = ancestors([factor], deferred)
            if has_rows(factor) and all(
                n.target in IN_LOOP | REDUCTIONS and has_rows(n) and rows_axis(n) == 0 and is_movable(n) for n in need
            ):
                found |= need
    return found


def _like(node: Node, length: int, rows: int, dtype: torch.dtype) -> Tensor:
    value = node.meta["val"]
    dtype = torch.bool if value.dtype == torch.bool else dtype
    return torch.empty((length, rows, *value.shape[1:]), dtype=dtype)


def _inner_contiguous(value: Tensor) -> Tensor:
    """The value itself if each row lies in order, else a copy that does."""
    shape = value.shape[2:]
    fits = all(size == 1 or have == want for size, have, want in zip(shape, value.stride()[2:], steps_of(tuple(shape))))
    return value if fits else value.contiguous()


def _whole_source(schedule: Schedule, dtype: torch.dtype, functions: Sequence[str]) -> str:
    lines = [f"/* {schedule.step.cell_name}, generated from its equations. */"]
    if dtype == torch.float64:
        lines.append("#define REAL_DOUBLE")
    return "\n".join([*lines, '#include "c_runtime.h"', "", *functions, ""])


__all__ = ["BuildError", "CProgram"]
