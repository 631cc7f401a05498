"""Penalties against closed forms and a walk written out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import grunit
from grunit.training import Batches, Settings, fit
from grunit.training.penalties import ActivationPenalty, activation_penalty, weight_penalty


def test_a_step_down_the_weight_penalty_is_its_closed_form():
    x = torch.zeros(2, 3)
    line = nn.Linear(3, 2)
    start, bias = line.weight.detach().clone(), line.bias.detach().clone()
    settings = Settings(
        max_epochs=1, lr=0.1, optimizer="sgd", weight_decay=0, clip=None, l1=0.3, l2=0.7, verbose=0, device="cpu"
    )
    history = fit(line, lambda model, batch: 0.0 * model(batch[0]).sum(), Batches((x,), 2), None, settings)
    torch.testing.assert_close(line.weight, start - 0.1 * (0.3 * start.sign() + 2 * 0.7 * start))
    assert torch.equal(line.bias, bias)
    assert history.train == [0.0]  # what is reported is the loss itself


def test_a_weight_that_does_not_learn_is_not_counted():
    line = nn.Linear(2, 2)
    line.weight.requires_grad_(False)
    assert weight_penalty(line, 1.0, 1.0) == 0


def written_out(output, lengths, size, change):
    squares = [output[b, t].square() for b in range(len(output)) for t in range(lengths[b])]
    moves = [(output[b, t + 1] - output[b, t]).square() for b in range(len(output)) for t in range(lengths[b] - 1)]
    return size * torch.stack(squares).mean() + change * torch.stack(moves).mean()


@pytest.mark.parametrize("kind", ["full", "lengths", "packed", "time first", "torch"])
def test_outputs_of_a_core_are_heard_as_far_as_rows_go(kind):
    output_first = kind != "time first"
    make = nn.GRU if kind == "torch" else lambda *sizes, **more: grunit.Recurrent("gru", *sizes, **more)
    model = nn.ModuleDict({"core": make(2, 3, batch_first=output_first)})
    x, lengths = torch.randn(3, 5, 2), [5, 5, 5] if kind in ("full", "time first", "torch") else [5, 3, 2]
    penalty = ActivationPenalty(model, 2.0, 0.5)
    if kind == "packed":
        model["core"](pack_padded_sequence(x, torch.tensor(lengths), batch_first=True))
    elif kind == "lengths":
        model["core"](x, lengths=torch.tensor(lengths))
    else:
        model["core"](x if output_first else x.transpose(0, 1))
    heard = penalty.take()
    assert penalty.take() == 0.0
    penalty.close()
    plain = model["core"](x if output_first else x.transpose(0, 1))[0]
    expected = written_out(plain if output_first else plain.transpose(0, 1), lengths, 2.0, 0.5)
    torch.testing.assert_close(heard, expected)
    assert penalty.take() == 0.0  # it listens no longer
    torch.testing.assert_close(activation_penalty(plain[:, :1], None, 1.0, 1.0), plain[:, :1].square().mean())


def test_a_training_learns_smaller_and_steadier_outputs_and_leaves_no_ear():
    class Core(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = grunit.Recurrent("gru", 1, 4, batch_first=True)

        def forward(self, x):
            return self.core(x)[0]

    x = torch.randn(6, 8, 1)
    sizes = []
    for factor in (0.0, 10.0):
        torch.manual_seed(1)
        model = Core()
        settings = Settings(max_epochs=20, lr=0.02, activation_l2=factor, change_l2=factor, verbose=0, device="cpu")
        fit(model, lambda net, batch: (net(batch[0]).mean(-1) - 0.5).square().mean(), Batches((x,), 6), None, settings)
        sizes.append(model(x).square().mean().item())
        assert not model.core._forward_hooks
    assert sizes[1] < sizes[0] / 2
