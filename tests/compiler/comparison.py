"""A compiled walk against the plain loop with plain autograd, in float64: what every test of the compiler asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grunit.cells import Cell
from grunit.compiler.eager import run_eagerly
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.run import run

TOLERANCE = 1e-10


def weights_of(cell: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, as the layers hand them to the compiler."""
    return {**dict(cell.named_parameters()), **dict(cell.named_buffers())}


def example(cell: Cell, length: int = 4, rows: int = 3, *, requires_grad: bool = True) -> tuple[list[Tensor], ...]:
    """Random inputs ``(T, B, n)`` and start states ``(B, n)`` that fit a cell, in the dtype of its parameters."""
    dtype = next((p.dtype for p in cell.parameters()), torch.float64)
    assert cell.input_size is not None
    sizes = {"x": cell.input_size, **cell.input_sizes()}
    inputs = [torch.randn(length, rows, sizes.get(name, 1), dtype=dtype) for name in cell.inputs]
    states = [torch.randn(rows, cell.state_sizes().get(name, cell.hidden_size), dtype=dtype) for name in cell.state]
    for value in (*inputs, *states):
        value.requires_grad_(requires_grad)
    return inputs, states


def masks_of(lengths: Sequence[int] | None, resets: Tensor | None, length: int) -> dict[str, Tensor | None]:
    """The masks ``(T, B)`` that ``run`` takes."""
    valid = None if lengths is None else torch.arange(length)[:, None] < torch.tensor(list(lengths))
    return {"valid": valid, "resets": resets}


def walk_eagerly(
    cell: Any, weights: Any, inputs: Any, states: Any, *, valid: Any = None, resets: Any = None, **more: Any
):
    """The plain loop with the masks of ``run``."""
    column = {"valid": valid, "resets": resets}
    return run_eagerly(
        cell, weights, inputs, states, **{k: None if m is None else m[..., None] for k, m in column.items()}, **more
    )


def plan_of(cell: Cell) -> Plan:
    """The plan of a cell, or a failure that says why there is none."""
    inputs, states = example(cell, 1, 1)
    plan = find_plan(cell, weights_of(cell), [v.detach() for v in inputs], states, False, False)
    assert isinstance(plan, Plan), plan.reason
    return plan


def weighted_sum(tensors: Sequence[Tensor]) -> Tensor:
    """A loss whose derivative is different for every element."""
    total = torch.zeros((), dtype=tensors[0].dtype)
    for tensor in tensors:
        total = total + (tensor * torch.linspace(-1, 2, tensor.numel(), dtype=tensor.dtype).view_as(tensor)).sum()
    return total


def assert_same(got: Tensor | None, expected: Tensor | None, what: str, tolerance: float = TOLERANCE) -> None:
    """Equal to rounding; a missing gradient counts as zero, as it does for an optimiser."""
    if got is None and expected is None:
        return
    if got is None or expected is None:
        present = got if expected is None else expected
        assert present is not None
        got = torch.zeros_like(present) if got is None else got
        expected = torch.zeros_like(present) if expected is None else expected
    assert got.shape == expected.shape, f"{what}: {tuple(got.shape)} instead of {tuple(expected.shape)}"
    assert got.dtype == expected.dtype, f"{what}: {got.dtype} instead of {expected.dtype}"
    torch.testing.assert_close(
        got, expected, rtol=tolerance, atol=tolerance, equal_nan=True, msg=lambda text: f"{what}: {text}"
    )


def assert_equals_the_loop(
    cell: Cell,
    length: int = 4,
    rows: int = 3,
    *,
    lengths: Sequence[int] | None = None,
    resets: Tensor | None = None,
    reverse: bool = False,
    compiled: bool = True,
    inputs: list[Tensor] | None = None,
    states: list[Tensor] | None = None,
) -> None:
    """Output, final states and all gradients of ``run`` equal those of the plain loop, in float64.

    Args:
        compiled: also require that the step was compiled (otherwise this would compare the loop with itself).
    """
    cell = cell.double()
    if compiled:
        plan_of(cell)
    new_inputs, new_states = example(cell, length, rows)
    inputs, states = inputs or new_inputs, states or new_states
    weights = weights_of(cell)
    options: dict[str, Any] = {**masks_of(lengths, resets, length), "reverse": reverse}
    leaves = {
        **{f"parameter {n}": p for n, p in cell.named_parameters() if p.requires_grad},
        **{f"input {n}": v for n, v in zip(cell.inputs, inputs) if v.requires_grad},
        **{f"state {n}": v for n, v in zip(cell.state, states) if v.requires_grad},
    }

    def walk(function: Any) -> tuple[Tensor, Any, Any]:
        output, final = function(cell, weights, inputs, states, **options)
        found = torch.autograd.grad(weighted_sum([output, *final]), list(leaves.values()), allow_unused=True)
        return output, final, found

    output, final, found = walk(run)
    true_output, true_final, truth = walk(walk_eagerly)
    assert_same(output, true_output, "output")
    for name, got, expected in zip(cell.state, final, true_final, strict=True):
        assert_same(got, expected, f"final {name}")
    for name, got, expected in zip(leaves, found, truth, strict=True):
        assert_same(got, expected, f"gradient of {name}")
    with torch.no_grad():
        output, final = run(cell, weights, inputs, states, **options)
    assert not output.requires_grad
    assert_same(output, true_output.detach(), "output without gradients")
    for name, got, expected in zip(cell.state, final, true_final, strict=True):
        assert_same(got, expected.detach(), f"final {name} without gradients")
