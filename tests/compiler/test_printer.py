"""What is printed is what is computed: the printed equations, read as Python, give autograd's numbers."""

from __future__ import annotations

import re

import pytest
import torch
from tests.compiler.comparison import plan_of
from tests.compiler.user_cells import SoftmaxOverGates, TwoProducts, cell_of
from torch import Tensor

from grunit.cells import GRU, LSTM, RNN, Cell, PeepholeGRU, PeepholeLSTM

# The words of a printed schedule that are not Python's.
WORDS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "cat": lambda *parts, dim=-1: torch.cat(parts, dim),
    "sum_rows": lambda value: value.sum(0, keepdim=True),
    "view": torch.reshape,
    "full": torch.full,
    "full_like": torch.full_like,
}


def work_through(text: str, values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Every line ``name = formula`` of a printed schedule, worked out from the top."""
    scope = {**WORDS, **values}
    for line in text.splitlines():
        if line.startswith("    ") and " = " in line:
            name, formula = line.strip().split(" = ", 1)
            scope[name] = eval(formula, {}, scope)
        elif line.startswith("    next: "):
            results = [each.split(" <- ") for each in line.removeprefix("    next: ").split(", ")]
            scope.update({f"new_{name}": scope[result] for name, result in results})
    return scope


@pytest.mark.parametrize(
    "cell",
    [
        RNN(3, 4),
        LSTM(3, 4),
        LSTM(3, 4, coupled_gates=True),
        LSTM(3, 4, proj_size=2),
        GRU(3, 4),
        GRU(3, 4, reset_after=False),
        PeepholeLSTM(3, 4),
        PeepholeGRU(3, 4),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_the_printed_equations_are_a_step_and_its_gradients(cell: Cell):
    cell = cell.double()
    weights = dict(cell.named_parameters())
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    sizes = [cell.state_sizes().get(name, 4) for name in cell.state]
    states = [torch.randn(5, size, dtype=torch.float64, requires_grad=True) for size in sizes]
    new = cell.step(x, *states)
    arriving = [torch.randn_like(value) for value in new]
    leaves = {"x": x, **dict(zip(cell.state, states, strict=True)), **weights}
    gradients = torch.autograd.grad(new, list(leaves.values()), arriving)

    given = {name: value.detach() for name, value in leaves.items()}
    given.update({f"grad_new_{name}": value for name, value in zip(cell.state, arriving, strict=True)})
    found = work_through(str(plan_of(cell).schedule), given)
    for name, value in zip(cell.state, new, strict=True):
        torch.testing.assert_close(found[f"new_{name}"], value.detach(), rtol=1e-12, atol=1e-12)
    for name, value in zip(leaves, gradients, strict=True):
        torch.testing.assert_close(found[f"grad_{name}"], value, rtol=1e-12, atol=1e-12)


def lines_of(cell: Cell) -> list[str]:
    return [line.strip() for line in str(plan_of(cell).schedule).splitlines()]


def test_the_first_line_names_the_cell_its_class_and_its_states():
    assert lines_of(LSTM(3, 4, proj_size=2))[0] == "LSTM: dense in its state h (2), c (4)"


def test_the_headings_say_when_each_part_runs():
    text = str(plan_of(GRU(3, 4)).schedule)
    headings = [
        "hoisted before the loop, all steps at once",
        "loop, stage 1: product",
        "loop, stage 2: pointwise",
        "saved for the backward: ",
        "prepared before the reverse loop, all steps at once",
        "reverse loop, stage 1: pointwise",
        "reverse loop, stage 2: product",
        "deferred after the reverse loop, all steps at once",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)


def test_gates_keep_the_names_the_cell_gave_them():
    starts = {line.split(" = ")[0] for line in lines_of(PeepholeLSTM(3, 4)) if " = " in line}
    assert {"input_gate", "forget_gate", "candidate", "output_gate", "new_h", "new_c"} <= starts


def test_what_is_saved_is_called_as_in_the_equations():
    lines = lines_of(GRU(3, 4))
    (saved,) = [line.removeprefix("saved for the backward: ") for line in lines if line.startswith("saved")]
    equations = "\n".join(lines).split("saved for the backward")[0]
    # A cut is written where it is read: "v3[:, 8:12]", whose own comma is none between two names.
    for name in saved.replace("[:, ", "[:,").split(", "):
        assert name.replace("[:,", "[:, ") in equations, name


def test_brackets_stand_where_the_order_needs_them():
    cell = cell_of(lambda s, x, h: (s.W(x) - (h - (s.p - h))) / ((h * h + 3) / (h * h + 2))).double()
    x, h = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    weights = {name.replace(".", "_"): value.detach() for name, value in cell.named_parameters()}
    forward = str(plan_of(cell).schedule).split("saved for the backward")[0]
    found = work_through(forward, {**weights, "x": x, "h": h})
    torch.testing.assert_close(found["new_h"], cell.step(x, h)[0].detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", [TwoProducts(3, 4), SoftmaxOverGates(3, 4)])
def test_no_value_is_read_before_the_line_that_makes_it(cell):
    made: set[str] = set()
    for line in lines_of(cell):
        if " = " in line:
            name, formula = line.split(" = ", 1)
            assert set(re.findall(r"\bv\d+\b", formula)) <= made, line
            made.add(name)
