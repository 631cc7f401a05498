"""grunit.trace: the gates by name, checked against the equations they stand for."""

from __future__ import annotations

import pytest
import torch
from tests.nn.networks import CELLS, Decay, assert_same, make, noise
from torch.nn.utils.rnn import pack_padded_sequence

import grunit
from grunit import Recurrent

GATES = {
    "rnn": ["candidate"],
    "lstm": ["candidate", "forget_gate", "input_gate", "output_gate"],
    "gru": ["candidate", "reset_gate", "update_gate"],
    "peephole_lstm": ["candidate", "forget_gate", "input_gate", "output_gate"],
    "peephole_gru": ["candidate", "reset_gate", "update_gate"],
}


@pytest.mark.parametrize("name", CELLS)
def test_one_layer_has_plain_names(name):
    gates = grunit.trace(make(name, 2, 3), noise(5, 4, 2))
    assert sorted(gates) == GATES[name]
    assert all(value.shape == (5, 4, 3) and not value.requires_grad for value in gates.values())


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_gates_of_a_gru_make_its_output(bidirectional):
    rnn, lengths = make("gru", 2, 3, num_layers=2, bidirectional=bidirectional), torch.tensor([3, 5])
    x = noise(5, 2, 2)
    gates, output = grunit.trace(rnn, x, lengths=lengths), rnn(x, lengths=lengths)[0]
    for direction, suffix in enumerate(["_l1", "_l1_reverse"][: rnn.directions]):
        z, n = gates["update_gate" + suffix], gates["candidate" + suffix]
        h = output[..., 3 * direction : 3 * direction + 3]
        zero = torch.zeros(1, 2, 3, dtype=h.dtype)
        before = torch.cat([h[1:], zero]) if direction else torch.cat([zero, h[:-1]])
        valid = (torch.arange(5).unsqueeze(1) < lengths).unsqueeze(-1)
        assert_same(h, ((1 - z) * n + z * before) * valid)
        assert not z[3:, 0].any()


def test_names_take_torchs_endings():
    gates = grunit.trace(Recurrent(["rnn", "lstm"], 2, 3, bidirectional=True), torch.zeros(4, 2, 2))
    assert {"candidate_l0", "candidate_l0_reverse", "forget_gate_l1", "forget_gate_l1_reverse"} <= set(gates)
    assert "forget_gate_l0" not in gates


def test_any_form_of_input_is_traced_time_first():
    rnn = make("lstm", 2, 3)
    x = noise(5, 2, 2)
    expected = grunit.trace(rnn, x)["forget_gate"]
    packed = pack_padded_sequence(x, torch.tensor([3, 5]), enforce_sorted=False)
    assert_same(grunit.trace(rnn, packed)["forget_gate"][:3], expected[:3])
    assert_same(grunit.trace(rnn, x[:, 1])["forget_gate"][:, 0], expected[:, 1])
    rnn.batch_first = True
    assert_same(grunit.trace(rnn, x.transpose(0, 1))["forget_gate"], expected)


def test_extra_inputs_and_gates_of_ones_own():
    dt = torch.rand(5, 2, dtype=torch.float64)
    gates = grunit.trace(Recurrent(Decay, 2, 3), noise(5, 2, 2), dt=dt)
    assert_same(gates["keep"], torch.exp(-dt).unsqueeze(-1).expand(5, 2, 3).contiguous())
