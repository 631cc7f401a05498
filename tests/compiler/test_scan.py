"""Linear cells, all steps at once: against the plain loop, closed forms, and very long sequences."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import grunit
from grunit import Cell
from grunit.compiler import run
from grunit.compiler.eager import run_eagerly
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.scan import ScanProgram, scan


class MinGRU(Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 2 * hidden_size)

    def step(self, x, h):
        z, n = self.W(x).chunk(2, -1)
        z = torch.sigmoid(z)
        return ((1 - z) * h + z * n,)


class OutputGate(Cell):
    """The second state is carried on linearly, the first is only an output of it."""

    state = ("h", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 3 * hidden_size)

    def step(self, x, h, c):
        f, n, o = self.W(x).chunk(3, -1)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(n)
        return torch.sigmoid(o) * torch.tanh(c), c


class Decay(Cell):
    """Differences, quotients and numbers on the way of the state."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)
        self.a = nn.Parameter(torch.randn(hidden_size))

    def step(self, x, h):
        return (h - 0.3 * torch.sigmoid(self.a) * h / 2 + self.W(x) - 1,)


class DelayLine(Cell):
    """States that only hand on what the state before them was one and two steps ago."""

    state = ("d", "h", "e")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)

    def step(self, x, d, h, e):
        return e + 1, 0.5 * h + self.W(x), 2 * h


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 65])
def test_scan_is_the_recurrence_written_out(length):
    a, b = torch.rand(2, length, 3, dtype=torch.double)
    h, expected = torch.zeros(3, dtype=torch.double), []
    for t in range(length):
        h = a[t] * h + b[t]
        expected.append(h)
    torch.testing.assert_close(scan(a, b), torch.stack(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["torch", "c"])
@pytest.mark.parametrize("cell_class", [MinGRU, OutputGate, Decay, DelayLine])
@pytest.mark.parametrize(
    ("length", "rows", "reverse", "masked", "reset"),
    [(9, 3, False, False, False), (9, 3, True, False, False), (9, 3, True, True, True), (1, 1, False, False, False)],
)
def test_outputs_and_gradients_are_those_of_the_plain_loop(backend, cell_class, length, rows, reverse, masked, reset):
    cell = cell_class(4, 6).double()
    parameters = dict(cell.named_parameters())
    x = torch.randn(length, rows, 4, dtype=torch.double, requires_grad=True)
    states = [torch.randn(rows, 6, dtype=torch.double, requires_grad=True) for _ in cell.state]
    valid = torch.arange(length)[:, None] < torch.tensor([length, 2, 0])[:rows] if masked else None
    resets = torch.rand(length, rows) < 0.3 if reset else None
    leaves = [*parameters.values(), x, *states]

    def gradients(output, final):
        torch.manual_seed(1)
        loss = (output * torch.randn_like(output)).sum() + sum((f * torch.randn_like(f)).sum() for f in final)
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
        return [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, found)]

    with grunit.backend(backend):
        output, final = run(cell, parameters, [x], states, valid=valid, resets=resets, reverse=reverse)
        mine = gradients(output, final)
    masks = [None if mask is None else mask.unsqueeze(-1) for mask in (valid, resets)]
    expected, last = run_eagerly(cell, parameters, [x], states, *masks, reverse=reverse)
    for got, want in zip([output, *final, *mine], [expected, *last, *gradients(expected, last)]):
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)


def test_a_linear_cell_is_run_without_a_loop():
    cell = MinGRU(4, 6)
    plan = find_plan(cell, dict(cell.named_parameters()), [torch.zeros(2, 3, 4)], [torch.zeros(3, 6)], False, False)
    assert isinstance(plan, Plan)
    assert isinstance(plan.program(None, True, "torch"), ScanProgram)


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_65536_steps_in_float32_neither_overflow_nor_drift(backend):
    torch.manual_seed(0)
    cell = MinGRU(4, 6)
    parameters = dict(cell.named_parameters())
    x = torch.randn(65_536, 1, 4)
    with grunit.backend(backend):
        output, _ = run(cell, parameters, [x], [torch.zeros(1, 6)])
        output.mean().backward()
    assert output.isfinite().all()
    assert cell.W.weight.grad.isfinite().all()
    wide = cell.double()
    with torch.no_grad(), grunit.backend("torch"):
        expected, _ = run(wide, dict(wide.named_parameters()), [x.double()], [torch.zeros(1, 6, dtype=torch.double)])
    torch.testing.assert_close(output.double(), expected, rtol=1e-4, atol=1e-5)


def test_a_unit_that_keeps_for_10000_steps_keeps_its_digits_in_float32():
    keep = 1 - 1e-4 * torch.rand(65_536, 1, 4)
    truth = scan(keep.double(), torch.ones_like(keep).double())
    assert ((scan(keep, torch.ones_like(keep)) - truth).abs().max() / truth.max()) < 1e-5
