"""A step of CfC in its three modes against the paper's equations."""

from __future__ import annotations

import numpy as np
import pytest
from tests.cells.arrays import arrays, assert_close, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

from grunit.cells import CfC
from grunit.errors import InputError


@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_step_is_that_of_the_paper(mode, layers):
    cell = spread(CfC(3, 4, mode=mode, backbone_layers=layers, backbone_units=6))
    p = arrays(cell)
    x, h, dt = columns(2, 3), columns(2, 4), abs(columns(2, 1))
    y = np.concatenate([x, h], 1)
    for k in range(layers):
        y = 1.7159 * np.tanh(0.666 * (y @ p[f"backbone.{2 * k}.weight"].T + p[f"backbone.{2 * k}.bias"]))
    head = lambda name: y @ p[f"{name}.weight"].T + p[f"{name}.bias"]  # noqa: E731
    v = head("ff1")
    if mode == "pure":
        expected = p["A"] - p["A"] * v * np.exp(-dt * (abs(p["w_tau"]) + abs(v)))
    else:
        f = sigmoid(head("time_a") * dt + head("time_b"))
        late = np.tanh(head("ff2"))
        expected = np.tanh(v) * (1 if mode == "no_gate" else 1 - f) + f * late
    assert_close(step_of(cell, x, dt, h), [expected])


@pytest.mark.parametrize("options", [{}, {"mode": "pure"}, {"mode": "no_gate"}, {"backbone_layers": 2}])
def test_compiled_it_equals_the_loop(options):
    assert_equals_the_loop(CfC(3, 4, backbone_units=6, **options), lengths=[4, 2, 0])


def test_without_a_backbone_the_heads_see_input_and_state():
    cell = CfC(3, 4, backbone_layers=0, backbone_activation="relu")
    assert cell.ff1.weight.shape == (4, 7)
    assert not list(cell.backbone)
    assert_equals_the_loop(cell)


@pytest.mark.parametrize("options", [{"mode": "gate"}, {"backbone_units": 0}, {"backbone_layers": -1}])
def test_bad_options_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        CfC(3, 4, **options)
