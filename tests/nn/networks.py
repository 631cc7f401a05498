"""What the tests of recurrent networks share: every cell in every variant, and a cell of one's own."""

from __future__ import annotations

import torch

import grunit
from grunit import Recurrent
from grunit.cli.catalogue import CLASSIC

CELLS = CLASSIC
OPTIONS = {
    **{name: {} for name in CELLS},
    "lstm_coupled": {"coupled_gates": True},
    "lstm_projected": {"proj_size": 2},
    "gru_reset_before": {"reset_after": False},
    "peephole_gru_reset_before": {"reset_after": False},
    "rnn_relu": {"activation": "relu"},
}
VARIANTS = list(OPTIONS)


def make(variant, *arguments, **more):
    name = max((name for name in CELLS if variant.startswith(name)), key=len)
    return Recurrent(name, *arguments, **OPTIONS[variant], **more, dtype=torch.float64)


def noise(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def noisy_state(rnn, batch_size):
    return tuple(torch.randn_like(value) for value in rnn.init_state(batch_size))


def assert_same(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


class Decay(grunit.Cell):
    """A cell of one's own with a second input, built without sizes."""

    inputs = ("x", "dt")

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W = torch.nn.Linear(input_size, hidden_size, dtype=torch.float64)
        self.rate = torch.nn.Parameter(torch.ones(hidden_size, dtype=torch.float64))

    def step(self, x, dt, h):
        keep = grunit.gate("keep", torch.exp(-dt * self.rate))
        return (keep * h + (1 - keep) * torch.tanh(self.W(x)),)


def layer_of(rnn, index, name):
    """One layer of a network as a network of its own."""
    size = rnn.input_size if index == 0 else rnn.directions * rnn.hidden_size
    layer = Recurrent(name, size, rnn.hidden_size, bidirectional=rnn.bidirectional, dtype=torch.float64)
    for mine, theirs in zip(layer.cells, rnn.cells[rnn.directions * index :], strict=False):
        mine.load_state_dict(theirs.state_dict())
    return layer
