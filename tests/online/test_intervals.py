"""Coverage is what was asked for, whatever the errors do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from grunit.errors import InputError
from grunit.online.intervals import AdaptiveInterval


def test_coverage_holds_while_errors_grow_fourfold_and_shrink_again():
    rng = np.random.default_rng(0)
    size = np.concatenate([np.full(3000, 1.0), np.linspace(1, 4, 3000), np.full(3000, 0.5)])
    interval = AdaptiveInterval([80, 95])
    for error in np.abs(rng.standard_normal(9000) * size):
        interval.update(error)
    # Gibbs & Candes, proposition 4.1: no further from the target than (max(a, 1 - a) + gamma) / (gamma T).
    for level in (80, 95):
        a = 1 - level / 100
        bound = (max(a, 1 - a) + interval.rate) / (interval.rate * interval.count)
        assert abs(interval.coverage(level) - level / 100) <= bound


def test_a_fixed_quantile_would_not_have_held():
    """What the adaption is for: the same errors, judged by the quantile of the first thousand."""
    rng = np.random.default_rng(0)
    errors = np.abs(rng.standard_normal(3000)) * np.linspace(1, 4, 3000)
    fixed = np.quantile(errors[:500], 0.8)
    assert (errors <= fixed).mean() < 0.6


def test_width_is_the_conformal_quantile():
    interval = AdaptiveInterval([90], rate=1e-13)
    scores = np.random.default_rng(1).permutation(99) + 1.0
    for score in scores:
        interval.update(score)
    # The smallest score that at least 90 of 100 do not exceed; Lei et al. (2018), algorithm 2.
    assert interval.width(90) == 90


def test_only_recent_scores_count():
    interval = AdaptiveInterval([50], memory=20)
    for score in [100.0] * 50 + [1.0] * 21:
        interval.update(score)
    assert interval.width(50) == 1
    assert len(interval._sorted) == 20


def test_before_there_are_scores_there_is_no_interval():
    interval = AdaptiveInterval([80])
    for _ in range(interval.FEWEST):
        assert interval.width(80) is None
        interval.update(1.0)
    assert interval.width(80) == 1
    interval.update(float("nan"))
    assert len(interval._sorted) == interval.FEWEST


def test_a_snapshot_goes_on_alike():
    first = AdaptiveInterval([80], memory=50)
    rng = np.random.default_rng(2)
    for error in rng.exponential(size=80):
        first.update(error)
    second = AdaptiveInterval.from_json(json.loads(json.dumps(first.to_json())))
    for error in rng.exponential(size=80):
        first.update(error)
        second.update(error)
        assert first.width(80) == second.width(80)
    assert first.coverage(80) == second.coverage(80)


@pytest.mark.parametrize("arguments", [{"levels": [0]}, {"levels": "no"}, {"memory": 2}, {"rate": 0}])
def test_what_cannot_be_used_is_refused(arguments):
    with pytest.raises(InputError):
        AdaptiveInterval(**{"levels": [80], **arguments})
