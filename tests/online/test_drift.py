"""Changes are found soon, and not where there are none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from grunit.errors import InputError
from grunit.online.drift import DriftMonitor, PageHinkley


@pytest.mark.parametrize("seed", range(5))
def test_a_calm_stream_raises_no_alarm(seed):
    test = PageHinkley()
    errors = np.abs(np.random.default_rng(seed).standard_normal(5000))
    assert not any(test.update(error) for error in errors)


@pytest.mark.parametrize("seed", range(5))
def test_a_tripled_error_is_found_within_a_hundred(seed):
    errors = np.abs(np.random.default_rng(seed).standard_normal(1200))
    errors[1000:] *= 3
    monitor = DriftMonitor()
    found = [at for at, error in enumerate(errors) if monitor.update(error)]
    assert found
    assert 1000 <= found[0] < 1100
    assert monitor.count == len(found)
    assert "the stream has changed" in monitor.message


def test_its_sum_is_that_of_the_paper():
    """Page's cumulative sum, written out, while spreads are 1 and no value is cut."""
    values = np.random.default_rng(0).standard_normal(300)
    test = PageHinkley(threshold=1e9, tolerance=0.1, warm_up=30)
    total = 0.0
    for at, value in enumerate(values):
        before = values[:at]
        if at >= 30:
            total += min((value - before.mean()) / before.std(), 5) - 0.1
        test.update(value)
    assert test.total == pytest.approx(total, rel=1e-9)


def test_a_stream_without_any_spread_is_no_trouble():
    test = PageHinkley()
    assert not any(test.update(1.0) for _ in range(100))
    assert any(test.update(2.0) for _ in range(20))


def test_a_snapshot_goes_on_alike():
    errors = np.abs(np.random.default_rng(3).standard_normal(600))
    errors[400:] *= 4
    first = DriftMonitor()
    for error in errors[:390]:
        first.update(error)
    second = DriftMonitor.from_json(json.loads(json.dumps(first.to_json())))
    assert [first.update(error) for error in errors[390:]] == [second.update(error) for error in errors[390:]]
    assert first.count > 0


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InputError, match="threshold"):
        PageHinkley(threshold=0)
