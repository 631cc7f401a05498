"""Fronts against torch.nn.Conv1d and a loop over segments; whole = chunks = steps; padded rows = rows alone."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from grunit import Recurrent, Session
from grunit.errors import InputError, ShapeError
from grunit.nn import ConvolutionFront, SegmentFront


def noise(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def convolutions(padding="causal", **options):
    given = {"kernel_size": [3, 2], "num_layers": 2, "stride": [2, 3], "dilation": [2, 1], **options}
    return ConvolutionFront(2, 4, padding=padding, activation="tanh", **given).double()


FRONTS = {
    "plain": lambda: convolutions(stride=1, dilation=1),
    "dilated": lambda: convolutions(stride=1, dilation=[2, 4]),
    "strided": convolutions,
    "one tap": lambda: convolutions(kernel_size=1),
    "segments": lambda: SegmentFront(2, 4, 3).double(),
}


@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
@settings(max_examples=15)
@given(data=st.data())
def test_whole_equals_chunks_equals_steps(front, data):
    front = front()
    steps = data.draw(st.integers(1, 6)) * 3 if isinstance(front, SegmentFront) else data.draw(st.integers(1, 17))
    x = noise(steps, 3, 2)
    whole, lengths = front(x)
    assert lengths is None
    assert len(whole) == front.new_lengths(torch.tensor([steps]))[0]
    cuts = sorted({0, steps, *data.draw(st.lists(st.integers(0, steps), max_size=4))})
    state, pieces = None, []
    for start, stop in pairwise(cuts):
        piece, state = front.chunk(x[start:stop], state)
        pieces.append(piece)
    torch.testing.assert_close(torch.cat(pieces), whole)
    state, outputs = front.init_state(3), []
    for value in x:
        output, state = front.step(value, state)
        outputs += [] if output is None else [output]
    torch.testing.assert_close(torch.stack(outputs), whole)


@pytest.mark.parametrize("padding", ["causal", "same"])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_layer_is_torchs_convolution(padding, kernel, stride):
    front = ConvolutionFront(2, 4, kernel, stride=stride, dilation=2, padding=padding, activation="identity").double()
    reach = 2 * (kernel - 1)
    reference = nn.Conv1d(2, 4, kernel, stride, reach if padding == "causal" else reach // 2, dilation=2).double()
    reference.load_state_dict(front.convolutions[0].state_dict())
    x = noise(9, 3, 2)
    expected = reference(x.permute(1, 2, 0)).permute(2, 0, 1)[: math.ceil(9 / stride)]
    torch.testing.assert_close(front(x)[0], expected)


def test_a_causal_front_does_not_look_ahead():
    front = convolutions(stride=1)
    x = noise(8, 1, 2)
    changed = x.clone()
    changed[5:] += 1
    before, after = front(x)[0], front(changed)[0]
    assert torch.equal(before[:5], after[:5])
    assert not torch.equal(before[5], after[5])


def test_segments_are_laid_side_by_side():
    front = SegmentFront(2, 4, 3).double()
    x = noise(7, 5, 2)
    output, _ = front(x)
    padded = torch.cat([x, torch.zeros(2, 5, 2, dtype=x.dtype)])
    for j in range(3):
        flat = torch.cat([padded[3 * j + i] for i in range(3)], -1)
        torch.testing.assert_close(output[j], torch.relu(flat @ front.linear.weight.T + front.linear.bias))


@pytest.mark.parametrize("front", [*FRONTS.values(), lambda: convolutions("same")], ids=[*FRONTS, "same"])
def test_padded_rows_equal_rows_alone(front):
    front, lengths = front(), [11, 4, 1, 0]
    x = noise(11, 4, 2)
    for row, length in enumerate(lengths):
        x[length:, row] = math.nan
    x.requires_grad_()
    output, after = front(x, lengths)
    for row, length in enumerate(lengths):
        assert not output[after[row] :, row].any()
        if length:
            alone, _ = front(x[:length, row])
            assert len(alone) == after[row]
            torch.testing.assert_close(output[: after[row], row], alone)
        else:
            assert after[row] == 0
    output.sum().backward()
    assert x.grad.isfinite().all()
    packed = pack_padded_sequence(x[:, :3].detach(), torch.tensor(lengths[:3]))
    torch.testing.assert_close(front(packed)[0], output[:, :3])


@pytest.mark.parametrize("make", [ConvolutionFront, SegmentFront])
def test_batch_first_lies_the_other_way(make):
    first, front = make(2, 4, 3, batch_first=True), make(2, 4, 3)
    first.load_state_dict(front.state_dict())
    x = torch.randn(7, 3, 2)
    torch.testing.assert_close(first(x.transpose(0, 1))[0].transpose(0, 1), front(x)[0])
    torch.testing.assert_close(first.chunk(x.transpose(0, 1))[0].transpose(0, 1), front.chunk(x)[0])


def test_lengths_go_on_to_the_core():
    front, core = ConvolutionFront(2, 4, stride=2), Recurrent("gru", 4, 3)
    x = torch.randn(9, 2, 2)
    output, lengths = front(x, [9, 4])
    _, (h,) = core(output, lengths=lengths)
    _, (alone,) = core(front(x[:4, 1:])[0])
    torch.testing.assert_close(h[:, 1:], alone)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ConvolutionFront(2, 4, padding="valid"), InputError, "padding must be one of causal, same"),
        (lambda: ConvolutionFront(2, 4, kernel_size=0), InputError, "kernel_size must be a whole number"),
        (lambda: ConvolutionFront(2, 4, [3, 5, 7], 2), InputError, "kernel_size lists 3 layers and num_layers is 2"),
        (lambda: ConvolutionFront(2, 4, activation="rely"), InputError, "did you mean 'relu'"),
        (lambda: convolutions("same").step(noise(1, 2)), InputError, "looks ahead"),
        (lambda: convolutions().step(noise(1, 3)), ShapeError, r"x must have shape \(B, 2\)"),
        (lambda: convolutions().chunk(noise(4, 2)), ShapeError, "needs its batch axis"),
        (lambda: convolutions().step(noise(1, 2), convolutions().init_state(2)), ShapeError, "windows of the state"),
        (lambda: convolutions().step(noise(1, 2), (noise(1, 2),)), InputError, "what init_state or the step before"),
        (lambda: convolutions()(noise(4, 1, 3)), ShapeError, "input must have 2 features"),
        (lambda: SegmentFront(2, 4, 0), InputError, "segment_length must be"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("front", [ConvolutionFront(2, 4), SegmentFront(2, 4, 3)])
def test_a_session_sends_a_front_before_itself(front):
    with pytest.raises(InputError, match="call its step yourself"):
        Session([front, Recurrent("gru", 4, 3)])


def test_a_front_before_a_session_equals_the_whole():
    front, core = ConvolutionFront(2, 4, stride=2), Recurrent("gru", 4, 3)
    session, memory, outputs = Session(core), front.init_state(1), []
    x = torch.randn(7, 1, 2)
    with torch.no_grad():
        expected, _ = core(front(x)[0])
        for value in x:
            y, memory = front.step(value, memory)
            outputs += [] if y is None else [torch.from_numpy(session.step(y).copy())]
    torch.testing.assert_close(torch.stack(outputs), expected)
