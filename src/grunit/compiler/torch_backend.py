"""The schedule executed with torch ops: any device, any dtype. The oracle for all other backends.

What leaves the loop here already pays: the products of the inputs, the derivative factors and the weight
gradients are computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from grunit.compiler.printer import node_names
from grunit.compiler.program import Schedule
from grunit.compiler.regions import Region, make_region
from grunit.compiler.simplify import has_rows


class TorchProgram:
    """A scheduled step as two functions over whole sequences: ``forward`` and ``backward``.

    Values are held by node: per-step values as ``(T, B, n)``, parameters and what follows from them as they are.
    """

    def __init__(self, schedule: Schedule, training: bool):
        self.schedule, self.training = schedule, training
        step = schedule.step
        constants = torch.nn.Module()
        for node in step.graph.nodes:
            if node.op == "get_attr":
                setattr(constants, str(node.target), getattr(step.graph.owning_module, str(node.target)))
        self.constants = constants
        self.saved = schedule.saved if training else ()
        names = node_names(schedule.step)

        def region(name: str, nodes: Sequence[Node], writes: Sequence[Node]) -> Region:
            return make_region(name, nodes, writes, constants, names)

        self.early = [n for n in self.saved if n in schedule.hoisted]
        kept = [n for n in self.saved if n not in step.states.values() and n not in self.early]
        self.loop = region("step", schedule.loop, [*step.new_states.values(), *kept])
        self.kept = kept
        later: list[Region] = []
        if training:
            carry = [step.gradients[name] for name in step.states]
            gradients = [step.gradients[name] for name in schedule.wanted]
            self.backward_loop = region(
                "step_backward", schedule.backward_loop, [*carry, *(n for n in schedule.carried)]
            )
            self.deferred = region("deferred", schedule.deferred, gradients)
            factors = [n for n in schedule.prepared if any(n in r.reads for r in (self.backward_loop, self.deferred))]
            self.prepared = region("prepared", schedule.prepared, factors)
            later = [self.prepared, self.backward_loop, self.deferred]
        self.before = self.before_reading([*self.loop.reads, *self.early], "", names)
        late = [n for r in later for n in r.reads if n not in self.early]
        self.before_back = self.before_reading(late, "_again", names)
        self.regions = [*self.before, self.loop, *self.before_back, *later]
        self.bulk_inputs = [*step.inputs.values(), *step.masks.values()]

    def before_reading(
        self, nodes: Sequence[Node], suffix: str = "", names: dict[Node, str] | None = None
    ) -> tuple[Region, Region]:
        """What must be computed from parameters, then from inputs, before something can read ``nodes``."""
        schedule = self.schedule
        read = set(nodes)
        writes = [n for n in schedule.hoisted if n in read]
        hoisted = make_region("hoisted" + suffix, schedule.hoisted, writes, self.constants, names)
        read |= set(hoisted.reads)
        writes = [n for n in schedule.once if n in read]
        return make_region("once" + suffix, schedule.once, writes, self.constants, names), hoisted

    @property
    def source(self) -> str:
        """The generated Python of every region."""
        return "\n\n".join(region.code for region in self.regions)

    def forward(
        self,
        parameters: Sequence[Tensor],
        inputs: Sequence[Tensor],
        masks: Sequence[Tensor],
        states: Sequence[Tensor],
        reverse: bool,
    ) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
        """Walk a sequence.

        Returns:
            the first state after every step ``(T, B, H)``, all states after the last step walked, and the values
            that the backward reads, each ``(T, B, n)``, in the order of ``schedule.saved``.
        """
        step = self.schedule.step
        length, rows = inputs[0].shape[:2]
        values = self.start(parameters, inputs, masks, self.before)
        current = dict(zip(step.states.values(), states))
        getters = self._getters(self.loop, values, length)
        outputs: list[list[Tensor]] = [[] for _ in range(1 + len(self.kept))]
        before: list[list[Tensor]] = [[] for _ in states]
        stored = set(self.saved)
        count = len(states)
        for t in range(length - 1, -1, -1) if reverse else range(length):
            for history, (node, state) in zip(before, current.items()):
                if node in stored:
                    history.append(state)
            result = self.loop.call(rows, *(current[n] if n in current else got(t) for n, got in getters))
            current = dict(zip(step.states.values(), result))
            outputs[0].append(result[0])
            for history, value in zip(outputs[1:], result[count:]):
                history.append(value)

        def pile(history: list[Tensor]) -> Tensor:
            return torch.stack(history[::-1] if reverse else history)

        saved_values = dict(zip(step.states.values(), before)) | dict(zip(self.kept, outputs[1:]))
        saved = [in_own_memory(values[n]) if n in self.early else pile(saved_values[n]) for n in self.saved]
        return pile(outputs[0]), tuple(current.values()), saved

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
        """Walk back.

        Returns:
            the gradients of ``schedule.wanted`` by name (of inputs ``(T, B, n)``), and those of the start states.
        """
        step = self.schedule.step
        length, rows = inputs[0].shape[:2]
        values = self.start(parameters, inputs, masks, self.before_back)
        values.update(zip(self.saved, saved))
        self._run_on_all(self.prepared, values, length * rows)
        cotangents = list(step.cotangents.values())
        current = dict(zip(cotangents, grad_states))
        getters = self._getters(self.backward_loop, values, length, set(cotangents))
        arriving = None if grad_output is None else grad_output.unbind(0)
        piles: list[list[Tensor]] = [[] for _ in self.schedule.carried]
        count = len(cotangents)
        for t in range(length) if reverse else range(length - 1, -1, -1):
            if arriving is not None:
                current[cotangents[0]] = current[cotangents[0]] + arriving[t]
            result = self.backward_loop.call(rows, *(current[n] if n in current else got(t) for n, got in getters))
            current = dict(zip(cotangents, result))
            for pile, value in zip(piles, result[count:]):
                pile.append(value)
        for node, pile in zip(self.schedule.carried, piles):
            values[node] = torch.stack(pile if reverse else pile[::-1])
        self._run_on_all(self.deferred, values, length * rows)
        gradients = {}
        for name in self.schedule.wanted:
            value = values[step.gradients[name]]
            gradients[name] = value
        return gradients, tuple(current.values())

    def start(
        self,
        parameters: Sequence[Tensor],
        inputs: Sequence[Tensor],
        masks: Sequence[Tensor],
        before: tuple[Region, Region],
    ) -> dict[Node, Tensor]:
        """Parameters, inputs, and what the two regions ``before`` the loop compute from them, by node."""
        once, hoisted = before
        step = self.schedule.step
        values = dict(zip(step.parameters.values(), parameters))
        values.update(zip(once.writes, once.call(0, *(values[n] for n in once.reads))))
        values.update(zip(self.bulk_inputs, (*inputs, *masks)))
        length, rows = inputs[0].shape[:2]
        self._run_on_all(hoisted, values, length * rows)
        return values

    def _run_on_all(self, region: Region, values: dict[Node, Tensor], rows: int) -> None:
        """Run a region on all steps at once: ``(T, B, n)`` values go in as ``(T * B, n)`` rows."""
        if not region.writes:
            return
        flat = [values[n].flatten(0, 1) if has_rows(n) else values[n] for n in region.reads]
        for node, value in zip(region.writes, region.call(rows, *flat)):
            if has_rows(node):
                length = next(iter(values[n].shape[0] for n in self.bulk_inputs))
                value = value.unflatten(0, (length, rows // length))
            values[node] = value

    def _getters(self, region: Region, values: dict[Node, Tensor], length: int, skip: set[Node] = frozenset()) -> list:  # type: ignore[assignment]
        """For each argument of a loop region a function of t."""
        getters: list[tuple[Node, Any]] = []
        moving = set(self.schedule.step.states.values()) if region is self.loop else skip
        for node in region.reads:
            if node in moving:
                getters.append((node, None))
            elif has_rows(node):
                getters.append((node, values[node].unbind(0).__getitem__))
            else:
                getters.append((node, lambda t, value=values[node]: value))
        return getters


def in_own_memory(value: Tensor) -> Tensor:
    """A value that keeps nothing but itself alive, as a slice of something larger would."""
    return value if value.untyped_storage().nbytes() == value.numel() * value.element_size() else value.clone()
