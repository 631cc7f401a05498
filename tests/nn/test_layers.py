"""Walks: whole = chunks = steps, lengths = row by row, resets = sequences run apart, for every cell."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.nn.networks import VARIANTS, Decay, assert_same, make, noise, noisy_state

from grunit import Recurrent


@settings(max_examples=5)
@given(data=st.data())
@pytest.mark.parametrize("variant", VARIANTS)
def test_whole_equals_chunks_equals_steps(variant, data):
    steps, batch = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 3))
    torch.manual_seed(data.draw(st.integers(0, 99)))
    rnn = make(variant, 2, 3, num_layers=data.draw(st.integers(1, 2)))
    x, start = noise(steps, batch, 2), noisy_state(rnn, batch)
    whole, final = rnn(x, start)

    state, pieces, cut = start, [], data.draw(st.integers(1, steps))
    for piece in x.split(cut):
        output, state = rnn(piece, state)
        pieces.append(output)
    assert_same((torch.cat(pieces), state), (whole, final))

    state, outputs = start, []
    for value in x:
        output, state = rnn.step(value, state)
        outputs.append(output)
    assert_same((torch.stack(outputs), state), (whole, final))


@settings(max_examples=5)
@given(data=st.data())
@pytest.mark.parametrize("variant", VARIANTS)
def test_lengths_equal_row_by_row_runs(variant, data):
    steps, batch = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    torch.manual_seed(data.draw(st.integers(0, 99)))
    layers, both = data.draw(st.integers(1, 2)), data.draw(st.booleans())
    rnn = make(variant, 2, 3, num_layers=layers, bidirectional=both)
    x, start = noise(steps, batch, 2), noisy_state(rnn, batch)
    lengths = data.draw(st.lists(st.integers(0, steps), min_size=batch, max_size=batch))
    output, final = rnn(x, start, lengths=lengths)
    for row, length in enumerate(lengths):
        state = tuple(value[:, row] for value in start)
        expected = noise(0, rnn.output_size)
        if length:
            expected, state = rnn(x[:length, row], state)
        assert_same(output[:length, row], expected)
        assert not output[length:, row].any()
        assert_same(tuple(value[:, row] for value in final), state)


@settings(max_examples=5)
@given(data=st.data())
@pytest.mark.parametrize("variant", VARIANTS)
def test_resets_equal_sequences_run_apart(variant, data):
    steps = data.draw(st.integers(1, 7))
    torch.manual_seed(data.draw(st.integers(0, 99)))
    both = data.draw(st.booleans())
    rnn = make(variant, 2, 3, bidirectional=both)
    length = data.draw(st.integers(1, steps))
    x, start = noise(steps, 2), tuple(value[:, 0] for value in noisy_state(rnn, 1))
    marks = data.draw(st.lists(st.booleans(), min_size=steps, max_size=steps))
    output, final = rnn(
        x.unsqueeze(1), tuple(v.unsqueeze(1) for v in start), [length], torch.tensor(marks).unsqueeze(1)
    )
    edges = sorted({0, length, *(t for t in range(length) if marks[t])})
    pieces, ends, zero = [], [], tuple(torch.zeros_like(value) for value in start)
    for low, high in itertools.pairwise(edges):
        # The start state enters forward at the first step and in reverse at the last.
        entering = zero if low or marks[0] else start
        if both:
            last = start if high == length else zero
            entering = tuple(torch.stack([a[0], b[1]]) for a, b in zip(entering, last, strict=True))
        piece, end = rnn(x[low:high], entering)
        pieces.append(piece)
        ends.append(end)
    expected = ends[-1]
    if both:
        expected = tuple(torch.stack([a[0], b[1]]) for a, b in zip(ends[-1], ends[0], strict=True))
    assert_same(output[:length, 0], torch.cat(pieces))
    assert_same(tuple(value[:, 0] for value in final), expected)


def test_whole_equals_steps_with_an_extra_input_and_resets():
    rnn = Recurrent(Decay, 2, 3, num_layers=2)
    x, dt = noise(5, 4, 2), torch.rand(5, 4, dtype=torch.float64)
    whole, final = rnn(x, dt=dt)
    state, outputs = None, []
    for value, gap in zip(x, dt, strict=True):
        output, state = rnn.step(value, state, dt=gap)
        outputs.append(output)
    assert_same((torch.stack(outputs), state), (whole, final))
    assert_same(rnn(x, dt=dt.unsqueeze(-1))[0], whole)
