"""Ticks at round places, inside the axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.explain.report_axes import as_numbers, number_ticks, spanning, time_ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_number_ticks_are_inside_evenly_spaced_and_round(low, width, count):
    ticks = [tick.at for tick in number_ticks(low, low + width, count)]
    assert 1 <= len(ticks) <= 2 * count + 2
    assert min(ticks) >= low - 1e-6 * (abs(low) + width)
    assert max(ticks) <= low + width + 1e-6 * (abs(low) + width)
    if len(ticks) > 1:
        step = ticks[1] - ticks[0]
        digits = step / 10 ** np.floor(np.log10(step) + 1e-6)
        assert min(abs(digits - round_one) for round_one in (1, 2, 5)) < 1e-4


@given(st.integers(0, 20_000), st.floats(0.01, 20_000))
def test_time_ticks_are_inside_and_not_too_many(first, days):
    ticks = time_ticks(first, first + days)
    assert len(ticks) <= 7
    assert all(first - 1e-6 <= tick.at <= first + days + 1e-6 for tick in ticks)
    assert len({tick.at for tick in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("2020-01-01", "2026-01-01", ["2020", "2021", "2022", "2023", "2024", "2025", "2026"]),
        ("2024-01-01", "2024-01-02", ["1 Jan 2024 00:00", "1 Jan 06:00", "1 Jan 12:00", "1 Jan 18:00", "2 Jan 00:00"]),
        ("2024-10-15", "2025-03-15", ["1 Nov 2024", "1 Dec", "1 Jan 2025", "1 Feb", "1 Mar"]),
    ],
)
def test_time_labels(low, high, labels):
    edges = as_numbers(np.array([low, high], "datetime64[ns]"))
    assert [tick.label for tick in time_ticks(*edges)] == labels


def test_scale_covers_what_is_finite():
    scale = spanning([1.0, np.nan, 3.0, np.inf], 0, 100)
    assert scale([1, 2, 3]).tolist() == [0, 50, 100]


def test_a_constant_still_has_an_axis():
    scale = spanning([2.0, 2.0], 0, 10)
    assert scale([2.0]).tolist() == [5.0]
    assert number_ticks(scale.low, scale.high)
