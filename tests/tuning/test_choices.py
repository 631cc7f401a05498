"""Domains: what may be written for one argument, what is drawn from it, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.cells import GRU, LSTM
from grunit.errors import InputError
from grunit.tuning.choices import Choices, Span, label, read_domain


def test_values_of_any_kind_come_back_from_their_labels():
    domain = read_domain("cell", ["gru", GRU, LSTM, ["gru", "lstm"], None, True, 1, 1.0], "gru")
    assert domain.labels == ["gru", "GRU", "LSTM", '["gru", "lstm"]', None, True, 1, 1.0]
    for value in domain.values:
        back = domain.value(label(value))
        assert back == value
        assert type(back) is type(value)
    assert domain.holds(GRU)
    assert not domain.holds(0)
    assert not domain.holds("rnn")


def test_numbers_of_numpy_become_plain():
    domain = read_domain("lr", np.array([0.5, 0.25]), 0.1)
    assert domain == Choices((0.5, 0.25))
    assert type(domain.values[0]) is float
    assert read_domain("layers", (np.int64(1), np.int64(3)), 1) == Span(1, 3, whole=True)


@pytest.mark.parametrize(
    ("given", "default", "expected"),
    [
        ((1, 3), 1, Span(1, 3, whole=True)),
        ((1, 3), None, Span(1, 3, whole=True)),
        ((8, 64, 8), 32, Span(8, 64, whole=True, step=8)),
        ((0, 1), 0.0, Span(0.0, 1.0)),
        ((0, 0.5), 0.0, Span(0.0, 0.5)),
        ((0, 0.5, 0.1), 0.0, Span(0.0, 0.5, step=0.1)),
        ((1e-4, 1e-1, "log"), 1e-3, Span(1e-4, 1e-1, log=True)),
        ((4, 256, "log"), 32, Span(4, 256, whole=True, log=True)),
    ],
)
def test_ranges(given, default, expected):
    assert read_domain("name", given, default) == expected


@pytest.mark.parametrize(
    ("given", "default", "message"),
    [
        ([], 1, "empty: give at least one"),
        ([1, 2, 1], 1, "holds 1 twice"),
        ((3, 1), 1, "an empty range: give the lower end first"),
        ((1, 1), 1, "an empty range"),
        ((0.0, 1.0, "log"), 0.1, "begins above 0"),
        ((0.0, 1.0, "logarithmic"), 0.1, 'stand "log" or a step'),
        ((0.0, 1.0, -0.1), 0.1, "step above 0"),
        ((1.5, 3.0), 1, "takes whole numbers"),
        ((1, 2, 3, 4), 1, "a range is"),
        (("gru", "lstm"), "gru", "stand in a list"),
        ((0.0, math.inf), 0.1, "a range is"),
        ((True, 2), 1, "a range is"),
        ("gru", "gru", "give a list of values"),
        (3, 1, "give a list of values"),
        ({"low": 1}, 1, "give a list of values"),
    ],
)
def test_refusals(given, default, message):
    with pytest.raises(InputError, match=message) as refusal:
        read_domain("units", given, default)
    assert "units" in str(refusal.value)


@given(low=st.floats(1e-6, 1.0), factor=st.floats(1.01, 1e6), log=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_what_is_drawn_lies_within(low, factor, log, seed):
    domain = Span(low, low * factor, log=log)
    assert domain.holds(domain.draw(np.random.default_rng(seed)))


@given(
    low=st.integers(-5, 50),
    width=st.integers(1, 40),
    step=st.one_of(st.none(), st.integers(1, 9)),
    seed=st.integers(0, 2**32 - 1),
)
def test_whole_numbers_are_drawn_from_all_of_them(low, width, step, seed):
    domain = Span(low, low + width, whole=True, step=step)
    assert domain.every() == list(range(low, low + width + 1, step or 1))
    drawn = domain.draw(np.random.default_rng(seed))
    assert type(drawn) is int
    assert drawn in domain.every()


def test_a_range_by_factors_is_drawn_by_factors():
    generator = np.random.default_rng(0)
    drawn = np.array([Span(1e-4, 1.0, log=True).draw(generator) for _ in range(4000)])
    # A quarter in each factor of ten, to four standard errors.
    shares = np.histogram(np.log10(drawn), [-4, -3, -2, -1, 0])[0] / len(drawn)
    assert np.abs(shares - 0.25).max() < 4 * math.sqrt(0.25 * 0.75 / 4000)


def test_steps_of_a_fraction():
    assert Span(0.0, 0.5, step=0.1).every() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert Span(0.0, 0.45, step=0.1).every() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert Span(0.0, 1.0).every() is None
