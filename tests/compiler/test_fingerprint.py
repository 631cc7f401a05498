"""Fingerprints are equal where cells behave alike and differ where they do not."""

from __future__ import annotations

import copy
import functools
import gc

import pytest
import torch
from tests.compiler.user_cells import OneState
from torch import nn

from grunit.cells import GRU, LSTM, RNN, PeepholeLSTM
from grunit.compiler.fingerprint import Same, fingerprint


class Scaled(OneState):
    def build(self, input_size, hidden_size):
        self.scale, self.inner = 2.0, nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def step(self, x, h):
        return (torch.tanh(self.W(x) * self.scale + self.inner(h)),)


def test_cells_built_alike_share():
    for make in (lambda: LSTM(3, 4), lambda: GRU(3, 4, activation="relu"), lambda: Scaled(3, 4)):
        one, other = fingerprint(make()), fingerprint(make())
        assert one == other
        assert hash(one) == hash(other)
        assert one[1]


def test_weights_are_no_part_of_it():
    cell = Scaled(3, 4)
    before = fingerprint(cell)
    with torch.no_grad():
        cell.W.weight.add_(1)
    assert fingerprint(cell) == before == fingerprint(copy.deepcopy(cell))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LSTM(3, 4), PeepholeLSTM(3, 4)),
        (LSTM(3, 4), LSTM(3, 4, coupled_gates=True)),
        (LSTM(3, 4), LSTM(3, 4, output_activation="relu")),
        (GRU(3, 4), GRU(3, 4, reset_after=False)),
        (RNN(3, 4), RNN(3, 4, activation="relu")),
        (RNN(3, 4), RNN(3, 4).eval()),
    ],
    ids=["class", "coupled", "output", "reset", "activation", "mode"],
)
def test_cells_that_behave_differently_differ(one, other):
    assert fingerprint(one)[0] != fingerprint(other)[0]


@pytest.mark.parametrize(
    ("attribute", "one", "other"),
    [
        ("scale", 2.0, 3.0),
        ("scale", 2, 2.0),
        ("_scale", None, 0.0),
        ("_scale", False, 0),
        ("scale", 1, True),
        ("scale", [1, 2], (1, 2)),
        ("scale", [1, [2, 3]], [1, [2, 4]]),
        ("scale", {"a": 1}, {"a": 2}),
        ("scale", {1, 2}, {1, 3}),
        ("scale", torch.float32, torch.float64),
        ("scale", torch.tanh, torch.sigmoid),
        ("scale", functools.partial(torch.clamp, max=1), functools.partial(torch.clamp, max=2)),
        ("scale", lambda v: v + 1, lambda v: v + 2),
        ("scale", lambda v, by=1: v + by, lambda v, by=2: v + by),
    ],
)
def test_an_attribute_is_compared_by_type_and_value(attribute, one, other):
    def given(value):
        cell = Scaled(3, 4)
        setattr(cell, attribute, value)
        return fingerprint(cell)

    assert given(one) == given(one)
    assert given(one)[0] != given(other)[0]
    assert given(one)[1]  # equal cells may share


def test_a_change_in_a_module_inside_is_seen():
    cell = Scaled(3, 4)
    before = fingerprint(cell)
    cell.inner[1] = nn.ReLU()
    assert fingerprint(cell)[0] != before[0]
    cell.inner[1] = nn.Tanh()
    assert fingerprint(cell)[0] == before[0]
    cell.inner[0].eval()
    assert fingerprint(cell)[0] != before[0]


def closing_over(factor):
    return lambda value: factor * value


@pytest.mark.parametrize("value", [torch.ones(4), closing_over(2), object()], ids=["tensor", "closure", "object"])
def test_what_has_no_value_to_compare_keeps_its_plan_to_itself(value):
    cell = Scaled(3, 4)
    cell.scale = value
    structure, shareable = fingerprint(cell)
    assert not shareable
    assert fingerprint(cell)[0] == structure
    cell.scale = closing_over(2)  # the same code and the same number, another object
    assert fingerprint(cell)[0] != structure


def test_a_step_set_anew_on_the_class_is_seen():
    class Changing(OneState):
        def step(self, x, h):
            return (torch.tanh(self.W(x) + h),)

    cell = Changing(3, 4)
    before = fingerprint(cell)
    Changing.step = lambda self, x, h: (self.W(x) + h,)
    assert fingerprint(cell)[0] != before[0]


def test_same_tells_objects_apart_and_does_not_keep_them_alive():
    class Thing:
        pass

    one, other = Thing(), Thing()
    same = Same(one)
    assert same == Same(one)
    assert hash(same) == hash(Same(one))
    assert same != Same(other)
    del one
    gc.collect()
    assert same.reference() is None
    # What comes to lie where it lay is another object.
    impostor = Same(other)
    impostor.number = same.number
    assert same != impostor
