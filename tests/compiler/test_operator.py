"""``torch.compile`` and ``torch.export``: whole walks in a captured graph, with the numbers of the plain call."""

from __future__ import annotations

import io

import pytest
import torch
from torch._dynamo.utils import counters

import grunit
from grunit import Recurrent, cells, nn
from grunit.cells import Cell
from grunit.errors import CompileWarning, InputError

# From inside torch, which these tests import more of than others do.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(autouse=True)
def _fresh_captures():
    torch._dynamo.reset()
    counters.clear()


def graphs() -> int:
    return counters["stats"]["unique_graphs"]


def results_of(function, module, x, *arguments, **named):
    """Output, states and every gradient of one call."""
    module.zero_grad()
    x = x.clone().requires_grad_()
    output, state = function(x, *arguments, **named)
    states = state if isinstance(state, tuple) else (state,)
    (output.square().sum() + sum(s.sum() for s in states)).backward()
    return [output, *states, x.grad, *(p.grad.clone() for p in module.parameters())]


def assert_compiled_equals_plain(module, compiled, x, *arguments, **named):
    got = results_of(compiled, module, x, *arguments, **named)
    expected = results_of(module, module, x, *arguments, **named)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other)


MODULES = {
    "layers and directions": lambda: Recurrent("gru", 3, 4, num_layers=2, bidirectional=True),
    "drop-in": lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True),
}


@pytest.mark.parametrize(("make", "backend"), list(zip(MODULES.values(), ["torch", "c"])), ids=MODULES)
def test_one_graph_serves_all_lengths_and_batch_sizes(make, backend):
    module = make()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager", dynamic=True)
    with grunit.backend(backend):
        assert_compiled_equals_plain(module, compiled, torch.randn(5, 4, 3))
        once = graphs()
        for shape in ((7, 3, 3), (3, 9, 3), (40, 5, 3)):
            assert_compiled_equals_plain(module, compiled, torch.randn(shape))
        assert graphs() == once
        with torch.no_grad():
            x = torch.randn(6, 4, 3)
            torch.testing.assert_close(compiled(x)[0], module(x)[0], rtol=0, atol=0)


def test_the_default_compiler_runs_forward_and_backward():
    module = Recurrent("peephole_lstm", 3, 4)
    compiled = torch.compile(module, fullgraph=True)
    with grunit.backend("c"):
        for length in (5, 8):
            assert_compiled_equals_plain(module, compiled, torch.randn(length, 2, 3))


def test_the_graph_holds_one_walk_and_no_loop():
    kept = []

    def look(graph, example):
        kept.append(graph)
        return graph.forward

    module = Recurrent("lstm", 3, 4)
    torch.compile(module, fullgraph=True, backend=look)(torch.randn(1000, 2, 3))
    (graph,) = kept
    targets = [str(node.target) for node in graph.graph.nodes if node.op == "call_function"]
    assert sum("grunit" in name and "walk" in name for name in targets) == 1
    assert len(targets) < 30


def test_lengths_and_resets_in_a_graph():
    module = Recurrent("gru", 3, 4)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    for lengths in ([5, 2], [1, 4]):
        named = {"lengths": torch.tensor(lengths), "resets": torch.rand(5, 2) < 0.3}
        assert_compiled_equals_plain(module, compiled, torch.randn(5, 2, 3), **named)


def test_autocast_in_a_graph():
    module = Recurrent("gru", 3, 4)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    with torch.autocast("cpu", torch.bfloat16):
        assert_compiled_equals_plain(module, compiled, torch.randn(5, 2, 3))


def test_frozen_and_parametrised_weights_in_a_graph():
    module = nn.GRU(3, 4)
    torch.nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    assert_compiled_equals_plain(module, compiled, torch.randn(5, 2, 3))
    frozen = nn.LSTM(3, 4)
    frozen.weight_ih_l0.requires_grad_(False)
    output, _ = torch.compile(frozen, fullgraph=True, backend="aot_eager")(torch.randn(5, 2, 3))
    output.sum().backward()
    assert frozen.weight_ih_l0.grad is None
    assert frozen.weight_hh_l0.grad is not None


