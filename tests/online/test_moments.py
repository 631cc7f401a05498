"""Running statistics against numpy's over everything seen."""

from __future__ import annotations

import json

import numpy as np
import pytest

import grunit
from grunit.online.moments import RunningScale
from grunit.online.network import Network


@pytest.mark.parametrize("columns", [1, 3])
def test_all_alike_is_mean_and_standard_deviation(columns):
    values = np.random.default_rng(0).normal(5, 2, (50, columns))
    scale = RunningScale(columns)
    for row in values:
        scale.update(row)
    np.testing.assert_allclose(scale.mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(scale.scale(), values.std(0), rtol=1e-12)
    np.testing.assert_allclose(scale.transform(values[7]), (values[7] - values.mean(0)) / values.std(0), rtol=1e-9)


def test_missing_values_are_left_out_and_read_as_the_centre():
    values = np.random.default_rng(1).normal(5, 2, (40, 3))
    values[::3, 1] = np.nan
    scale = RunningScale(3)
    for row in values:
        scale.update(row)
    np.testing.assert_allclose(scale.mean, np.nanmean(values, 0), rtol=1e-12)
    np.testing.assert_allclose(scale.scale(), np.nanstd(values, 0), rtol=1e-12)
    assert scale.transform(np.array([np.nan] * 3)).tolist() == [0, 0, 0]


def test_old_values_fade():
    scale = RunningScale(1, memory=10)
    for value in [0.0] * 100 + [1.0] * 100:
        scale.update(np.array([value]))
    assert scale.mean[0] == pytest.approx(1, abs=0.9**99)


def test_in_c_and_from_a_snapshot_it_is_the_same():
    with grunit.backend("c"):
        library = Network("gru", 3, 8, 1, lookback=4)._compiled.library
    slow, fast = RunningScale(3, memory=20), RunningScale(3, memory=20)
    fast.speed_up(library)
    values = np.random.default_rng(2).normal(0, 3, (60, 3))
    values[5, 2], values[9] = np.nan, 1e6
    values[:, 0] = 4.0  # never moves
    for at, row in enumerate(values):
        np.testing.assert_allclose(fast.take(row), slow.take(row), rtol=1e-12, atol=1e-12)
        if at == 30:
            slow = RunningScale.from_json(json.loads(json.dumps(slow.to_json())))
