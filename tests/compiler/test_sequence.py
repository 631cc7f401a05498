"""The walk as one differentiable operation: second derivatives, partial gradients, several backwards, transforms."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import assert_same, example, walk_eagerly, weighted_sum, weights_of
from tests.compiler.user_cells import QRNN, BareTensor, OneState, Tied
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import functional_call, grad, jvp, vmap

from grunit import cells
from grunit.cells import GRU, LSTM, PeepholeLSTM
from grunit.cli.catalogue import CLASSIC
from grunit.compiler.run import run


def walk_function(cell, **options):
    """``run`` as a function of one flat list of tensors, and such a list."""
    inputs, states = example(cell, 3, 2)
    names = [name for name, _ in cell.named_parameters()]
    count = len(inputs)

    def walk(*flat):
        weights = dict(zip(names, flat[: len(names)], strict=True))
        rest = flat[len(names) :]
        output, final = run(cell, weights, list(rest[:count]), list(rest[count:]), **options)
        return (output, *final)

    return walk, (*cell.parameters(), *inputs, *states)


@pytest.mark.parametrize("name", CLASSIC)
def test_first_and_second_derivatives_agree_with_differences(name):
    walk, leaves = walk_function(cells.get(name)(2, 2).double())
    assert gradcheck(walk, leaves)
    assert gradgradcheck(walk, leaves)


def test_derivatives_with_lengths_and_resets_agree_with_differences():
    valid = torch.tensor([[True, True], [True, False], [True, False]])
    resets = torch.tensor([[False, False], [True, False], [False, False]])
    walk, leaves = walk_function(GRU(2, 2, reset_after=False).double(), valid=valid, resets=resets, reverse=True)
    assert gradcheck(walk, leaves)
    assert gradgradcheck(walk, leaves)


def both_gradients(cell, loss, leaves, inputs, states):
    """The gradients of ``loss(output, *final)`` through the compiled walk and through the plain loop."""
    results = []
    for walk in (run, walk_eagerly):
        output, final = walk(cell, weights_of(cell), inputs, states)
        results.append(torch.autograd.grad(loss(output, *final), leaves, allow_unused=True))
    return results


LOSSES = {
    "all": lambda output, h, c: weighted_sum([output, h, c]),
    "output": lambda output, h, c: output.square().sum(),
    "one step of the output": lambda output, h, c: output[1].sum(),
    "final h": lambda output, h, c: h.square().sum(),
    "final c": lambda output, h, c: c.square().sum(),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("wanted", ["everything", "inputs", "states", "second state", "one parameter"])
def test_only_the_gradients_asked_for(loss, wanted):
    cell = PeepholeLSTM(3, 4).double()
    cell.requires_grad_(wanted in ("everything", "one parameter"))
    inputs, states = example(cell, requires_grad=False)
    leaves = {
        "everything": [*cell.parameters(), *inputs, *states],
        "inputs": inputs,
        "states": states,
        "second state": states[1:],
        "one parameter": [cell.weight_co],
    }[wanted]
    if wanted == "one parameter":
        cell.requires_grad_(False)
    for leaf in leaves:
        leaf.requires_grad_(True)
    for got, expected in zip(*both_gradients(cell, loss, leaves, inputs, states), strict=True):
        assert_same(got, expected, "gradient")


def test_what_the_step_does_not_use_gets_no_gradient():
    cell = BareTensor(3, 4).double()
    inputs, states = example(cell)
    leaves = [cell.p, cell.U.weight]
    compiled, plain = both_gradients(cell, lambda output, h: output.sum(), leaves, inputs, states)
    assert compiled[0] is None
    assert plain[0] is None
    assert_same(compiled[1], plain[1], "gradient")


def test_a_state_computed_from_the_input_passes_its_gradient_on_once():
    cell = BareTensor(3, 4).double()
    (x,), _ = example(cell)

    def gradients(walk, create_graph):
        h = torch.tanh(x[0] @ torch.ones(3, 4, dtype=torch.float64))
        output, _ = walk(cell, weights_of(cell), [x], [h])
        return torch.autograd.grad(output.square().sum(), [x, cell.U.weight], create_graph=create_graph)

    for create_graph in (False, True):
        for got, expected in zip(gradients(run, create_graph), gradients(walk_eagerly, create_graph), strict=True):
            assert_same(got, expected, f"gradient with create_graph={create_graph}")


def test_a_gradient_penalty_on_tied_weights_equals_that_of_the_plain_loop():
    cell = Tied(3, 4).double()
    inputs, states = example(cell)

    def gradients(walk):
        output, _ = walk(cell, weights_of(cell), inputs, states)
        (inner,) = torch.autograd.grad(output.square().sum(), inputs, create_graph=True)
        return torch.autograd.grad(inner.square().sum(), [*inputs, cell.U.weight, cell.p])

    for got, expected in zip(gradients(run), gradients(walk_eagerly), strict=True):
        assert_same(got, expected, "second gradient")


def test_several_backwards_through_one_walk():
    cell = LSTM(3, 4).double()
    inputs, states = example(cell)
    output, (h, _) = run(cell, weights_of(cell), inputs, states)
    first = torch.autograd.grad(output.sum(), inputs, retain_graph=True)
    again = torch.autograd.grad(output.sum(), inputs, retain_graph=True)
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    torch.autograd.grad(h.sum(), inputs)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(output.sum(), inputs)


def test_an_input_changed_before_the_backward_is_refused_as_by_torch():
    cell = GRU(3, 4)
    x, h = torch.randn(2, 2, 3), torch.zeros(2, 4)
    output, _ = run(cell, weights_of(cell), [x], [h])
    x.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_inference_mode_and_inference_tensors():
    cell = LSTM(3, 4)
    inputs, states = example(cell, requires_grad=False)
    truth, _ = walk_eagerly(cell, weights_of(cell), inputs, states)
    with torch.inference_mode():
        output, _ = run(cell, weights_of(cell), inputs, states)
    assert output.is_inference()
    torch.testing.assert_close(output, truth)


class Walk(torch.nn.Module):
    """A module around ``run``, as the layers are."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x):
        start = [x.new_zeros(x.shape[1], 4) for _ in self.cell.state]
        return run(self.cell, weights_of(self.cell), [x], start)[0]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # from inside torch
