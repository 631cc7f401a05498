"""The encoder-decoder: padding changes nothing, every cell works, the bridge is its equation."""

from __future__ import annotations

import pytest
import torch

import grunit
from grunit.tasks.translation_model import TranslationModel, TranslationWalker

SOURCE = torch.tensor([[4, 5, 6, 7], [8, 4, 0, 0]])
LENGTHS = torch.tensor([4, 2])
GIVEN = torch.tensor([[2, 5, 4], [2, 6, 0]])
PLAIN = [name for name in grunit.cells.names() if not grunit.cells.get(name).inputs[1:] and "conv_" not in name]


def make(cell="gru", **options):
    torch.manual_seed(0)
    return TranslationModel(cell, 9, 8, 6, embedding_size=5, **options).double().eval()


@pytest.mark.slow
@pytest.mark.parametrize("cell", PLAIN)
def test_every_cell_reads_writes_and_learns(cell):
    model = make(cell)
    logits, weights = model(SOURCE, LENGTHS, GIVEN)
    assert logits.shape == (2, 3, 8)
    assert weights.shape == (2, 3, 4)
    logits.square().sum().backward()
    gradients = [value.grad for value in model.parameters() if value.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in [logits, *gradients])
    assert model.embedding.weight.grad[4:].abs().sum() > 0


@pytest.mark.parametrize("options", [{}, {"attention": None}, {"attention": "additive", "coverage": True}], ids=str)
@pytest.mark.parametrize("cell", ["gru", "lstm", "slstm"])
def test_padding_and_neighbours_change_nothing(cell, options):
    model = make(cell, num_layers=2, **options)
    together, _ = model(SOURCE, LENGTHS, GIVEN)
    alone, _ = model(SOURCE[1:, :2], LENGTHS[1:], GIVEN[1:])
    torch.testing.assert_close(together[1:], alone, rtol=1e-12, atol=1e-12)


def test_the_decoder_starts_from_both_ends_of_the_source():
    model = make("lstm", num_layers=2)
    memory, (h, c) = model.encode(SOURCE[:1], LENGTHS[:1])
    _, (ends_h, ends_c) = model.encoder(model.embedding(SOURCE[:1]))
    for layer in range(2):
        both = torch.cat([ends_h[2 * layer], ends_h[2 * layer + 1]], 1)
        torch.testing.assert_close(h[layer], torch.tanh(model.bridge[layer](both)))
        torch.testing.assert_close(c[layer], (ends_c[2 * layer] + ends_c[2 * layer + 1]) / 2)
    # The last layer's ends are also where the memory ends and begins.
    torch.testing.assert_close(memory[:, -1, :6], ends_h[2])
    torch.testing.assert_close(memory[:, 0, 6:], ends_h[3])


def test_only_the_places_asked_for_are_scored():
    model = make()
    counts = torch.tensor([[True, True, False], [True, False, False]])
    some, _ = model(SOURCE, LENGTHS, GIVEN, counts)
    torch.testing.assert_close(some, model(SOURCE, LENGTHS, GIVEN)[0][counts])


def test_batches_are_counted_while_it_learns():
    model = make()
    model(SOURCE, LENGTHS, GIVEN)
    assert int(model.batches) == 0
    model.train()
    model(SOURCE, LENGTHS, GIVEN)
    assert int(model.batches) == 1


@pytest.mark.parametrize("options", [{}, {"attention": None}, {"input_feeding": True}, {"coverage": True}], ids=str)
def test_a_walker_is_the_forced_walk_of_each_beam(options):
    model, beams = make(**options), 2
    walker = TranslationWalker(model, SOURCE, LENGTHS, beams)
    first = walker.step(torch.tensor([2, 2, 2, 2]))
    walker.reorder(torch.tensor([1, 0, 2, 2]))
    second = walker.step(torch.tensor([4, 5, 6, 7]))
    for row, token in enumerate([4, 5, 6, 7]):
        source = slice(row // 2, row // 2 + 1)
        expected, _ = model(SOURCE[source], LENGTHS[source], torch.tensor([[2, token]]))
        torch.testing.assert_close(torch.stack([first[row], second[row]]), expected[0])
    walker.keep(torch.tensor([1]))
    third = walker.step(torch.tensor([3, 5]))
    for row, tokens in enumerate([[2, 6, 3], [2, 7, 5]]):
        expected, _ = model(SOURCE[1:], LENGTHS[1:], torch.tensor([tokens]))
        torch.testing.assert_close(third[row], expected[0, -1])


def test_the_coverage_penalty_is_the_equation_of_wu():
    model = make()
    walker = TranslationWalker(model, SOURCE, LENGTHS, 1, coverage_penalty=0.3)
    for token in (2, 4, 5):
        walker.step(torch.tensor([token, token]))
    _, weights = model(SOURCE, LENGTHS, torch.tensor([[2, 4, 5], [2, 4, 5]]))
    for row, count in enumerate(LENGTHS.tolist()):
        seen = weights[row, :, :count].sum(0)
        expected = 0.3 * torch.log(torch.minimum(seen, torch.ones_like(seen))).sum()
        torch.testing.assert_close(walker.bonus()[row], expected)
    assert TranslationWalker(model, SOURCE, LENGTHS, 1).bonus() is None
