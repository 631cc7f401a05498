"""The loss of a translator by hand, and teacher forcing as a share."""

from __future__ import annotations

import pytest
import torch

from grunit.errors import InputError
from grunit.tasks.translation_loss import read_forcing, tell_before, translation_loss
from grunit.tasks.translation_model import TranslationModel

BATCH = (
    torch.tensor([[4, 5, 6], [7, 8, 0]]),
    torch.tensor([3, 2]),
    torch.tensor([[5, 6, 7, 3], [4, 3, 0, 0]]),
    torch.tensor([4, 2]),
)


def make(**options):
    torch.manual_seed(0)
    return TranslationModel("gru", 9, 8, 6, embedding_size=5, **options).double().eval()


def by_hand(model):
    """Losses and attention of each of the six target tokens, row by row without padding."""
    losses, looks = [], []
    source, lengths, target, counts = BATCH
    for row, (steps, count) in enumerate(zip(lengths.tolist(), counts.tolist(), strict=True)):
        tokens = target[row : row + 1, :count]
        before = torch.cat([torch.tensor([[2]]), tokens[:, :-1]], 1)
        logits, weights = model(source[row : row + 1, :steps], lengths[row : row + 1], before)
        losses.append(logits[0].log_softmax(-1))
        looks.append(weights[0])
    return losses, looks


def test_the_mean_over_tokens_and_not_over_padding():
    model = make()
    picked = [logs[range(len(logs)), BATCH[2][row, : len(logs)]] for row, logs in enumerate(by_hand(model)[0])]
    expected = -torch.cat(picked).mean()
    assert translation_loss(model, BATCH, start=2).item() == pytest.approx(expected.item(), rel=1e-6)


def test_smoothing_spreads_a_share_over_all_tokens():
    model, losses = make(), []
    for row, logs in enumerate(by_hand(model)[0]):
        for place, one in enumerate(logs):
            losses.append(-0.8 * one[BATCH[2][row, place]] - 0.2 * one.mean())
    expected = torch.stack(losses).mean()
    found = translation_loss(model, BATCH, start=2, label_smoothing=0.2)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_coverage_costs_what_is_looked_at_again():
    model, costs = make(coverage=True), []
    for look in by_hand(model)[1]:
        seen = torch.zeros_like(look[0])
        for weights in look:
            costs.append(torch.minimum(weights, seen).sum())
            seen = seen + weights
    plain = translation_loss(model, BATCH, start=2)
    found = translation_loss(model, BATCH, start=2, coverage=0.7) - plain
    assert found.item() == pytest.approx(0.7 * torch.stack(costs).mean().item(), rel=1e-5)


def test_the_share_that_is_told():
    tokens = torch.randint(4, 9, (200, 50))
    told = tell_before(tokens, 2, 0.3)
    assert (told[:, 0] == 2).all()
    kept = told[:, 1:] >= 0
    assert abs(kept.double().mean() - 0.3) < 0.02  # 9,800 draws: five standard deviations are 0.023
    assert torch.equal(told[:, 1:][kept], tokens[:, :-1][kept])


@pytest.mark.parametrize("value", ["1", 1.5, -0.1, [1.0], [1.0, 0.5, 0.2], [1.0, "half"], None, True])
def test_shares_that_are_none_are_refused(value):
    with pytest.raises(InputError, match=r"teacher_forcing is .*: give a share between 0 and 1, or two"):
        read_forcing(value)
