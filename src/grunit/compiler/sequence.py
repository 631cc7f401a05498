"""A plan as one differentiable operation over whole sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grunit.compiler.eager import run_eagerly
from grunit.compiler.plan import Plan


class _Layout:
    """How the flat tensors of an autograd function divide into parameters, inputs, masks and states."""

    def __init__(self, plan: Plan, cell: Any, names: Sequence[str], masks: int, reverse: bool):
        self.plan, self.cell, self.names, self.reverse = plan, cell, tuple(names), reverse
        step = plan.step
        self.counts = (len(self.names), len(step.inputs), masks, len(step.states))
        self.labels = (*self.names, *step.inputs, *(None for _ in range(masks)), *step.states)

    def divide(self, flat: Sequence[Any]) -> list[list[Any]]:
        parts, start = [], 0
        for count in self.counts:
            parts.append(list(flat[start : start + count]))
            start += count
        return parts

    def masks_by_name(self, masks: Sequence[Tensor]) -> dict[str, Tensor]:
        return {{"valid": "valid", "reset": "resets"}[n]: m for n, m in zip(self.plan.step.masks, masks)}


class _Sequence(torch.autograd.Function):
    """The whole walk; its backward is the compiled pullback, its second backward goes through plain PyTorch."""

    @staticmethod
    def forward(ctx: Any, layout: _Layout, *flat: Tensor) -> tuple[Tensor, ...]:
        parameters, inputs, masks, states = layout.divide(flat)
        labels = layout.labels
        wanted = frozenset(n for n, need in zip(labels, ctx.needs_input_grad[1:]) if need and n is not None)
        wanted -= set(layout.plan.step.states)
        program = layout.plan.program(wanted, True)
        output, final, saved = program.forward(parameters, inputs, masks, states, layout.reverse)
        if output._is_view():
            # It may be a window on values the backward reads, and callers change outputs in place.
            output = output.clone()
        ctx.layout, ctx.program, ctx.count = layout, program, len(flat)
        ctx.save_for_backward(*flat, *saved)
        ctx.set_materialize_grads(False)
        return (output, *final)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor | None, *grad_final: Tensor | None) -> tuple[Any, ...]:
        tensors = ctx.saved_tensors
        flat, saved = tensors[: ctx.count], tensors[ctx.count :]
        if torch.is_grad_enabled():
            return (None, *_differentiable_backward(ctx, flat, (grad_output, *grad_final)))
        layout = ctx.layout
        parameters, inputs, masks, states = layout.divide(flat)
        arriving = [torch.zeros_like(s) if g is None else g for g, s in zip(grad_final, states)]
        gradients, first = ctx.program.backward(parameters, inputs, masks, saved, grad_output, arriving, layout.reverse)
        gradients.update(zip(layout.plan.step.states, first))
        for name in layout.plan.unused.difference(layout.plan.step.states):
            gradients.pop(name, None)
        return (
            None,
            *(gradients.get(name) if need else None for name, need in zip(layout.labels, ctx.needs_input_grad[1:])),
        )


def _differentiable_backward(ctx: Any, flat: Sequence[Tensor], arriving: Sequence[Tensor | None]) -> list[Any]:
    """The gradients as a differentiable function of everything, for ``create_graph=True``."""
    layout: _Layout = ctx.layout
    with torch.enable_grad():
        # Views, so that a tensor computed from another (a state from the input) does not pass its gradient on twice.
        flat = [value.view_as(value) if value.requires_grad else value for value in flat]
        parameters, inputs, masks, states = layout.divide(flat)
        output, final = run_eagerly(
            layout.cell,
            dict(zip(layout.names, parameters)),
            inputs,
            states,
            reverse=layout.reverse,
            **layout.masks_by_name(masks),
        )
        results = [(r, g) for r, g in zip((output, *final), arriving) if g is not None and r.requires_grad]
        needed = [i for i, need in enumerate(ctx.needs_input_grad[1:]) if need]
        found = torch.autograd.grad(
            [r for r, _ in results],
            [flat[i] for i in needed],
            [g for _, g in results],
            create_graph=True,
            allow_unused=True,
        )
    gradients: list[Any] = [None] * len(flat)
    for i, value in zip(needed, found):
        gradients[i] = value
    return gradients


def run_plan(
    plan: Plan,
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    masks: Sequence[Tensor],
    states: Sequence[Tensor],
    reverse: bool,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a plan over a sequence; the arguments of :func:`grunit.compiler.run`, masks ``(T, B, 1)``."""
    flat = (*parameters.values(), *inputs, *masks, *states)
    if torch.is_grad_enabled() and any(value.requires_grad for value in flat):
        layout = _Layout(plan, cell, list(parameters), len(masks), reverse)
        output, *final = _Sequence.apply(layout, *flat)
        return output, tuple(final)
    program = plan.program(None, False)
    output, last, _ = program.forward(list(parameters.values()), inputs, masks, states, reverse)
    return output, last
