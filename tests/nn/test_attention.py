"""Attention against torch's own, loops written from the papers, and rows run alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence

from grunit.errors import InputError, ShapeError
from grunit.nn import AdditiveAttention, MultiplicativeAttention


def additive(**options):
    return AdditiveAttention(4, 6, 5, **options).double()


def multiplicative(score="general", **options):
    return MultiplicativeAttention(4, 6 if score == "general" else 4, score, **options).double()


MAKERS = [additive, multiplicative]


def noise(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def test_additive_is_the_papers_loop():
    attention = additive(batch_first=True, bias=True)
    query, memory = noise(2, 4), noise(2, 3, 6)
    context, weights = attention(query, memory)
    W, U, b = attention.from_query.weight, attention.from_memory.weight, attention.from_memory.bias
    for row in range(2):
        scores = [attention.weight @ torch.tanh(W @ query[row] + U @ memory[row, j] + b) for j in range(3)]
        total = sum(score.exp() for score in scores)
        expected = [score.exp() / total for score in scores]
        torch.testing.assert_close(weights[row], torch.stack(expected))
        mean = sum(share * memory[row, j] for j, share in enumerate(expected))
        torch.testing.assert_close(context[row], mean)


@pytest.mark.parametrize("score", ["dot", "general", "scaled"])
def test_multiplicative_is_torchs_scaled_dot_product_attention(score):
    attention = multiplicative(score, batch_first=True)
    size = attention.memory_size
    query, memory, lengths = noise(3, 2, 4), noise(3, 5, size), [5, 2, 1]
    keys = memory @ attention.from_memory.weight.T if score == "general" else memory
    mask = torch.arange(5) < torch.tensor(lengths).unsqueeze(1)
    expected = scaled_dot_product_attention(
        query, keys, memory, attn_mask=mask.unsqueeze(1), scale=0.5 if score == "scaled" else 1.0
    )
    torch.testing.assert_close(attention(query, memory, lengths)[0], expected)


@pytest.mark.parametrize("make", MAKERS)
def test_many_queries_equal_one_after_the_other_on_a_prepared_memory(make):
    attention = make()
    query, memory = noise(7, 2, 4), noise(3, 2, 6)
    prepared = attention.prepare(memory, lengths=[3, 1])
    context, weights = attention(query, memory, lengths=[3, 1])
    assert context.shape == (7, 2, 6)
    assert weights.shape == (7, 2, 3)
    for step in range(7):
        one = attention(query[step], prepared)
        torch.testing.assert_close(one, (context[step], weights[step]))


@pytest.mark.parametrize("make", MAKERS)
def test_beams_as_queries_equal_beams_as_rows(make):
    attention = make(batch_first=True)
    query, prepared = noise(2, 3, 4), attention.prepare(noise(2, 5, 6), lengths=[4, 5])
    context, weights = attention(query, prepared)
    rows = torch.arange(2).repeat_interleave(3)
    expected = attention(query.flatten(0, 1), prepared.select(rows))
    torch.testing.assert_close((context.flatten(0, 1), weights.flatten(0, 1)), expected)


@pytest.mark.parametrize("make", MAKERS)
def test_time_major_batch_first_unbatched_and_packed_agree(make):
    attention, first = make(), make(batch_first=True)
    first.load_state_dict(attention.state_dict())
    query, memory = noise(2, 4), noise(5, 2, 6)
    expected = attention(query, memory, lengths=[5, 3])
    torch.testing.assert_close(first(query, memory.transpose(0, 1), lengths=[5, 3]), expected)
    packed = pack_padded_sequence(memory, torch.tensor([5, 3]))
    torch.testing.assert_close(attention(query, packed), expected)
    alone = attention(query[1], memory[:3, 1])
    torch.testing.assert_close(alone[0], expected[0][1])
    torch.testing.assert_close(alone[1], expected[1][1, :3])
    many = attention(query, memory[:, 0])  # unbatched memory: two queries
    torch.testing.assert_close(many[0][0], expected[0][0])
    mask = torch.arange(5).unsqueeze(1) < torch.tensor([5, 3])
    torch.testing.assert_close(attention(query, memory, mask=mask), expected)


@pytest.mark.parametrize("make", MAKERS)
def test_padding_reaches_neither_values_nor_gradients(make):
    attention = make()
    query, memory = noise(3, 4), noise(4, 3, 6)
    memory[2:, 1] = math.nan
    memory[:, 2] = math.nan
    memory.requires_grad_()
    context, weights = attention(query, memory, lengths=[4, 2, 0])
    assert context.isfinite().all()
    assert not context[2].any()
    assert not weights[2].any()
    context.square().sum().backward()
    assert memory.grad.isfinite().all()
    assert not memory.grad[:, 2].any()
    assert all(value.grad.isfinite().all() for value in attention.parameters())


@pytest.mark.parametrize("make", MAKERS)
def test_gradients_are_those_of_the_differences(make):
    attention = make()
    query, memory = noise(2, 4).requires_grad_(), noise(3, 2, 6).requires_grad_()
    assert torch.autograd.gradcheck(lambda q, m: attention(q, m, lengths=[3, 0]), (query, memory))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: MultiplicativeAttention(4, 6, "dot"), InputError, "use score='general'"),
        (lambda: MultiplicativeAttention(4, 6, "dott"), InputError, "unknown score 'dott'"),
        (lambda: AdditiveAttention(0, 6), InputError, "query_size must be a whole number"),
        (lambda: additive()(noise(2, 4), noise(3, 2, 5)), ShapeError, "memory must have 6 features"),
        (lambda: additive()(noise(2, 3), noise(3, 2, 6)), ShapeError, "query must have 4 features"),
        (lambda: additive()(noise(3, 4), noise(3, 2, 6)), ShapeError, "query has 3 rows and memory 2"),
        (lambda: additive()(noise(4), noise(3, 2, 6)), ShapeError, r"query must have shape \(B, Q\), \(L, B, Q\)"),
        (lambda: additive()(noise(2, 4), noise(3, 2, 6), [4, 1]), ShapeError, "between 0 and the 3 steps"),
        (lambda: additive()(noise(4), noise(3, 6), [3]), InputError, "unbatched memory"),
        (
            lambda: additive()(noise(2, 4), noise(3, 2, 6), mask=torch.ones(2, 3, dtype=torch.bool)),
            ShapeError,
            r"mask must have shape \(3, 2\)",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_prepared_memory_has_its_own_mask():
    attention = additive()
    with pytest.raises(InputError, match="give it to prepare"):
        attention(noise(2, 4), attention.prepare(noise(3, 2, 6)), lengths=[1, 2])
