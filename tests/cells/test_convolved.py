"""What the convolutional cells share: geometry, refusals, how the compiler sees them."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop, plan_of

import grunit
from grunit.cells import ConvGRU, ConvLSTM
from grunit.errors import InputError

KINDS = [ConvLSTM, ConvGRU]
IMAGE = {"height": 3, "width": 4}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("sizes", "options", "image", "channels", "kernel"),
    [
        ((3, 5), {}, (1, 1), (3, 5), (1, 3)),
        ((100, 800), {}, (1, 100), (1, 8), (1, 3)),
        ((100, 800), {"kernel": 5}, (1, 100), (1, 8), (1, 5)),
        ((12, 24), {"width": 4}, (1, 4), (3, 6), (1, 3)),
        ((12, 24), {"height": 3}, (3, 4), (1, 2), (3, 3)),
        ((24, 36), {"height": 3, "width": 4, "kernel": (1, 5)}, (3, 4), (2, 3), (1, 5)),
    ],
)
def test_the_image_is_as_given_or_the_longest_line_that_divides_both_sizes(
    kind, sizes, options, image, channels, kernel
):
    cell = kind(*sizes, **options)
    assert cell.image == image
    assert (cell.input_channels, cell.hidden_channels) == channels
    gates = len(cell.stacked)
    assert cell.weight_ih.shape == (gates * channels[1], channels[0], *kernel)
    assert cell.weight_hh.shape == (gates * channels[1], channels[1], *kernel)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("sizes", "options", "words"),
    [
        ((12, 25), IMAGE, "hidden_size is 25, which is no whole number of channels of 3 x 4 places"),
        ((13, 24), IMAGE, "input_size is 13, which is no whole number"),
        ((13, 24), {"height": 3}, "input_size is 13"),
        ((12, 24), {"kernel": 2}, "kernel must be an odd number"),
        ((12, 24), {"kernel": (3, 2)}, "kernel must be an odd number"),
        ((12, 24), {"height": 0}, "height must be a whole number of at least 1"),
        ((12, 24), {"width": 1.5}, "width must be a whole number of at least 1"),
        ((12, 24), {"kernels": 3}, "does not know the option kernels"),
    ],
)
def test_an_image_that_does_not_fit_is_refused(kind, sizes, options, words):
    with pytest.raises(InputError, match=words):
        kind(*sizes, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("sizes", "options"), [((12, 24), IMAGE), ((3, 5), {}), ((8, 16), {"kernel": 5})])
def test_the_schedule_carries_convolutions(kind, sizes, options):
    cell = kind(*sizes, **options)
    schedule = plan_of(cell).schedule
    assert schedule.kind == "dense"
    hoisted = [n for n in schedule.hoisted if "convolution" in str(n.target)]
    assert len(hoisted) == 1  # the one of the input
    assert_equals_the_loop(cell, 5, 3)
    assert_equals_the_loop(cell, 5, 3, lengths=[5, 2, 0], resets=torch.rand(5, 3) < 0.3, reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_it_runs_on_the_torch_backend_and_the_reason_says_why(kind):
    with grunit.backend("auto"):
        compiled = grunit.compile(kind(12, 24, **IMAGE))
    assert compiled.backend == "torch"
    assert "convolution" in compiled.reason


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    rnn = grunit.Recurrent(kind, 6, 6, height=2, width=3).double()
    names, values = zip(*rnn.named_parameters())

    def walk(x, *parameters):
        output, state = torch.func.functional_call(rnn, dict(zip(names, parameters)), (x,))
        return output, *state

    x = torch.randn(2, 1, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(walk, (x, *values))


def test_the_forget_bias_is_that_of_the_forget_gate():
    bias = ConvLSTM(12, 24, **IMAGE, forget_bias=2.0).bias
    assert (bias[2:4] == 2).all()
    assert (bias[:2] != 2).all()
    with pytest.raises(InputError, match="leave forget_bias out"):
        ConvGRU(12, 24, **IMAGE, forget_bias=2.0)
