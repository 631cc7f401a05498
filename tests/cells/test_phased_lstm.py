"""The time gate of the phased LSTM against the paper's, its step, its leak, and what it becomes when always open."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.arrays import arrays, assert_close, columns, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

from grunit.cells import LSTM, PeepholeLSTM, PhasedLSTM
from grunit.errors import InputError


def openness(time, period, phase, ratio_on, leak):
    """The paper's three phases, one number at a time."""
    found = np.empty((len(time), len(period)))
    for row, t in enumerate(time):
        for unit, (tau, s) in enumerate(zip(period, phase, strict=True)):
            part = ((t - s) % tau) / tau
            if part < ratio_on / 2:
                found[row, unit] = 2 * part / ratio_on
            elif part < ratio_on:
                found[row, unit] = 2 - 2 * part / ratio_on
            else:
                found[row, unit] = leak * part
    return found


@pytest.mark.parametrize("training", [True, False])
def test_the_time_gate_is_that_of_the_paper_and_leaks_only_in_training(training):
    cell = PhasedLSTM(3, 40, ratio_on=0.3, leak=0.01, min_period=0.5, max_period=20.0).double().train(training)
    p = arrays(cell)
    time = np.concatenate([[-3.0, 0.0, 0.25], np.linspace(0, 60, 41)])
    with torch.no_grad():
        found = cell.time_gate(torch.from_numpy(time)[:, None]).numpy()
    expected = openness(time, p["period"], p["phase"], 0.3, 0.01 if training else 0.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    assert (found > 0.02).any(1).all(), "some unit is open at every time"


@pytest.mark.parametrize("peepholes", [True, False])
@pytest.mark.parametrize("learn", [True, False])
def test_a_step_goes_as_far_towards_the_lstm_as_the_gate_is_open(peepholes, learn):
    cell = PhasedLSTM(
        3, 4, peepholes=peepholes, ratio_on=0.6, learn_ratio_on=learn, max_period=9.0, dtype=torch.float64
    )  # a learnt 0.6 drawn in single precision would stay 0.60000002
    plain = (PeepholeLSTM if peepholes else LSTM)(3, 4).double()
    rhythm = ("period", "phase", "ratio_on")
    plain.load_state_dict({name: value for name, value in cell.state_dict().items() if name not in rhythm})
    x, h, c, time = columns(5, 3), columns(5, 4), columns(5, 4), np.array([0.0, 0.7, 3.1, 8.0, 100.0])
    p = arrays(cell)
    k = openness(time, p["period"], p["phase"], 0.6, 0.001)
    new_h, new_c = step_of(plain, x, h, c)
    assert_close(step_of(cell, x, time[:, None], h, c), [k * new_h + (1 - k) * h, k * new_c + (1 - k) * c])


def test_a_closed_unit_keeps_its_state_to_the_last_bit_in_evaluation():
    cell = PhasedLSTM(3, 4, max_period=1.0).eval()
    with torch.no_grad():
        cell.phase.zero_()
    h, c = torch.randn(2, 4), torch.randn(2, 4)
    new_h, new_c = cell(torch.randn(2, 3), torch.full((2, 1), 7.5), h, c)
    assert torch.equal(new_h, h)
    assert torch.equal(new_c, c)


def test_the_gradient_of_the_rhythm_is_that_of_the_slope():
    cell = spread(PhasedLSTM(1, 1, ratio_on=0.5))
    with torch.no_grad():
        cell.period.fill_(4.0)
        cell.phase.fill_(1.0)
    time = torch.tensor([[9.5]], dtype=torch.float64, requires_grad=True)
    k = cell.time_gate(time)  # (9.5 - 1) / 4 = 2.125 turns: rising, k = 2 * 0.125 / 0.5
    assert k.item() == 0.5
    k.backward()
    np.testing.assert_allclose(time.grad.item(), 2 / 0.5 / 4, rtol=1e-14)
    np.testing.assert_allclose(cell.phase.grad.item(), -2 / 0.5 / 4, rtol=1e-14)
    np.testing.assert_allclose(cell.period.grad.item(), -2 / 0.5 * 8.5 / 16, rtol=1e-14)


def test_rhythms_start_within_their_range():
    cell = PhasedLSTM(3, 500, min_period=2.0, max_period=50.0)
    p = arrays(cell)
    assert (p["period"] >= 1.999).all()
    assert (p["period"] <= 50.001).all()
    assert (p["phase"] >= 0).all()
    assert (p["phase"] <= p["period"]).all()
    assert abs(np.log(p["period"]).mean() - np.log(100) / 2) < 0.15, "log-uniform: centred on the geometric mean"


@pytest.mark.parametrize("options", [{}, {"peepholes": False}, {"learn_ratio_on": True, "coupled_gates": True}])
@pytest.mark.parametrize("training", [True, False])
def test_compiled_it_equals_the_loop(options, training):
    cell = PhasedLSTM(3, 4, ratio_on=0.5, max_period=3.0, **options).double().train(training)
    assert_equals_the_loop(cell, lengths=[4, 2, 0])


@pytest.mark.parametrize(
    "options", [{"proj_size": 2}, {"min_period": 0.0}, {"min_period": 5.0, "max_period": 1.0}, {"ratio_on": 0.0}]
)
def test_bad_options_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        PhasedLSTM(3, 4, **options)
