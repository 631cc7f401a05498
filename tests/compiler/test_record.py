"""The quick way to a step's graph finds what PyTorch's own tracer finds, and leaves to that what it does not know."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop, example, weights_of
from tests.compiler.user_cells import CELLS, cell_of
from torch.fx import Graph, Node

from grunit import cells
from grunit.cells import Cell
from grunit.compiler.decompose import decompositions
from grunit.compiler.record import TO_THE_END, record
from grunit.compiler.record_ops import IN_PLACE, LEAVES, REWRITES, SAME
from grunit.compiler.simplify import is_size
from grunit.compiler.symbolic import trace_symbolically

aten = torch.ops.aten

SOME = {
    "gru",
    "lstm",
    "layer_norm_lstm",
    "sru",
    "cfc",
    "mgu",
    "SoftmaxOverGates",
    "RGLRU",
    "IndexedPeepholes",
    "Detached",
}
# Convolutions, constants, decompositions of weights: PyTorch's own tracer knows them.
BEYOND = {"conv_lstm", "conv_gru", "PlainTensor", "Layers", "WeightNorm", "SpectralNorm"}
# Their derivatives as PyTorch's tracer finds them are those that may be derived again, with a number written out.
DIFFERENT = {"slstm", "hgrn"}

MAKERS = {**{name: cells.get(name) for name in cells.names()}, **{kind.__name__: kind for kind in CELLS}}


def arguments(cell: Cell, masks: tuple[str, ...] = ()) -> tuple[Any, ...]:
    inputs, states = example(cell, 1, 1, requires_grad=False)
    return cell, weights_of(cell), [value[0] for value in inputs], states, masks


def meaning(graph: Graph, known: dict[Any, int]) -> list[int]:
    """A number for every output of a graph, the same for the same computation of the same placeholders."""
    numbers: dict[Node, int] = {}

    def number(*key: Any) -> int:
        return known.setdefault(key, len(known))

    def of(value: Any) -> Any:
        if isinstance(value, Node):
            return ("node", numbers[value])
        if isinstance(value, (tuple, list)):
            return tuple(of(each) for each in value)
        return type(value).__name__, repr(value)

    placeholders = 0
    for node in graph.nodes:
        args: Any = node.args
        if node.op == "output":
            return [numbers[value] for value in args[0]]
        whole = node.target is aten.slice.Tensor and args[2:] == (0, TO_THE_END)
        if node.op == "placeholder":
            numbers[node] = number("placeholder", placeholders)
            placeholders += 1
        elif is_size(node):
            numbers[node] = number("size", repr(node.meta["val"]))
        elif whole or node.target in SAME:
            numbers[node] = numbers[args[0]]
        else:
            more = tuple(sorted((key, of(value)) for key, value in node.kwargs.items()))
            numbers[node] = number(str(node.target), of(args), more, repr(node.meta["val"]))
    raise AssertionError("a graph without an output")


@pytest.mark.parametrize(
    "name",
    [name if name in SOME else pytest.param(name, marks=pytest.mark.slow) for name in MAKERS if name not in BEYOND],
)
def test_the_graph_is_that_of_pytorchs_own_tracer(name):
    cell = MAKERS[name](3, 4)
    masks = ("valid", "reset") if name in ("gru", "lstm") else ()
    quick, slow = record(*arguments(cell, masks)), trace_symbolically(*arguments(cell, masks))
    known: dict[Any, int] = {}
    same = [a == b for a, b in zip(meaning(quick[0], known), meaning(slow[0], known), strict=True)]
    assert quick[1:] == slow[1:]
    assert all(same) == (name not in DIFFERENT)
    assert all(same[: len(cell.state)])


@pytest.mark.parametrize("name", ["slstm", "hgrn"])
def test_where_the_graph_is_another_the_numbers_are_those_of_the_loop(name):
    assert_equals_the_loop(cells.get(name)(3, 4))


def test_all_shipped_cells_but_convolutions_go_the_quick_way():
    for name in cells.names():
        if name not in BEYOND:
            graph, gradients, _ = record(*arguments(cells.get(name)(3, 4)))
            assert gradients
            assert all("val" in node.meta for node in graph.nodes if node.op != "output"), name


def test_what_is_written_down_and_what_is_taken_apart_is_as_in_pytorchs_core():
    table = decompositions()
    assert [str(operation) for operation in LEAVES if operation in table] == [str(aten.mm.default)]
    assert [str(operation) for operation in (*REWRITES, *IN_PLACE) if operation not in table] == []


UNKNOWN = {
    "a branch on values": lambda s, x, h: torch.tanh(s.W(x)) if h.sum() > 0 else h,
    "a branch on rows": lambda s, x, h: torch.tanh(s.W(x)) if x.shape[0] > 10 else h,
    "a branch on a certain number of rows": lambda s, x, h: torch.tanh(s.W(x)) if x.size(0) == 5 else h,
    "a branch on len": lambda s, x, h: torch.tanh(s.W(x)) if len(x) > 10 else h,
    "a branch on numel": lambda s, x, h: torch.tanh(s.W(x)) if h.numel() > 10 else h,
    "a branch on the memory": lambda s, x, h: torch.tanh(s.W(x)) if h.untyped_storage().nbytes() > 99 else h,
    "the number of rows as a factor": lambda s, x, h: torch.tanh(s.W(x)) + h * x.shape[0],
    "the number of rows as a divisor": lambda s, x, h: torch.tanh(s.W(x)) + h / h.shape[0],
    "a root of the number of rows": lambda s, x, h: torch.tanh(s.W(x)) + h * h.shape[0] ** -0.5,
    "a loop over rows": lambda s, x, h: torch.stack([torch.tanh(row) for row in h]),
    "a loop over the number of rows": lambda s, x, h: sum((h * i for i in range(h.shape[0])), torch.tanh(s.W(x))),
    "a variance over rows": lambda s, x, h: torch.tanh(s.W(x)) + h.var(0),
    "numbers of its own": lambda s, x, h: torch.tanh(s.W(x)) + torch.tensor([1.0, 2.0, 3.0, 4.0]) * h,
    "random numbers": lambda s, x, h: torch.tanh(s.W(x)) + torch.rand_like(h),
    "a device": lambda s, x, h: torch.tanh(s.W(x)) + torch.zeros(4, device=x.device) * h,
    "a change of a state": lambda s, x, h: h.mul_(2) + s.W(x),
    "a change of a view": lambda s, x, h: _changed(torch.tanh(h + s.W(x))),
    "an item": lambda s, x, h: torch.tanh(s.W(x)) * h.max().item(),
    "an array": lambda s, x, h: torch.tanh(s.W(x)) * float(h.detach().numpy().max()),
    "half precision": lambda s, x, h: torch.tanh(s.W(x)).bfloat16().float() + h,
    "a mistake": lambda s, x, h: s.nonsense(x),
    "another shape": lambda s, x, h: torch.cat([h, h], 1),
}


def _changed(value: torch.Tensor) -> torch.Tensor:
    part = value[:, :2]
    value.masked_fill_(value > 0.5, 0.0)
    return value + torch.cat([part, part], 1)


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_known_is_left_to_pytorchs_tracer(what):
    with pytest.raises(Exception):  # noqa: B017 - of whatever kind
        record(*arguments(cell_of(UNKNOWN[what])))


def test_a_change_in_place_of_a_fresh_value_is_followed():
    def formula(s, x, h):
        fresh = s.W(x) + h
        before = fresh * 2
        fresh.masked_fill_(h > 0, 0.25)
        return before + fresh

    def forward_of(graph: Graph) -> list[str]:
        return [str(node.target) for node in graph.nodes if node.op == "call_function"]

    graph, _, _ = record(*arguments(cell_of(lambda s, x, h: formula(s, x, h.detach()))))
    assert "aten.masked_fill_.Scalar" not in forward_of(graph)
    assert_equals_the_loop(cell_of(lambda s, x, h: formula(s, x, h.detach())))


def test_steps_under_hooks_on_saved_tensors_are_left_to_pytorchs_tracer():
    given = arguments(cell_of(lambda s, x, h: torch.tanh(s.W(x) + h)))
    record(*given)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x), pytest.raises(Exception, match="hooks"):
        record(*given)


def test_the_first_walk_loads_no_symbolic_algebra():
    program = """
import sys, torch, grunit
before = set(sys.modules)
with grunit.backend("torch"):
    grunit.Recurrent("lstm", 3, 4)(torch.randn(5, 2, 3))[0].sum().backward()
print([name for name in ("sympy", "torch._dynamo", "torch._inductor") if name in sys.modules.keys() - before])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_steps_are_recorded_in_inference_mode_too():
    cell = cells.GRU(3, 4)
    with torch.inference_mode():
        assert record(*arguments(cell))[1] == ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "x", "h"]
