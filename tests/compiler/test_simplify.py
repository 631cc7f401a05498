"""Simplifying keeps every value, and does what it says: against autograd in double precision, node by node."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import example, weights_of
from tests.compiler.user_cells import Layers, SoftmaxOverGates, TwoProducts, cell_of
from torch.fx import Interpreter
from torch.fx.graph_module import GraphModule

from grunit.cells import GRU, LSTM, Cell, PeepholeGRU, PeepholeLSTM
from grunit.compiler.program import StepGraph
from grunit.compiler.simplify import dependence, simplify
from grunit.compiler.trace import trace

aten = torch.ops.aten


def traced(cell: Cell) -> StepGraph:
    inputs, states = example(cell, 1, 2, requires_grad=False)
    return trace(cell, weights_of(cell), [value[0] for value in inputs], states, masked=False, resettable=False)


def simplified(cell: Cell) -> StepGraph:
    step = traced(cell)
    simplify(step.graph, set(step.states.values()), set(step.cotangents.values()))
    return step


def count(step: StepGraph, target) -> int:
    return sum(node.target is target for node in step.graph.nodes)


@pytest.mark.parametrize(
    "cell",
    [
        LSTM(3, 4),
        GRU(3, 4, reset_after=False),
        PeepholeLSTM(3, 4, coupled_gates=True),
        PeepholeGRU(3, 4),
        TwoProducts(3, 4),
        SoftmaxOverGates(3, 4),
        Layers(3, 4),
    ],
    ids=lambda cell: type(cell).__name__,
)
@pytest.mark.parametrize("rows", [1, 5])
def test_new_states_and_gradients_stay_those_of_autograd(cell, rows):
    cell = cell.double()
    step = simplified(cell)
    inputs, states = example(cell, 1, rows)
    inputs = [value[0].detach().requires_grad_() for value in inputs]
    weights = weights_of(cell)
    given = dict(zip((*cell.inputs, *cell.state), (*inputs, *states), strict=True))
    new = cell.step(*(given[name] for name in cell.argument_order()))
    new = new if isinstance(new, tuple) else (new,)
    arriving = [torch.randn_like(value) for value in new]
    leaves = {name: value for name, value in {**weights, **given}.items() if value.requires_grad}
    gradients = dict(zip(leaves, torch.autograd.grad(new, list(leaves.values()), arriving, allow_unused=True)))

    module = GraphModule(step.graph.owning_module, step.graph)
    flat = [value.detach() for value in (*weights.values(), *inputs, *states, *arriving)]
    results = list(Interpreter(module).run(*flat))
    for got, expected in zip(results[: len(new)], new, strict=True):
        torch.testing.assert_close(got, expected.detach(), rtol=1e-12, atol=1e-12)
    for name, got in zip(step.gradients, results[len(new) :]):
        if gradients.get(name) is not None:
            torch.testing.assert_close(got, gradients[name], rtol=1e-12, atol=1e-12)


def test_what_is_written_twice_is_computed_once():
    once = simplified(cell_of(lambda s, x, h: torch.tanh(s.W(x)) * h))
    twice = simplified(cell_of(lambda s, x, h: torch.tanh(s.W(x)) * h + 0 * torch.tanh(s.W(x))))
    assert count(twice, aten.tanh.default) == count(once, aten.tanh.default) == 1


def test_a_transpose_of_a_transpose_is_none():
    step = simplified(cell_of(lambda s, x, h: torch.tanh(s.W(x) + (s.U.weight @ h.T).T)))
    for node in step.graph.nodes:
        if node.target is aten.permute.default:
            assert node.args[0].target is not aten.permute.default


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_terms_known_before_the_loop_are_added_before_it_in_whatever_order_they_stand(order):
    def formula(s, x, h):
        terms = [s.p, s.W.weight[:, 0] * x[:, :1], s.U.weight[0] * h]
        first, second, third = (terms[place] for place in order)
        return torch.tanh(first + second + third)

    step = simplified(cell_of(formula))
    late = dependence(step.graph, set(step.states.values()))
    late_sums = [
        node
        for node in step.graph.nodes
        if node.target is aten.add.Tensor and node in late and node in set(step.graph.nodes)
    ]
    forward = [node for node in late_sums if any(user.target is aten.tanh.default for user in node.users)]
    (last,) = forward
    assert sum(read in late for read in last.all_input_nodes) == 1
    (early,) = [read for read in last.all_input_nodes if read not in late]
    assert early.target is aten.add.Tensor


def test_what_nobody_reads_is_dropped():
    step = simplified(cell_of(lambda s, x, h: (torch.sin(h), torch.tanh(s.W(x) + h))[1]))
    assert count(step, aten.sin.default) == 0
