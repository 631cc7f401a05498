"""Scales of features against numpy's own."""

from __future__ import annotations

import numpy as np
import pytest

from grunit.data.sequence_scaling import FeatureScaler
from grunit.errors import InputError

VALUES = np.random.default_rng(0).normal(3, 2, size=(50, 2))


@pytest.mark.parametrize(
    ("kind", "center", "scale"),
    [
        ("standard", VALUES.mean(0), VALUES.std(0)),
        ("robust", np.median(VALUES, 0), np.percentile(VALUES, 75, 0) - np.percentile(VALUES, 25, 0)),
        ("minmax", VALUES.min(0), np.ptp(VALUES, 0)),
        ("none", np.zeros(2), np.ones(2)),
    ],
)
def test_scales_are_as_defined_and_missing_values_count_for_nothing(kind, center, scale):
    holes = np.concatenate([VALUES, [[np.nan, np.nan]]])
    scaler = FeatureScaler.measure(holes, kind)
    np.testing.assert_allclose(scaler.center, center)
    np.testing.assert_allclose(scaler.scale, scale)
    np.testing.assert_allclose(scaler.inverse(scaler.transform(VALUES)), VALUES)
    again = FeatureScaler.from_json(scaler.to_json())
    np.testing.assert_array_equal(again.transform(VALUES), scaler.transform(VALUES))


def test_a_feature_without_spread_or_without_values_is_only_centred():
    values = np.stack([np.full(7, 0.1), np.full(7, np.nan)], 1)
    scaler = FeatureScaler.measure(values)
    np.testing.assert_allclose(scaler.center, [0.1, 0.0])
    assert scaler.scale.tolist() == [1.0, 1.0]


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="unknown scaler 'z'"):
        FeatureScaler.measure(VALUES, "z")
