"""A step of the peephole LSTM, with every option, against its equations written out."""

from __future__ import annotations

import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise, sums, without_peepholes

from grunit.cells import LSTM, PeepholeLSTM


def arguments(units: int = 4):
    return noise(2, 3), noise(2, units), noise(2, 4)


def test_two_gates_see_the_old_cell_state_and_the_output_gate_the_new_one():
    cell = PeepholeLSTM(3, 4, dtype=DOUBLE)
    x, h, c = arguments()
    i, f, g, o = sums(cell, x, h)
    new_c = (f + cell.weight_cf * c).sigmoid() * c + (i + cell.weight_ci * c).sigmoid() * g.tanh()
    assert_same(cell(x, h, c), ((o + cell.weight_co * new_c).sigmoid() * new_c.tanh(), new_c))


def test_coupled_gates_leave_one_peephole_for_both():
    cell = PeepholeLSTM(3, 4, coupled_gates=True, dtype=DOUBLE)
    x, h, c = arguments()
    i, g, o = sums(cell, x, h)
    i = (i + cell.weight_ci * c).sigmoid()
    new_c = (1 - i) * c + i * g.tanh()
    assert_same(cell(x, h, c), ((o + cell.weight_co * new_c).sigmoid() * new_c.tanh(), new_c))
    assert {name for name, _ in cell.named_parameters()} == {
        *("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
        *("weight_ci", "weight_co"),
    }
    assert cell.weight_ih.shape == (12, 3)


def test_the_projection_makes_h_small_and_leaves_the_cell_state_whole():
    cell = PeepholeLSTM(3, 4, proj_size=2, dtype=DOUBLE)
    x, h, c = arguments(units=2)
    i, f, g, o = sums(cell, x, h)
    new_c = (f + cell.weight_cf * c).sigmoid() * c + (i + cell.weight_ci * c).sigmoid() * g.tanh()
    inner = (o + cell.weight_co * new_c).sigmoid() * new_c.tanh()
    assert_same(cell(x, h, c), (inner @ cell.weight_hr.T, new_c))


@pytest.mark.parametrize("coupled", [False, True])
def test_every_activation_has_its_place(coupled):
    cell = PeepholeLSTM(
        3,
        4,
        coupled_gates=coupled,
        gate_activation="hard_sigmoid",
        activation="relu",
        output_activation="softsign",
        dtype=DOUBLE,
    )

    def hard_sigmoid(value):
        return (value / 5 + 0.5).clamp(0, 1)

    x, h, c = arguments()
    i, *own, g, o = sums(cell, x, h)
    i = hard_sigmoid(i + cell.weight_ci * c)
    f = 1 - i if coupled else hard_sigmoid(own[0] + cell.weight_cf * c)
    new_c = f * c + i * g.clamp(min=0)
    assert_same(cell(x, h, c), (hard_sigmoid(o + cell.weight_co * new_c) * new_c / (1 + new_c.abs()), new_c))


@pytest.mark.parametrize("options", [{}, {"coupled_gates": True}, {"proj_size": 2}, {"output_activation": torch.sin}])
def test_without_its_peepholes_it_is_the_plain_cell(options):
    cell, plain = without_peepholes(PeepholeLSTM(3, 4, **options, dtype=DOUBLE), LSTM(3, 4, **options, dtype=DOUBLE))
    x, h, c = arguments(units=options.get("proj_size", 4))
    assert_same(cell(x, h, c), plain(x, h, c))
