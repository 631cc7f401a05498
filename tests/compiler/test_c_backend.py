"""The C backend against the plain loop: every kind of step, odd sizes, masks, both directions, both dtypes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiler.comparison import (
    assert_equals_the_loop,
    assert_same,
    example,
    masks_of,
    walk_eagerly,
    weighted_sum,
    weights_of,
)
from tests.compiler.test_operations import FORMULAS
from tests.compiler.user_cells import CELLS, OneState, TwoProducts, cell_of
from torch.nn import functional

import grunit
from grunit import cells
from grunit.cli.catalogue import CLASSIC
from grunit.compiler import backend
from grunit.compiler.c_build import BuildError, find_compiler
from grunit.compiler.run import run
from grunit.errors import InputError

try:
    find_compiler()
except BuildError as error:
    pytest.skip(str(error), allow_module_level=True)

# What a step may do that only the torch backend has, and the op it names when asked for the C backend.
BEYOND = {
    "largest feature": "max.dim",
    "stack of two heads": "max.dim",
    "sorted features": "sort",
    "cumprod": "cumprod",
    "einsum of two states": "bmm",
    "batched matrices": "bmm",
    "permute units": "index_put",
    "convolution": "convolution",
    "written into": "",
    "sum of masks": "bool",
}


@pytest.fixture(scope="module", autouse=True)
def _quickly_built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Plain compilation takes a tenth of the time; the vectors are those of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRUNIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GRUNIT_CFLAGS", os.environ.get("GRUNIT_CFLAGS", "-march=native") + " -O0")
        with backend("c"):
            yield


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_a_cell_of_ones_own(kind):
    # Seven rows: more than a tile of the product, so the products of the input run in the loop.
    assert_equals_the_loop(kind(3, 5), 4, 7, lengths=(4, 0, 2, 3, 1, 4, 4), resets=torch.rand(4, 7) < 0.3)
    assert_equals_the_loop(kind(3, 5), 2, 1, reverse=True)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in BEYOND])
def test_a_step_with(name):
    assert_equals_the_loop(cell_of(FORMULAS[name]), resets=torch.rand(4, 3) < 0.3)


def test_a_block_of_the_matrix_for_each_head():
    class Heads(OneState):
        def build(self, input_size, hidden_size):
            self.blocks = torch.nn.Parameter(torch.randn(3, hidden_size // 3, hidden_size // 3))

        def step(self, x, h):
            mixed = torch.einsum("bnd,nde->bne", h.view(h.shape[0], 3, -1), self.blocks)
            return (torch.tanh(self.W(x) + mixed.flatten(1)),)

    assert_equals_the_loop(Heads(3, 6))


@pytest.mark.parametrize("name", BEYOND)
def test_what_c_does_not_have_is_named_and_runs_on_torch(name):
    cell = cell_of(FORMULAS[name])
    with pytest.raises(InputError, match=f"Formula cannot run on the C backend: .*{BEYOND[name]}"):
        assert_equals_the_loop(cell)
    with backend("auto"):
        assert_equals_the_loop(cell)
        compiled = grunit.compile(cell)
    assert compiled.backend == "torch"
    assert BEYOND[name] in compiled.reason


def test_compile_shows_the_c_of_a_cell_and_why():
    compiled = grunit.compile(TwoProducts(3, 5))
    assert compiled.backend == "c"
    assert "grunit_forward" in compiled.source
    assert "grunit_backward" in compiled.source
    with backend("torch"):
        compiled = grunit.compile(TwoProducts(3, 5))
    assert (compiled.backend, compiled.reason) == ("torch", "the torch backend was asked for")


POINTWISE = {
    name: getattr(torch, name)
    for name in (
        *(
            "abs",
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atanh",
            "ceil",
            "cos",
            "cosh",
            "erf",
            "exp",
            "exp2",
            "expm1",
        ),
        *("floor", "log", "log10", "log1p", "log2", "neg", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign"),
        *("sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc"),
    )
}
POINTWISE |= {
    name: getattr(functional, name)
    for name in ("elu", "gelu", "hardsigmoid", "hardtanh", "leaky_relu", "logsigmoid", "mish", "silu", "softplus")
}
VALUES = [0.0, 0.3, -0.4, 1.0, -1.0, 1.7, 2.5, -2.5, 30.0, -30.0, 100.0, -100.0, 1e-7]
VALUES += [float("inf"), float("-inf"), float("nan")]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("first", range(0, len(POINTWISE), 14))
def test_functions_are_those_of_torch_at_ordinary_and_extreme_values(first, dtype):
    functions = list(POINTWISE.items())[first : first + 14]

    class Many(cells.Cell):
        state = ("h", *(name + "_state" for name, _ in functions))

        def __init__(self):
            super().__init__(len(VALUES), len(VALUES))
            self.p = torch.nn.Parameter(torch.zeros(len(VALUES), dtype=dtype))

        def step(self, x, h, *others):
            return (x, *(function(h + self.p) for _, function in functions))

    cell = Many()
    values = torch.tensor([VALUES], dtype=dtype)
    states = [values, *(torch.zeros_like(values) for _ in functions)]
    _, found = run(cell, weights_of(cell), [values[None]], states)
    for (name, function), got in zip(functions, found[1:], strict=True):
        truth = function(values.double()).to(dtype)
        tolerance = 4e-6 if dtype == torch.float32 else 1e-12
        torch.testing.assert_close(
            got, truth, rtol=tolerance, atol=1e-30, equal_nan=True, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_not_a_number_and_infinity_pass_through():
    class Passing(OneState):
        def step(self, x, h):
            return (
                functional.softmax(torch.maximum(self.W(x) + self.U(h), self.p).clamp(-3, 3), -1) + h.amax(1, True),
            )

    for value in (float("nan"), float("inf"), float("-inf")):
        cell = Passing(3, 5).double()
        inputs, states = example(cell, requires_grad=False)
        inputs[0][1, 0, 0] = value
        output, _ = run(cell, weights_of(cell), inputs, states)
        truth, _ = walk_eagerly(cell, weights_of(cell), inputs, states)
        assert_same(output, truth, f"with {value}")


SHIPPED = CLASSIC


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=12)
@given(
    hidden_size=st.sampled_from([1, 7, 16]),
    length=st.integers(1, 7),
    rows=st.sampled_from([1, 2, 3, 6, 13]),
    masked=st.booleans(),
    reverse=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_shipped_cell_of_any_size(name, hidden_size, length, rows, masked, reverse, seed):
    torch.manual_seed(seed)
    lengths = torch.randint(0, length + 1, (rows,)).tolist() if masked else None
    resets = torch.rand(length, rows) < 0.2 if masked else None
    cell = cells.get(name)(1 + seed % 5, hidden_size)
    assert_equals_the_loop(cell, length, rows, lengths=lengths, resets=resets, reverse=reverse)


@pytest.mark.parametrize("name", SHIPPED)
def test_single_precision_is_as_exact_as_the_plain_loop(name):
    """Errors against float64, over many rows: at most four times those of the plain loop in float32."""
    cell = cells.get(name)(3, 7)
    inputs, states = example(cell, 12, 50)
    masks = masks_of([12, 0, *range(1, 13), *[12] * 36], torch.rand(12, 50) < 0.1, 12)

    def everything(function, cell, inputs, states):
        output, final = function(cell, weights_of(cell), inputs, states, **masks)
        leaves = [*cell.parameters(), *inputs, *states]
        gradients = torch.autograd.grad(weighted_sum([output, *final]), leaves, allow_unused=True)
        return [v.double() for v in (output, *final, *gradients) if v is not None]

    got = everything(run, cell, inputs, states)
    plain = everything(walk_eagerly, cell, inputs, states)
    wide = [[v.detach().double().requires_grad_() for v in values] for values in (inputs, states)]
    truth = everything(walk_eagerly, cell.double(), *wide)
    for index, (ours, theirs, true) in enumerate(zip(got, plain, truth, strict=True)):
        allowed = 4 * (theirs - true).abs().max() + 1e-7 * true.abs().max()
        assert (ours - true).abs().max() <= allowed, f"tensor {index}"


def test_any_memory_layout_of_inputs_states_and_gradients():
    cell = TwoProducts(3, 5).double()
    strange = torch.randn(3, 4, 6, dtype=torch.float64)[..., ::2].transpose(0, 1).requires_grad_()
    state = torch.randn(5, 3, dtype=torch.float64).T.requires_grad_()
    assert_equals_the_loop(cell, inputs=[strange], states=[state])
    broadcast = torch.randn(1, 1, 3, dtype=torch.float64).expand(4, 3, 3)
    assert_equals_the_loop(cell, inputs=[broadcast])


def losses(output, final):
    return {
        "of the last state alone": final[0].pow(2).sum(),
        "of the output alone": output.pow(2).sum(),
        "of one step": output[1].sum(),
        "of a broadcast gradient": output.sum(),
    }


@pytest.mark.parametrize("which", losses(torch.zeros(2, 1), [torch.zeros(1)]))
def test_losses(which):
    cell = TwoProducts(3, 5).double()
    inputs, states = example(cell)
    leaves = [*cell.parameters(), *inputs, *states]
    found = torch.autograd.grad(losses(*run(cell, weights_of(cell), inputs, states))[which], leaves)
    truth = torch.autograd.grad(losses(*walk_eagerly(cell, weights_of(cell), inputs, states))[which], leaves)
    for got, expected in zip(found, truth, strict=True):
        assert_same(got, expected, which)


def test_frozen_parameters_get_no_gradient_and_change_no_other():
    cell = TwoProducts(3, 5)
    cell.U.requires_grad_(False)
    cell.p.requires_grad_(False)
    assert_equals_the_loop(cell)
    inputs, states = example(cell, requires_grad=False)
    cell.requires_grad_(False)
    cell.p.requires_grad_(True)
    assert_equals_the_loop(cell, inputs=inputs, states=states)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_autocast_rounds_the_factors_of_products_and_nothing_else(dtype):
    cell = TwoProducts(3, 5).to(dtype)
    inputs, states = example(cell)
    leaves = [*cell.parameters(), *inputs, *states]

    def walk(name):
        with backend(name), torch.autocast("cpu", torch.bfloat16):
            output, final = run(cell, weights_of(cell), inputs, states)
        return [output, *torch.autograd.grad(weighted_sum([output, *final]), leaves)]

    # The reference also rounds the results of products, so it is off by half a unit of bfloat16 more: 2^-9.
    for got, expected in zip(walk("c"), walk("torch"), strict=True):
        assert got.dtype == dtype
        scale = expected.abs().max()
        assert (got - expected).abs().max() <= 2**-6 * scale
    exact = run(cell, weights_of(cell), inputs, states)[0]
    assert not torch.equal(walk("c")[0], exact)


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags", ["-O3", "-O3 -mavx2 -mfma", "-O3 -march=native", "-O3 -ffp-contract=off -march=native"]
)
def test_every_instruction_set_of_this_machine_gives_the_same(flags, monkeypatch):
    if "avx2" in flags and torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("this machine has no AVX2")
    monkeypatch.setenv("GRUNIT_CFLAGS", flags)

    class Both(cells.LSTM):
        pass

    class SoftMax(OneState):
        def step(self, x, h):
            return (functional.layer_norm(self.U(torch.softmax(self.W(x) + h, -1)), (self.hidden_size,), self.p),)

    for hidden_size in (1, 7, 33):
        for kind in (Both, SoftMax):
            assert_equals_the_loop(kind(3, hidden_size), 3, 8, lengths=(3, 0, 2, 1, 3, 3, 3, 3))
