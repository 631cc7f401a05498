"""Axes: values within, ticks at round places, outliers on the edge."""

from __future__ import annotations

import pytest

from grunit.tuning.choices import Choices, Span
from grunit.tuning.report_axes import Axis, log_ticks, place_of, score_axis, value_axis


def test_straight_and_by_factors():
    assert Axis(0, 10, 100, 200)(2.5) == 125
    assert Axis(1e-4, 1, 0, 100, log=True)(1e-2) == pytest.approx(50)
    assert Axis(0, 10, 200, 100)(99) == 100  # beyond: on the edge


@pytest.mark.parametrize(("low", "high"), [(1e-4, 1e-1), (0.02, 0.07), (3, 400), (1e-9, 1e9)])
def test_ticks_by_factors_lie_within_and_are_few(low, high):
    ticks = [at for at, _ in log_ticks(low, high)]
    assert 1 <= len(ticks) <= 7
    assert all(low * 0.999 <= at <= high * 1.001 for at in ticks)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_one_very_bad_score_does_not_press_the_others_together(direction):
    sign = 1 if direction == "minimize" else -1
    usual = [sign * value for value in (1.0, 1.2, 1.4, 1.6, 2.0)]
    axis = score_axis([*usual, sign * 1e6, None, float("nan")], 0, 100, direction)
    places = [axis(score) for score in usual]
    assert max(places) - min(places) > 20
    assert score_axis([], 0, 100, direction) == Axis(0, 1, 0, 100)
    assert score_axis([2.0], 0, 100, direction)(2.0) == 50


def test_arguments():
    layers = value_axis(Span(1, 3, whole=True), 0, 100)
    assert [text for _, text in layers.ticks()] == ["1", "2", "3"]
    cells = Choices(("gru", None, 1, True))
    assert [text for _, text in value_axis(cells, 0, 100).ticks()] == ["gru", "none", "1", "True"]
    assert place_of(cells, None) == 1
    assert place_of(Span(0.0, 1.0), 0.25) == 0.25
