"""Cells that are linear in their state, all steps at once: ``h[t] = a[t] * h[t - 1] + b[t]`` as a parallel scan.

The scan multiplies coefficients and never divides, so products of gates, which are at most one, vanish at worst.
Coefficients beyond one can overflow in a product of many where the plain loop, fed with zeros, would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from grunit.compiler.classes import MULTIPLES, QUOTIENTS, SAME, live_states
from grunit.compiler.program import Schedule
from grunit.compiler.regions import make_region
from grunit.compiler.schedule import ancestors
from grunit.compiler.simplify import dependence, has_rows
from grunit.compiler.torch_backend import TorchProgram

aten = torch.ops.aten


def scan(a: Tensor, b: Tensor) -> Tensor:
    """``h[t] = a[t] * h[t - 1] + b[t]`` from ``h[-1] = 0`` along the first dimension.

    Pairs of steps are joined into one until few are left, then unfolded: work in proportion to T, depth to log T
    (Blelloch, *Prefix sums and their applications*, 1990).

    Args:
        a: coefficients ``(T, ...)``.
        b: additions ``(T, ...)``.

    >>> scan(torch.tensor([0.5, 0.5, 0.5]), torch.tensor([1.0, 1.0, 1.0]))
    tensor([1.0000, 1.5000, 1.7500])
    """
    if len(a) == 1:
        return b
    pairs = len(a) // 2
    first_a, first_b, second_a, second_b = a[0 : 2 * pairs : 2], b[0 : 2 * pairs : 2], a[1::2], b[1::2]
    odd = scan(_times(first_a, second_a), torch.addcmul(second_b, second_a.to(b.dtype), first_b))
    result = torch.empty_like(b)
    result[1::2] = odd
    result[0] = b[0]
    if len(a) > 2:
        torch.addcmul(b[2::2], a[2::2].to(b.dtype), odd[: len(a[2::2])], out=result[2::2])
    return result


def _times(a: Tensor, b: Tensor) -> Tensor:
    """Coefficients of two steps as one, wider than float32 where the device can.

    Just below 1 float32 has room for the sum of what two steps forget, but not for the product, 1e-8 of 1e-4 each:
    rounding would drop it in every pair, and a unit that keeps for 10,000 steps would be off by 10,000 times that.
    """
    return torch.mul(a.double() if a.device.type != "mps" else a, b)


def can_scan(schedule: Schedule) -> bool:
    """Whether a scheduled step is linear with a single state that is carried on, and reads no other state."""
    step = schedule.step
    live = live_states(step)
    others = dependence(step.graph, {node for name, node in step.states.items() if name not in live})
    return schedule.kind == "linear" and len(live) == 1 and not others & set(step.new_states.values())


class ScanProgram(TorchProgram):
    """A linear step over whole sequences without a loop; see :class:`TorchProgram` for arguments and results."""

    def __init__(self, schedule: Schedule, training: bool):
        super().__init__(schedule, training)
        step = schedule.step
        (self.live,) = live_states(step)
        self.old, self.new = step.states[self.live], step.new_states[self.live]
        loop = set(schedule.loop)
        self.chain = [n for n in schedule.loop if n in ancestors([self.new], loop)]
        reads = {read for n in self.chain for read in n.all_input_nodes} | {self.new}
        self.free = [n for n in reads if n not in loop and n is not self.old]
        self.given = make_region("given", [], self.free, self.constants)
        more = [self.loop, self.given]
        self.before = self.before_reading([n for r in more for n in r.reads], "", {})
        if training:
            later = [*more, self.prepared, self.backward_loop, self.deferred]
            self.before_back = self.before_reading([n for r in later for n in r.reads], "_again", {})

    def _coefficients(self, values: dict[Node, Tensor], length: int, rows: int) -> tuple[Tensor, Tensor]:
        """``a`` and ``b`` of the state that is carried on, each ``(T, B, n)``."""
        shape = (length * rows, self.old.meta["val"].shape[1])
        some = next(v for n, v in values.items() if n in self.bulk_inputs and v.is_floating_point())
        one, zero = some.new_ones(shape), some.new_zeros(shape)
        free = dict(zip(self.free, self.given.call(length * rows, *self._flat(self.given.reads, values))))
        pairs: dict[Node, tuple[Tensor, Tensor]] = {self.old: (one, zero)}

        def split(value: Any) -> tuple[Any, Any]:
            return pairs.get(value) or (0.0, free[value]) if isinstance(value, Node) else (0.0, value)

        for node in self.chain:
            args: Any = node.args
            if node.target in SAME:
                pairs[node] = pairs[args[0]]
            elif node.target is aten.where.self:
                (a1, b1), (a2, b2) = split(args[1]), split(args[2])
                condition = free[args[0]]
                pairs[node] = _choose(condition, a1, a2, one), _choose(condition, b1, b2, one)
            elif node.target in MULTIPLES or node.target in QUOTIENTS:
                (a1, b1), (a2, b2) = split(args[0]), split(args[1])
                if node.target in QUOTIENTS:
                    pairs[node] = a1 / b2, b1 / b2
                else:
                    pairs[node] = (a1 * b2, b1 * b2) if args[0] in pairs else (a2 * b1, b2 * b1)
            else:  # a sum: the same op on the coefficients, and on what is added
                (a, b) = zip(*(split(value) for value in args))
                pairs[node] = _apply(node, a, one), _apply(node, b, one)
        a, b = split(self.new)
        full = (torch.as_tensor(v, dtype=one.dtype, device=one.device).expand(shape) for v in (a, b))
        first, second = (value.unflatten(0, (length, rows)) for value in full)
        return first, second

    def _flat(self, nodes: Sequence[Node], values: dict[Node, Tensor]) -> list[Tensor]:
        return [values[n].flatten(0, 1) if has_rows(n) else values[n] for n in nodes]

    def forward(
        self,
        parameters: Sequence[Tensor],
        inputs: Sequence[Tensor],
        masks: Sequence[Tensor],
        states: Sequence[Tensor],
        reverse: bool,
    ) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
        """All steps at once; arguments and results as in :meth:`TorchProgram.forward`."""
        step = self.schedule.step
        length, rows = inputs[0].shape[:2]
        values = self.start(parameters, inputs, masks, self.before)
        begun = dict(zip(step.states, states))
        a, b = self._coefficients(values, length, rows)
        after = _walk(a, b, begun[self.live], reverse)
        values[self.old] = _behind(after, begun[self.live], reverse)
        for name, node in step.states.items():
            if name != self.live:  # read by no later step, so only the start state can matter
                values[node] = begun[name].expand(length, *begun[name].shape)
        self._run_on_all(self.loop, values, length * rows)
        results = {name: values[node] for name, node in step.new_states.items()}
        results[self.live] = after
        for name, node in step.states.items():
            if name != self.live:
                values[node] = _behind(results[name], begun[name], reverse)
        last = 0 if reverse else -1
        final = tuple(results[name][last].clone() for name in step.states)
        return results[next(iter(step.states))], final, [values[n] for n in self.saved]

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
        """All steps at once; arguments and results as in :meth:`TorchProgram.backward`."""
        step = self.schedule.step
        length, rows = inputs[0].shape[:2]
        values = self.start(parameters, inputs, masks, self.before_back)
        values.update(zip(self.saved, saved))
        self._run_on_all(self.prepared, values, length * rows)
        arriving = {}
        for i, (name, gradient) in enumerate(zip(step.states, grad_states)):
            every = gradient.new_zeros(length, *gradient.shape)
            if i == 0 and grad_output is not None:
                every = every + grad_output
            every[0 if reverse else -1] += gradient
            arriving[name] = every
        a, _ = self._coefficients(values, length, rows)
        total = arriving[self.live]
        if len(step.states) > 1:  # what reaches the carried state through the others
            for name, node in step.cotangents.items():
                values[node] = torch.zeros_like(total) if name == self.live else arriving[name]
            self._run_on_all(self.backward_loop, values, length * rows)
            through = values[step.gradients[self.live]]
            total = total.clone()
            if reverse:
                total[1:] += through[:-1]
            else:
                total[:-1] += through[1:]
        # Backwards in time, the coefficient that takes a gradient from step t to the one before is that of step t.
        shifted = torch.ones_like(a)
        if reverse:
            shifted[1:] = a[:-1]
        else:
            shifted[:-1] = a[1:]
        cotangent = _walk(shifted, total, torch.zeros_like(total[0]), not reverse)
        for name, node in step.cotangents.items():
            values[node] = cotangent if name == self.live else arriving[name]
        self._run_on_all(self.backward_loop, values, length * rows)
        first = -1 if reverse else 0
        starts = tuple(values[step.gradients[name]][first] for name in step.states)
        self._run_on_all(self.deferred, values, length * rows)
        return {name: values[step.gradients[name]] for name in self.schedule.wanted}, starts


def _walk(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    if reverse:
        return _walk(a.flip(0), b.flip(0), start, False).flip(0)
    first = torch.addcmul(b[:1], a[:1], start)
    return scan(a, torch.cat([first, b[1:]]))


def _behind(after: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """The state before each step."""
    return torch.cat([after[1:], start[None]] if reverse else [start[None], after[:-1]])


def _choose(condition: Tensor, a: Any, b: Any, like: Tensor) -> Tensor:
    return torch.where(condition, torch.as_tensor(a, dtype=like.dtype), torch.as_tensor(b, dtype=like.dtype))


def _apply(node: Node, values: Sequence[Any], like: Tensor) -> Tensor:
    tensors: list[Tensor] = [torch.as_tensor(value, dtype=like.dtype, device=like.device) for value in values]
    if node.target is aten.neg.default:
        return -tensors[0]
    if node.target is aten.rsub.Scalar:
        return tensors[1] - tensors[0]
    scale: Any = node.kwargs.get("alpha", 1)
    return tensors[0] + scale * tensors[1] if "add" in str(node.target) else tensors[0] - scale * tensors[1]
