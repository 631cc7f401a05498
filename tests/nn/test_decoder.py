"""The decoder: one walk and single steps agree, and its equations are those of the papers."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

import grunit
from grunit.errors import InputError
from grunit.nn.decoder import Decoder

TOKENS = torch.tensor([[2, 5, 7, 8], [2, 4, 3, 0], [2, 9, 9, 3]])
LENGTHS = torch.tensor([5, 3, 1])
KINDS = [
    {"attention": attention, "input_feeding": feeding, "coverage": coverage}
    for attention, feeding, coverage in itertools.product(["additive", "multiplicative", None], [0, 1], [0, 1])
    if attention or not coverage
]


def make(cell="gru", layers=2, **options):
    torch.manual_seed(1)
    decoder = Decoder(cell, 11, 6, 4, embedding_size=3, num_layers=layers, **options).double()
    if decoder.coverage is not None:
        nn.init.normal_(decoder.coverage)
    memory = torch.randn(3, 5, 6, dtype=torch.float64)
    core = tuple(torch.randn_like(value) for value in decoder.core.init_state(3))
    prepared = decoder.prepare(memory, LENGTHS)
    return decoder, prepared, decoder.start(core, prepared)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("cell", ["gru", "lstm", "projected_lstm"])
def test_a_walk_is_its_steps(cell, kind):
    decoder, memory, state = make(cell, **kind)
    readouts, weights = decoder(TOKENS, state, memory)
    for place, ids in enumerate(TOKENS.unbind(1)):
        readout, look, state = decoder.step(ids, state, memory)
        torch.testing.assert_close(readout, readouts[:, place], rtol=1e-12, atol=1e-12)
        if look is None:
            assert weights is None
        else:
            torch.testing.assert_close(look, weights[:, place], rtol=1e-12, atol=1e-12)
            assert (look[1, 3:] == 0).all()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_gradients_of_the_walk_are_those_of_the_steps(kind):
    found = []
    for stepwise in (False, True):
        decoder, memory, state = make(**kind)
        readouts, _ = (decoder.walk if stepwise else decoder)(TOKENS, state, memory)
        decoder.score(readouts).square().sum().backward()
        found.append({name: value.grad for name, value in decoder.named_parameters() if value.grad is not None})
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name], rtol=1e-9, atol=1e-11)


def test_input_feeding_and_general_attention_are_the_equations_of_luong():
    decoder, memory, state = make(layers=1, input_feeding=True)
    cell = nn.GRUCell(6, 4).double()
    given = decoder.core.cells[0].state_dict()
    cell.load_state_dict({name: given[name] for name in cell.state_dict()})
    h, fed = state.core[0][0], torch.zeros(3, 3, dtype=torch.float64)
    W = decoder.attention.from_memory.weight
    for ids in TOKENS.unbind(1):
        readout, weights, state = decoder.step(ids, state, memory)
        h = cell(torch.cat([decoder.embedding(ids), fed], 1), h)
        rows = []
        for row, count in enumerate(LENGTHS.tolist()):
            values = memory.values[row, :count]
            alpha = torch.softmax(values @ W.T @ h[row], 0)
            torch.testing.assert_close(weights[row, :count], alpha)
            rows.append(alpha @ values)
        fed = torch.tanh(decoder.readout(torch.cat([h, torch.stack(rows)], 1)))
        torch.testing.assert_close(readout, fed)


def test_coverage_is_the_equation_of_see():
    decoder, memory, state = make(layers=1, attention="additive", coverage=True)
    attention, covered = decoder.attention, torch.zeros(3, 5, dtype=torch.float64)
    for ids in TOKENS.unbind(1):
        _, weights, state = decoder.step(ids, state, memory)
        hidden = state.core[0][0]
        inner = attention.from_query(hidden).unsqueeze(1) + attention.from_memory(memory.values)
        scores = torch.tanh(inner + covered.unsqueeze(-1) * decoder.coverage) @ attention.weight
        for row, count in enumerate(LENGTHS.tolist()):
            torch.testing.assert_close(weights[row, :count], scores[row, :count].softmax(0))
        covered = covered + weights
        torch.testing.assert_close(state.covered, covered)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_rows_that_share_a_memory_are_as_rows_of_their_own(kind):
    decoder, memory, state = make(**kind)
    rows = torch.tensor([0, 0, 1, 1, 2, 2])
    ids = torch.tensor([4, 5, 6, 7, 8, 9])
    own = None if memory is None else memory.select(rows)
    _, _, state = decoder.step(TOKENS[:, 1], state, memory)
    shared, alone = state.select(rows), state.select(rows)
    torch.testing.assert_close(decoder.step(ids, shared, memory)[0], decoder.step(ids, alone, own)[0])


def test_own_choices_take_the_place_of_unknown_tokens():
    decoder, memory, state = make()
    hidden = TOKENS.clone()
    hidden[1, 2] = hidden[0, 3] = -1
    readouts, _ = decoder.walk(hidden, state, memory)
    logits = decoder.score(readouts)
    told = TOKENS.clone()
    told[1, 2], told[0, 3] = logits[1, 1].argmax(), logits[0, 2].argmax()
    torch.testing.assert_close(decoder(told, state, memory)[0], readouts)


def test_tied_embeddings_are_one_table_and_padding_is_zero():
    tied, _, _ = make()
    assert tied.output.weight is tied.embedding.weight
    assert (tied.embedding.weight[0] == 0).all()
    untied, _, _ = make(tie_embeddings=False)
    assert untied.output.weight is not untied.embedding.weight


@pytest.mark.parametrize("feeding", [False, True])
def test_the_c_backend_walks_the_same(feeding):
    decoder, memory, state = make(layers=1, input_feeding=feeding)
    expected = decoder(TOKENS, state, memory)[0]
    with grunit.backend("c"):
        torch.testing.assert_close(decoder(TOKENS, state, memory)[0], expected, rtol=1e-10, atol=1e-12)


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="attention must be one of additive, multiplicative, None, got 'dot'"):
        Decoder("gru", 9, 6, 4, attention="dot")
    with pytest.raises(InputError, match="coverage counts what attention has looked at"):
        Decoder("gru", 9, 6, 4, attention=None, coverage=True)
