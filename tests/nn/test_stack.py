"""Sessions of networks with options, against the same networks along whole sequences."""

from __future__ import annotations

import numpy
import pytest
import torch
from tests.nn.layer_options import OPTIONS, stir
from tests.nn.networks import make, noise
from torch import nn

import grunit
from grunit import Recurrent, Session

H = 9
AT_INFERENCE = ["zoneout", "state_norm", "learn_state", "highway", "dense", "projection", "everything"]


def session_of(backend, module, batch_size):
    with grunit.backend(backend):
        return Session(module, batch_size)


def stream(session, x):
    return torch.from_numpy(numpy.stack([session.step(value).copy() for value in x]))


@pytest.mark.parametrize("backend", ["torch", "c"])
@pytest.mark.parametrize("option", AT_INFERENCE)
def test_steps_are_the_sequence(option, backend):
    rnn, x = stir(make("gru", 3, H, num_layers=2, **OPTIONS[option])), noise(6, 2, 3)
    model = nn.Sequential(rnn, nn.Linear(rnn.output_size, 2, dtype=torch.float64))
    session = session_of(backend, model, 2)
    assert session.backend == backend
    hidden, final = rnn.eval()(x)
    torch.testing.assert_close(stream(session, x), model[1](hidden).detach(), rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(torch.from_numpy(session.state["h"]), final[0].detach(), rtol=1e-11, atol=1e-11)
    alone = session_of("torch", rnn, 2)  # what the last layer hands up is the output itself
    torch.testing.assert_close(stream(alone, x), hidden.detach(), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("option", ["add", "gated", "input_dropout", "state_dropout", "output_dropout", "weight_drop"])
def test_what_is_drawn_in_training_is_not_in_a_session(option):
    rnn, x = make("gru", 3, H, num_layers=2, **OPTIONS[option]), noise(6, 2, 3)
    session = session_of("torch", rnn, 2)
    torch.testing.assert_close(stream(session, x), rnn.eval()(x)[0].detach(), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_a_session_starts_and_starts_again_from_the_learnt_state(backend):
    rnn = stir(make("gru", 3, H, learn_state=True)).eval()
    x, start = noise(2, 3, 3), rnn.init_state(3)[0].detach().numpy()
    session = session_of(backend, rnn, 3)
    numpy.testing.assert_array_equal(session.state["h"], start)
    session.step(x[0])
    session.reset(1)
    numpy.testing.assert_array_equal(session.state["h"][:, 1], start[:, 1])
    assert not numpy.array_equal(session.state["h"][:, [0, 2]], start[:, [0, 2]])
    session.reset([0, 2])
    numpy.testing.assert_array_equal(session.state["h"], start)
    with torch.no_grad():
        rnn.starts[0].h.fill_(2.0)
    session.reset()
    numpy.testing.assert_array_equal(session.state["h"], start)  # a snapshot
    session.refresh()
    session.reset()
    assert (session.state["h"] == 2).all()


def test_small_weights_reach_the_maps_between_layers():
    rnn = Recurrent("gru", 3, H, num_layers=2, residual="highway", projection=4)
    x = torch.randn(5, 1, 3)
    with grunit.backend("c"):
        session = Session(rnn, weights="bfloat16")
    expected = rnn.eval()(x)[0].detach()
    torch.testing.assert_close(stream(session, x), expected, rtol=0.05, atol=0.02)
    assert not torch.equal(stream(session, x), expected)