class Scaled(Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = torch.nn.Linear(input_size, hidden_size)
        self.scale, self.keep = 1.0, True

    def step(self, x, h):
        return (self.scale * torch.tanh(self.W(x)) + (0.5 * h if self.keep else 0),)


def test_changed_attributes_make_a_new_graph():
    module = Recurrent(Scaled, 3, 4)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    x = torch.randn(5, 2, 3)
    for attribute, value in (("scale", 1.0), ("scale", 2.0), ("scale", 3.0), ("keep", False)):
        setattr(module.cells[0], attribute, value)
        assert_compiled_equals_plain(module, compiled, x)


def test_one_compiled_function_for_several_modules():
    modules = [Recurrent(Scaled, 3, 4) for _ in range(2)]
    modules[1].cells[0].scale = 7.0
    function = torch.compile(lambda module, x: module(x)[0], fullgraph=True, backend="aot_eager")
    x = torch.randn(5, 2, 3)
    for module in modules:
        torch.testing.assert_close(function(module, x), module(x)[0])


class Noisy(Cell):
    def step(self, x, h):
        return (x + 0.5 * h + 0 * torch.rand_like(h),)


def test_a_cell_that_cannot_be_planned_is_unrolled():
    module = Recurrent(Noisy, 4, 4)
    x = torch.randn(3, 2, 4)
    with pytest.warns(CompileWarning, match="draws random numbers"):
        output, _ = torch.compile(module, fullgraph=True, backend="aot_eager")(x)
    torch.testing.assert_close(output[1], x[1] + 0.5 * x[0])


def reload(program):
    stream = io.BytesIO()
    torch.export.save(program, stream)
    stream.seek(0)
    return torch.export.load(stream)


@pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)
def test_an_exported_program_of_fixed_length_is_plain_torch(make):
    module = make()
    batch = 0 if getattr(module, "batch_first", False) else 1
    shapes = {"input": {batch: torch.export.Dim("B")}}
    program = reload(torch.export.export(module, (torch.randn(5, 5, 3),), dynamic_shapes=shapes))
    assert not any("grunit" in str(node.target) for node in program.graph.nodes)
    x = torch.randn((7, 5, 3) if batch == 0 else (5, 7, 3))
    torch.testing.assert_close(program.module()(x), module(x))


@pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)
def test_an_exported_program_of_open_length_holds_the_walk(make):
    module = make()
    shapes = {"input": {0: torch.export.Dim("one"), 1: torch.export.Dim("other")}}
    program = reload(torch.export.export(module, (torch.randn(5, 4, 3),), dynamic_shapes=shapes))
    assert any("grunit.walk" in str(node.target) for node in program.graph.nodes)
    for shape in ((9, 7, 3), (1, 1, 3)):
        x = torch.randn(shape)
        torch.testing.assert_close(program.module()(x), module(x))


def test_export_with_lengths():
    module = Recurrent("lstm", 3, 4)
    x = torch.randn(5, 2, 3)
    program = torch.export.export(module, (x,), kwargs={"lengths": torch.tensor([5, 2])})
    lengths = torch.tensor([3, 4])
    torch.testing.assert_close(program.module()(x, lengths=lengths), module(x, lengths=lengths))


def test_a_graph_of_another_process_is_refused_by_name():
    x, h = torch.zeros(2, 1, 3), torch.zeros(1, 4)
    with pytest.raises(InputError, match=r"recurrent cell GRU.*capture it again"):
        torch.ops.grunit.walk("GRU-auto-of-elsewhere", None, [], [x], [], [h], False)


def test_the_operators_keep_the_rules_of_operators():
    """Schemas, aliases, fake results and captured gradients, checked by PyTorch itself."""
    from grunit.compiler.operator import plan_key, walk

    cell = cells.LSTM(3, 4)
    names, parameters = zip(*cell.named_parameters())
    device = torch.device("cpu")
    forms = tuple((tuple(p.shape), p.dtype, device) for p in parameters)
    row = ((1, 3), torch.float32, device), ((1, 4), torch.float32, device)
    for backend in ("torch", "c"):
        with grunit.backend(backend):
            key = plan_key(cell, names, forms, row[:1], (row[1], row[1]), False, False, None)
        weights = [p.detach().clone().requires_grad_() for p in parameters]
        x, h, c = torch.randn(5, 2, 3, requires_grad=True), torch.randn(2, 4), torch.randn(2, 4)
        arguments = (key, [*names, "x"], weights, [x], [], [h, c], False)
        torch.library.opcheck(walk, arguments, atol=1e-5, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_torch_jit_trace_is_refused_in_one_sentence():
    with pytest.raises(InputError, match=r"use torch\.export"):
        torch.jit.trace(Recurrent("gru", 3, 4), (torch.zeros(2, 1, 3),))


def test_a_module_that_never_ran_is_exported_with_an_open_length():
    module = Recurrent("gru", 13, 17)  # sizes of no other test: its plan is made within the capture
    shapes = {"input": {0: torch.export.Dim("T"), 1: torch.export.Dim("B")}}
    program = reload(torch.export.export(module, (torch.randn(5, 4, 13),), dynamic_shapes=shapes))
    x = torch.randn(9, 7, 13)
    torch.testing.assert_close(program.module()(x), module(x))
