"""NaN, infinity and numbers at the ends of the scale, in C as in PyTorch."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import walk_eagerly, weights_of

import grunit
from grunit.cells import Cell
from grunit.compiler.run import run

VALUES = {
    dtype: [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.0, -1.0]
    + [sign * value for sign in (1, -1) for value in (huge, tiny, subnormal, 1e-4, 5.0, 20.0, 88.0, 90.0, 104.0, 800.0)]
    for dtype, huge, tiny, subnormal in (
        (torch.float32, 3e38, 1.2e-38, 1e-42),
        (torch.float64, 1.7e308, 2.3e-308, 1e-320),
    )
}

OPERATIONS = {
    "exp": torch.exp,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "minimum": lambda x: torch.minimum(x, x.flip(1)),
    "maximum": lambda x: torch.maximum(x, x.flip(1)),
    "clamp": lambda x: torch.clamp(x, -1.0, 2.0),
    "clamp from below": lambda x: torch.clamp(x, min=-0.5),
    "where": lambda x: torch.where(x > 0, x, -2 * x),
    "softplus": torch.nn.functional.softplus,
    "hard_sigmoid": torch.nn.functional.hardsigmoid,
    "softsign": torch.nn.functional.softsign,
    "abs": torch.abs,
    "sign": torch.sign,
    "sqrt": torch.sqrt,
    "log": torch.log,
    "reciprocal": lambda x: 1 / x,
    "square": torch.square,
}


def cell_of(several):
    """A cell that applies every operation to its state, which is the input: one program for all of them."""

    class All(Cell):
        state = ("h", *(f"s{i}" for i in range(len(several))))

        def step(self, x, h, *rest):
            return (x, *(operation(h) for operation in several))

    return All


def swapped(x):
    return torch.cat([x[:, 13:], x[:, :13]], 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_operations_on_extreme_numbers(dtype):
    operations = {**OPERATIONS, "minimum": lambda x: torch.minimum(x, swapped(x))}
    operations["maximum"] = lambda x: torch.maximum(x, swapped(x))
    values = torch.tensor(VALUES[dtype], dtype=dtype)
    size = len(values)
    cell = cell_of(list(operations.values()))(size, size)
    h = values.expand(1, size).clone()
    states = [h, *(torch.zeros_like(h) for _ in operations)]
    inputs = [torch.zeros(1, 1, size, dtype=dtype)]
    with grunit.backend("c"), torch.no_grad():
        _, found = run(cell, weights_of(cell), inputs, states)
    _, truth = walk_eagerly(cell, weights_of(cell), inputs, states)
    for name, got, expected in zip(operations, found[1:], truth[1:], strict=True):
        # The last places of a subnormal are no relative precision.
        torch.testing.assert_close(
            got,
            expected,
            rtol=8 * torch.finfo(dtype).eps,
            atol=4 * torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps,
            equal_nan=True,
            msg=lambda text, name=name: f"{name}: {text}",
        )


class Growing(Cell):
    def step(self, x, h):
        return (3.0 * torch.exp(h) * h + x,)


def test_overflow_reaches_infinity_at_the_same_step():
    x, h = torch.zeros(9, 1, 2), torch.tensor([[1.0, -1.0]])
    with grunit.backend("c"), torch.no_grad():
        output, _ = run(Growing(2, 2), {}, [x], [h])
    truth, _ = walk_eagerly(Growing(2, 2), {}, [x], [h])
    assert torch.isinf(truth).any()
    torch.testing.assert_close(output, truth, rtol=1e-4, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_one_bad_row_stays_alone_and_gradients_agree(bad):
    cell = grunit.cells.LSTM(3, 4)
    x = torch.randn(4, 3, 3)
    x[1, 1, 0] = bad
    found = []
    for name in ("c", "torch"):
        with grunit.backend(name):
            leaf = x.clone().requires_grad_()
            output, _ = run(cell, weights_of(cell), [leaf], [torch.zeros(3, 4), torch.zeros(3, 4)])
            gradients = torch.autograd.grad(output.nan_to_num(0, 0, 0).sum(), [leaf, *cell.parameters()])
            found.append([output, *gradients])
    assert torch.isfinite(found[0][0][:, [0, 2]]).all()
    for got, expected in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
