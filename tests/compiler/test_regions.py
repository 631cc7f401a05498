"""Parts of a step as functions: what they read, what they return, for any number of rows."""

from __future__ import annotations

import ast

import pytest
import torch
from tests.compiler.comparison import plan_of, weights_of
from tests.compiler.user_cells import cell_of
from torch.nn.functional import linear

from grunit.cells import GRU, LSTM
from grunit.compiler.printer import node_names
from grunit.compiler.regions import make_region


def region_of(plan, name, nodes, writes):
    step = plan.step
    return make_region(name, nodes, writes, step.graph.owning_module, node_names(step))


@pytest.mark.parametrize("rows", [1, 7, 60])
def test_a_hoisted_region_is_the_input_product_for_any_number_of_rows(rows):
    cell = LSTM(3, 4).double()
    plan = plan_of(cell).schedule
    region = region_of(plan, "hoisted", plan.hoisted + plan.once, [plan.hoisted[-1]])
    values = {**weights_of(cell), "x": torch.randn(rows, 3, dtype=torch.float64)}
    by_node = {node: values[name] for name, node in {**plan.step.parameters, **plan.step.inputs}.items()}
    (result,) = region.call(rows, *(by_node[node] for node in region.reads))
    expected = linear(values["x"], cell.weight_ih, cell.bias_ih) + cell.bias_hh
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)


def test_a_region_takes_only_what_its_results_are_made_of():
    plan = plan_of(GRU(3, 4)).schedule
    step = plan.step
    region = region_of(plan, "reset", plan.loop, [step.gates["reset_gate"]])
    assert set(region.reads).isdisjoint(step.cotangents.values())
    assert "candidate" not in region.code
    assert region.writes == (step.gates["reset_gate"],)


def test_a_result_from_elsewhere_is_passed_through():
    plan = plan_of(GRU(3, 4)).schedule
    h = plan.step.states["h"]
    region = region_of(plan, "nothing", (), [h])
    value = torch.randn(2, 4)
    assert region.reads == (h,)
    assert region.call(2, value)[0] is value


def test_a_sum_and_a_product_become_one_call():
    plan = plan_of(GRU(3, 4)).schedule
    region = region_of(plan, "step", plan.loop, list(plan.step.new_states.values()))
    assert "torch.addmm(" in region.code
    assert "torch.mm(" not in region.code


def test_the_code_is_python_with_the_names_of_the_cell():
    plan = plan_of(GRU(3, 4)).schedule
    region = region_of(plan, "step", plan.loop, list(plan.step.new_states.values()))
    (function,) = ast.parse(region.code).body[-1:]
    assert isinstance(function, ast.FunctionDef)
    assert function.name == "step"
    assert function.args.args[0].arg == "rows"
    for name in ("reset_gate", "candidate", "update_gate", "new_h"):
        assert f"{name} = " in region.code


@pytest.mark.parametrize("rows", [1, 6])
def test_a_size_is_worked_out_from_the_number_of_rows(rows):
    cell = cell_of(lambda s, x, h: torch.tanh(s.W(x) + h.reshape(-1, 2).sin().reshape(-1, 4))).double()
    plan = plan_of(cell).schedule
    step = plan.step
    region = region_of(plan, "step", plan.loop + plan.hoisted + plan.once, list(step.new_states.values()))
    values = {**weights_of(cell), "x": torch.randn(rows, 3, dtype=torch.float64)}
    values["h"] = torch.randn(rows, 4, dtype=torch.float64)
    groups = {**step.parameters, **step.inputs, **step.states}
    by_node = {node: values[name] for name, node in groups.items()}
    (result,) = region.call(rows, *(by_node[node] for node in region.reads))
    torch.testing.assert_close(result, torch.tanh(cell.W(values["x"]) + values["h"].sin()), rtol=1e-12, atol=1e-12)
