"""Single steps in C against the equations called as they are, and products against numpy."""

from __future__ import annotations

import numpy
import pytest
import torch
from tests.compiler import user_cells
from torch import nn

from grunit.compiler.c_step import Part, StepFunction, StepProgram
from grunit.compiler.eager import call_step
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.trace import UncompilableError
from grunit.nn.stack import Rows


def part_of(cell, rows, dtype, remembers=True):
    sizes = [cell.input_size, *(cell.input_sizes().get(name, 1) for name in cell.inputs[1:])]
    inputs = [torch.randn(rows, size, dtype=dtype) for size in sizes]
    widths = [cell.state_sizes().get(name, cell.hidden_size) for name in cell.state]
    states = [torch.randn(2, rows, width, dtype=dtype) for width in widths]
    parameters = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
    plan = find_plan(cell, parameters, inputs, [state[0] for state in states], False, False)
    assert isinstance(plan, Plan)
    return Part(plan.step, inputs, states, remembers), parameters


def program_of(parts, dtype, weights="float32"):
    given = [[parameters[name] for name in part.step.parameters] for part, parameters in parts]
    return StepProgram([part for part, _ in parts], given, dtype, weights)


def compiles(part, dtype):
    try:
        StepFunction("try", part.step, dtype)
    except UncompilableError:
        return False
    return True


@pytest.mark.parametrize("rows", [1, 3])
def test_every_cell_a_user_may_write_steps_as_its_equations_say(rows):
    """All of them in one function: each is a part of its own."""
    tried = []
    for kind in user_cells.CELLS:
        cell = kind(3, 5).double().eval()
        part, parameters = part_of(cell, rows, torch.float64)
        if compiles(part, torch.float64):
            tried.append((cell, part, parameters))
    assert len(tried) > 0.8 * len(user_cells.CELLS)
    program = program_of([(part, parameters) for _, part, parameters in tried], torch.float64)
    for _ in range(2):
        with torch.no_grad():
            expected = [call_step(c, p, part.inputs, [s[0].clone() for s in part.states]) for c, part, p in tried]
        assert program.function(program.table) == 0
        for (cell, part, _), new in zip(tried, expected):
            for name, ring, value in zip(cell.state, part.states, new):
                assert torch.allclose(ring[1], value, rtol=1e-12, atol=1e-12), (type(cell).__name__, name)
                assert torch.equal(ring[0], ring[1]), (type(cell).__name__, name)


def rounded(weight, how):
    """A weight (outputs, inputs) as the documentation says it is kept, in float64."""
    if how == "float32":
        return weight.double()
    if how == "bfloat16":
        return weight.bfloat16().double()
    scale = weight.abs().amax(1, keepdim=True) / 127
    return torch.round(weight / scale).double() * scale.double()


SHAPES = [(k, n) for k in (1, 2, 3, 5, 16, 33, 100) for n in (1, 7, 8, 15, 16, 17, 33, 64, 65, 130)]


@pytest.mark.parametrize("flags", [None, "-O3"])
@pytest.mark.parametrize("weights", ["float32", "bfloat16", "int8"])
def test_products_of_every_shape_with_weights_of_every_kind(weights, flags, monkeypatch):
    """With this processor's widest vectors, and without any beyond the plainest."""
    if flags is not None:
        monkeypatch.setenv("GRUNIT_CFLAGS", flags)
    # A sample of shapes, since each is a function to compile.
    chosen = [SHAPES[i] for i in numpy.random.default_rng(0).permutation(len(SHAPES))[:24]]
    for rows in (1, 4):
        layers = [nn.Linear(k, n) for k, n in chosen]
        parts = [part_of(Rows([layer], *shape), rows, torch.float32, False) for layer, shape in zip(layers, chosen)]
        program = program_of(parts, torch.float32, weights)
        assert program.function(program.table) == 0
        for layer, (part, _) in zip(layers, parts):
            x = part.inputs[0].double()
            weight, bias = rounded(layer.weight.detach(), weights), layer.bias.detach().double()
            error = (part.states[0][1] - (x @ weight.T + bias)).abs()
            # Each sum of k + 1 terms is rounded at most 2 k + 2 times in float32.
            terms = x.abs() @ weight.abs().T + bias.abs()
            assert (error <= terms * (2 * x.shape[1] + 4) * 2.0**-24).all()


def test_one_row_gives_the_very_numbers_that_it_gives_among_others():
    cell = Rows([nn.Linear(37, 90)], 37, 90)
    many, parameters = part_of(cell, 7, torch.float32, False)
    one, _ = part_of(cell, 1, torch.float32, False)
    one.inputs[0].copy_(many.inputs[0][4:5])
    for part in (many, one):
        program = program_of([(part, parameters)], torch.float32)
        assert program.function(program.table) == 0
    assert torch.equal(one.states[0][1][0], many.states[0][1][4])


def test_layers_of_one_plan_share_a_function():
    cell = user_cells.Nested(5, 5)
    parts = [part_of(cell, 1, torch.float32) for _ in range(3)]
    assert program_of(parts, torch.float32).source.count("static void step_") == 1
