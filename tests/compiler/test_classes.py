"""The class of a cell, against the Jacobian of its state that autograd gives."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import plan_of
from tests.compiler.user_cells import (
    QRNN,
    RGLRU,
    Decay,
    DtLast,
    Forgets,
    IndexedPeepholes,
    IndRNN,
    Keeps,
    Layers,
    MinGRU,
    SoftmaxOverGates,
    TwoProducts,
    cell_of,
)
from torch import Tensor

from grunit.cells import GRU, LSTM, RNN, Cell, PeepholeGRU, PeepholeLSTM
from grunit.compiler.classes import classify, live_states

DENSE = [LSTM, GRU, PeepholeLSTM, RNN, PeepholeGRU, TwoProducts, SoftmaxOverGates, Layers, IndexedPeepholes, DtLast]
CLASSES = {"dense": DENSE, "elementwise": [IndRNN], "linear": [Decay, MinGRU, RGLRU, QRNN, Keeps, Forgets]}


def jacobian(cell: Cell, live: list[str], x: dict[str, Tensor], states: dict[str, Tensor]) -> Tensor:
    """How the new live states of one row change with the old ones, as one matrix (units, units)."""

    def walk(flat: Tensor) -> Tensor:
        pieces = dict(zip(live, flat.split([states[name].shape[1] for name in live]), strict=True))
        given = {**x, **states, **{name: value[None] for name, value in pieces.items()}}
        new = cell.step(*(given[name] for name in cell.argument_order()))
        named = dict(zip(cell.state, new if isinstance(new, tuple) else (new,), strict=True))
        return torch.cat([named[name][0] for name in live])

    return torch.func.jacrev(walk)(torch.cat([states[name][0] for name in live]))


@pytest.mark.parametrize(("kind", "make"), [(kind, make) for kind, several in CLASSES.items() for make in several])
def test_the_class_is_what_the_jacobian_says(kind, make):
    cell = make(3, 4).double()
    step = plan_of(cell).step
    assert classify(step) == kind
    live = [name for name in cell.state if name in live_states(step)]
    if not live:
        return  # nothing is carried from step to step
    sizes = {"x": 3, **cell.input_sizes()}
    x = {name: torch.rand(1, sizes.get(name, 1), dtype=torch.float64) for name in cell.inputs}

    def at(scale: float) -> Tensor:
        states = {name: scale * torch.randn(1, 4, dtype=torch.float64) for name in cell.state}
        return jacobian(cell, live, x, states)

    here, there = at(1.0), at(0.3)
    # Unit i of every live state may depend on unit i of every live state.
    alone = torch.eye(4, dtype=torch.bool).repeat(len(live), len(live))
    if kind == "dense":
        assert here[~alone].abs().max() > 1e-6
    else:
        assert not here[~alone].any()
        assert torch.allclose(here, there, rtol=0, atol=1e-14) == (kind == "linear")


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        (lambda s, x, h: h.roll(1, -1) * s.p + s.W(x), "dense"),
        (lambda s, x, h: h - h.mean(1, keepdim=True) + s.W(x), "dense"),
        (lambda s, x, h: h.view(-1, 2, 2).transpose(1, 2).reshape(-1, 4) + s.W(x), "dense"),
        (lambda s, x, h: h * h + s.W(x), "elementwise"),
        (lambda s, x, h: h / (1 + h.abs()), "elementwise"),
        (lambda s, x, h: torch.where(s.W(x) > 0, 2 * h, h - 1) / s.p.exp(), "linear"),
        (lambda s, x, h: torch.where(h > 0, 2 * h, h), "elementwise"),
    ],
)
def test_the_class_of_a_formula(formula, kind):
    assert classify(plan_of(cell_of(formula)).step) == kind


def test_a_state_that_is_only_an_output_does_not_count():
    assert live_states(plan_of(QRNN(3, 4)).step) == {"c"}
    assert live_states(plan_of(LSTM(3, 4)).step) == {"h", "c"}
