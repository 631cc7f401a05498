"""Products in bfloat16: their factors are rounded, and nothing else is."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.test_simplify import simplified
from torch.fx import Interpreter
from torch.fx.graph_module import GraphModule

from grunit.cells import GRU, RNN
from grunit.compiler.precision import lower_products

aten = torch.ops.aten


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_step_of_rnn_with_rounded_factors_written_out(dtype):
    cell = RNN(3, 4)
    step = simplified(cell)
    lower_products(step.graph, dtype)
    x, h, arriving = torch.randn(5, 3), torch.randn(5, 4), torch.randn(5, 4)
    weights = [value.detach() for value in cell.parameters()]
    new, *gradients = Interpreter(GraphModule(step.graph.owning_module, step.graph)).run(*weights, x, h, arriving)

    def product(a, b):
        return (a.to(dtype) @ b.to(dtype)).float()

    w, u, b, c = weights
    truth = torch.tanh(product(x, w.T) + product(h, u.T) + b + c)
    torch.testing.assert_close(new, truth, rtol=1e-6, atol=1e-6)
    inner = arriving * (1 - truth * truth)
    found = dict(zip(step.gradients, gradients))
    # The tanh above and there may differ in a last bit, which rounding to the small dtype then makes larger.
    close = {"rtol": 2 * torch.finfo(dtype).eps, "atol": 4 * torch.finfo(dtype).eps}
    torch.testing.assert_close(found["h"], product(inner, u), **close)
    torch.testing.assert_close(found["weight_hh"], product(inner.T, h), **close)
    torch.testing.assert_close(found["bias_hh"], inner.sum(0), rtol=1e-5, atol=1e-5)


def test_only_products_are_in_the_small_dtype():
    step = simplified(GRU(3, 4, reset_after=False))
    products = [node for node in step.graph.nodes if node.target is aten.mm.default]
    lower_products(step.graph, torch.bfloat16)
    casts = {aten._to_copy.default}
    for node in step.graph.nodes:
        value = node.meta.get("val")
        if not isinstance(value, torch.Tensor):
            continue
        if node in products:
            assert value.dtype == torch.bfloat16
            assert {user.target for user in node.users} == casts
        elif node.target not in casts:
            assert value.dtype == torch.float32