def test_function_transforms_agree_with_autograd():
    module = Walk(GRU(3, 4).double())
    parameters = dict(module.named_parameters())
    x = torch.randn(3, 2, 3, dtype=torch.float64)

    def loss(weights, x):
        return functional_call(module, weights, (x,)).square().sum()

    found = grad(loss)(parameters, x)
    truth = torch.autograd.grad(loss(parameters, x), list(parameters.values()))
    for got, expected in zip(found.values(), truth, strict=True):
        assert_same(got, expected, "grad")
    each = vmap(grad(loss), (None, 1))(parameters, x.unsqueeze(2))
    assert_same(sum(each["cell.bias_hh"]), found["cell.bias_hh"], "sum of the gradients of single rows")
    tangent = torch.randn_like(x)
    _, directional = jvp(lambda x: loss(parameters, x), (x,), (tangent,))
    inner = torch.autograd.grad(loss(parameters, x.requires_grad_()), x)[0]
    assert_same(directional, (inner * tangent).sum(), "jvp")
    with forward_ad.dual_level():
        forward = forward_ad.unpack_dual(loss(parameters, forward_ad.make_dual(x.detach(), tangent))).tangent
    assert_same(forward.detach(), directional.detach(), "forward mode")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_torch_compile_and_export():
    module = Walk(GRU(3, 4))
    x = torch.randn(3, 2, 3)
    truth = module(x)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), truth)
    torch.testing.assert_close(torch.export.export(module, (x,)).module()(x), truth)


@pytest.mark.parametrize("kind", [GRU, LSTM, PeepholeLSTM, QRNN])
def test_autocast_rounds_products_only(kind):
    """States stay float32; a product of two bfloat16 factors is off by at most two roundings of 2 ** -9 each."""
    cell = kind(3, 4)
    inputs, states = example(cell, 5, 2)
    truth, _ = walk_eagerly(cell, weights_of(cell), inputs, states)
    with torch.autocast("cpu", torch.bfloat16):
        output, final = run(cell, weights_of(cell), inputs, states)
    assert {value.dtype for value in (output, *final)} == {torch.float32}
    assert not torch.equal(output, truth)
    assert (output - truth).abs().max() < 0.03
    gradients = torch.autograd.grad(output.sum(), [*cell.parameters(), *inputs], allow_unused=True)
    assert {g.dtype for g in gradients if g is not None} == {torch.float32}


def test_autocast_of_a_product_of_numbers_that_bfloat16_holds_is_exact():
    class Product(OneState):
        def step(self, x, h):
            return (h @ self.U.weight.T + x,)

    cell = Product(4, 4)
    with torch.no_grad():
        cell.U.weight.copy_(torch.eye(4).flip(0))
    x = torch.tensor([1.0, 2.0, 0.5, 3.0]).expand(2, 1, 4)
    with torch.autocast("cpu", torch.bfloat16):
        output, _ = run(cell, weights_of(cell), [x], [torch.zeros(1, 4)])
    assert output[1].tolist() == [[4.0, 2.5, 2.5, 4.0]]
