"""Pooling against each row cut to its length, and self-attention against its equations."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from grunit import Recurrent
from grunit.errors import InputError, ShapeError
from grunit.nn import Pooling, SelfAttentionPooling, pool

LENGTHS = [5, 2, 1]
BY_HAND = {
    "last": lambda row: row[-1],
    "first": lambda row: row[0],
    "max": lambda row: row.max(0).values,
    "mean": lambda row: row.mean(0),
    "sum": lambda row: row.sum(0),
}


def noise(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("how", BY_HAND)
def test_each_row_is_pooled_as_if_cut_to_its_length(how):
    x = noise(5, 3, 4) - 9  # negative: a maximum over zeros of the padding would show
    expected = torch.stack([BY_HAND[how](x[:length, row]) for row, length in enumerate(LENGTHS)])
    torch.testing.assert_close(pool(x, LENGTHS, how), expected)
    torch.testing.assert_close(pool(x.transpose(0, 1), LENGTHS, how, batch_first=True), expected)
    torch.testing.assert_close(pool(pack_padded_sequence(x, torch.tensor(LENGTHS)), how=how), expected)
    mask = torch.arange(5).unsqueeze(1) < torch.tensor(LENGTHS)
    torch.testing.assert_close(pool(x, how=how, mask=mask), expected)
    torch.testing.assert_close(pool(x[:2, 1], how=how), expected[1])


@pytest.mark.parametrize("how", BY_HAND)
def test_padding_reaches_neither_values_nor_gradients_and_empty_rows_are_zero(how):
    x = noise(4, 2, 3)
    x[2:, 0] = math.nan
    x[:, 1] = math.nan
    x.requires_grad_()
    pooled = pool(x, [2, 0], how)
    assert pooled.isfinite().all()
    assert not pooled[1].any()
    pooled.sum().backward()
    assert x.grad.isfinite().all()
    assert not x.grad[:, 1].any()


def test_a_mask_with_gaps_has_its_own_first_and_last():
    x, mask = noise(4, 1, 2), torch.tensor([[False], [True], [True], [False]])
    torch.testing.assert_close(pool(x, how=["first", "last"], mask=mask)[0], torch.cat([x[1, 0], x[2, 0]]))


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_last_of_two_directions_is_the_final_state_of_both(lengths):
    rnn = Recurrent("gru", 2, 3, bidirectional=True)
    output, (h,) = rnn(torch.randn(5, 3, 2), lengths=lengths)
    torch.testing.assert_close(pool(output, lengths, bidirectional=True), torch.cat([h[0], h[1]], -1))


def test_several_ways_lie_side_by_side():
    x = noise(5, 3, 4)
    expected = torch.cat([pool(x, LENGTHS, "max"), pool(x, LENGTHS, "mean")], -1)
    torch.testing.assert_close(pool(x, LENGTHS, ["max", "mean"]), expected)
    module = Pooling(4, ["max", "mean", "attention"], heads=2).double()
    pooled = module(x, LENGTHS)
    assert pooled.shape == (3, module.output_size) == (3, 16)
    torch.testing.assert_close(pooled[:, :8], expected)
    torch.testing.assert_close(pooled[:, 8:], module.attention(x, LENGTHS)[0])


@pytest.mark.parametrize(("heads", "bias"), [(1, True), (3, False)])
def test_self_attention_is_the_papers_equations_row_by_row(heads, bias):
    attention = SelfAttentionPooling(4, 6, heads, bias=bias).double()
    x = noise(5, 3, 4)
    context, weights = attention(x, LENGTHS)
    for row, length in enumerate(LENGTHS):
        H = x[:length, row]
        hidden = attention.hidden.weight @ H.T
        if bias:
            hidden = hidden + attention.hidden.bias.unsqueeze(1)
        A = torch.softmax(attention.context.weight @ torch.tanh(hidden), 1)
        torch.testing.assert_close(context[row], (A @ H).flatten())
        torch.testing.assert_close(weights[row, ..., :length], A if heads > 1 else A[0])
        assert not weights[row, ..., length:].any()
        alone = attention(H)
        torch.testing.assert_close(alone[0], context[row])


def test_self_attention_of_an_empty_row_is_zero_and_its_gradient_finite():
    attention, x = SelfAttentionPooling(4).double(), noise(3, 2, 4)
    x[:, 1] = math.nan
    x.requires_grad_()
    context, weights = attention(x, [3, 0])
    assert not context[1].any()
    assert not weights[1].any()
    context.sum().backward()
    assert x.grad.isfinite().all()


def test_the_penalty_is_the_squared_norm_of_the_overlap():
    weights = noise(2, 3, 5).softmax(-1)
    expected = [sum((a @ b - float(i == j)) ** 2 for i, a in enumerate(A) for j, b in enumerate(A)) for A in weights]
    torch.testing.assert_close(SelfAttentionPooling.penalty(weights), torch.stack(expected))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: pool(noise(3, 2, 4), how="median"), InputError, "unknown pooling 'median'"),
        (lambda: pool(noise(3, 2, 4), how="attention"), InputError, "use grunit.nn.Pooling"),
        (lambda: pool(noise(3, 2, 4), how=[]), InputError, "how is empty"),
        (lambda: pool(noise(3, 2, 3), bidirectional=True), ShapeError, "even number of features"),
        (lambda: pool(noise(3, 2, 4), [1, 4]), ShapeError, "between 0 and the 3 steps"),
        (lambda: pool(noise(3, 4), [3]), InputError, "unbatched output"),
        (lambda: Pooling(4, "mode"), InputError, "unknown pooling 'mode'"),
        (lambda: SelfAttentionPooling(4, heads=0), InputError, "heads must be"),
        (lambda: SelfAttentionPooling.penalty(noise(2, 3)), ShapeError, r"\(B, heads, T\)"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(call, error, words):
    with pytest.raises(error, match=words):
        call()
