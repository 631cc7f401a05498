"""What leaves the loop, what stays in it, and how a schedule reads."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import plan_of
from tests.compiler.user_cells import MinGRU, SoftmaxOverGates, TwoProducts, cell_of

import grunit
from grunit import cells
from grunit.cells import GRU, LSTM, PeepholeLSTM
from grunit.compiler.schedule import PRODUCTS, schedule


def products(nodes) -> int:
    return sum(node.target in PRODUCTS for node in nodes)


@pytest.mark.parametrize(
    ("cell", "forward", "backward"),
    [
        (cells.RNN(3, 4), 1, 1),
        (LSTM(3, 4), 1, 1),
        (LSTM(3, 4, coupled_gates=True), 1, 1),
        (LSTM(3, 4, proj_size=2), 2, 2),
        (GRU(3, 4), 1, 1),
        (GRU(3, 4, reset_after=False), 2, 2),
        (PeepholeLSTM(3, 4), 1, 1),
        (cells.PeepholeGRU(3, 4), 1, 1),
        (TwoProducts(3, 4), 3, 3),
        (MinGRU(3, 4), 0, 0),
    ],
)
def test_the_loop_holds_only_the_products_of_states(cell, forward, backward):
    plan = plan_of(cell).schedule
    assert products(plan.loop) == forward
    assert products(plan.backward_loop) == backward
    assert sum(products(stage.nodes) for stage in plan.stages) == forward


def test_input_products_are_hoisted_and_weight_and_input_gradients_deferred():
    plan = plan_of(LSTM(3, 4)).schedule
    assert products(plan.hoisted) == 1
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "x"):
        assert plan.step.gradients[name] in plan.deferred
    assert products(plan.deferred) == 3


def test_what_is_made_of_parameters_alone_is_computed_once():
    plan = plan_of(cell_of(lambda s, x, h: torch.tanh(s.W(x) + h @ torch.tril(s.U.weight).T) * s.p.exp())).schedule
    assert {"exp", "where"} & {node.target._opname for node in plan.once if hasattr(node.target, "_opname")}
    assert not {"exp"} & {node.target._opname for node in plan.loop if hasattr(node.target, "_opname")}


def test_gradients_that_nobody_asks_for_are_not_computed():
    step = plan_of(LSTM(3, 4)).step
    assert products(schedule(step, ["weight_hh"]).deferred) == 1
    assert schedule(step, []).deferred == ()


@pytest.mark.parametrize("cell", [LSTM(3, 4), GRU(3, 4, reset_after=False), SoftmaxOverGates(3, 4)])
def test_every_value_is_computed_before_it_is_read(cell):
    plan = plan_of(cell).schedule
    step = plan.step
    known = {*step.parameters.values(), *step.inputs.values(), *step.masks.values(), *step.states.values()}
    for part in (plan.once, plan.hoisted, plan.loop):
        for node in part:
            assert set(node.all_input_nodes) <= known | {
                n
                for n in node.all_input_nodes
                if n.op == "call_function" and not isinstance(n.meta.get("val"), torch.Tensor)
            }
            known.add(node)
    assert set(step.new_states.values()) <= known


def test_a_schedule_reads_as_equations_with_the_names_of_the_cell():
    text = str(grunit.compile(PeepholeLSTM(3, 4)).schedule)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "PeepholeLSTM: dense in its state h (4), c (4)"
    for name in ("input_gate", "forget_gate", "candidate", "output_gate"):
        assert any(line.startswith(f"{name} = ") for line in lines), name
    (output_gate,) = [line for line in lines if line.startswith("output_gate = ")]
    assert output_gate.startswith("output_gate = sigmoid(")
    assert "weight_co" in output_gate
    assert "new_c" in output_gate
    hoisted = text[text.index("hoisted before the loop") : text.index("loop, stage 1")]
    assert "x @ weight_ih.T" in hoisted
    deferred = text[text.index("deferred after the reverse loop") :]
    for name in ("grad_weight_ih", "grad_weight_hh", "grad_x"):
        assert f"{name} = " in deferred
