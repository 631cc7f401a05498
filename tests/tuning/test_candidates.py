"""What is tried first: the settings given, then a grid or random ones that follow from the seed alone."""

from __future__ import annotations

import pytest
from tests.tuning.hills import Hill

from grunit.tuning.candidates import list_candidates
from grunit.tuning.choices import Choices, Span
from grunit.tuning.space import Space

SPACE = Space({"height": Span(-5.0, 5.0), "steps": Choices((0, 1, 2))})
SMALL = Space({"steps": Choices((0, 1, 2))})


def test_the_settings_given_come_first():
    for method, count in (("bayesian", 1), ("random", 6)):
        listed = list_candidates(SPACE, Hill(2.0, 1), method, 6, 0)
        assert listed[0] == {"height": 2.0, "steps": 1}
        assert len(listed) == count
    assert list_candidates(SPACE, Hill(6.0), "bayesian", 6, 0) == []


def test_random_ones_go_on_where_they_left_off():
    few = list_candidates(SPACE, Hill(), "random", 5, seed=3)
    many = list_candidates(SPACE, Hill(), "random", 12, seed=3)
    assert many[:5] == few
    assert list_candidates(SPACE, Hill(), "random", 5, seed=4)[1:] != few[1:]


def test_a_small_space_is_used_up():
    listed = list_candidates(SMALL, Hill(), "random", 10, seed=0)
    assert sorted(labels["steps"] for labels in listed) == [0, 1, 2]


@pytest.mark.parametrize("trials", [None, 2])
def test_a_grid_holds_each_once(trials):
    listed = list_candidates(SMALL, Hill(steps=2), "grid", trials, seed=1)
    assert listed[0] == {"steps": 2}
    assert len(listed) == len({labels["steps"] for labels in listed}) == (trials or 3)
