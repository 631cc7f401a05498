"""Scaling against scikit-learn, and back to where it came from."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from grunit.data import Panel, Scaler
from grunit.errors import DataError, InputError

KINDS = ["standard", "robust", "minmax", "none"]


def make_panel(*values: np.ndarray, ids: str = "abcdef") -> Panel:
    exogenous = [f"x{c}" for c in range(1, values[0].shape[1])]
    return Panel(list(ids[: len(values)]), [np.arange(len(v)) for v in values], list(values), exogenous, 1)


@pytest.mark.parametrize(
    ("kind", "theirs"), [("standard", StandardScaler), ("robust", RobustScaler), ("minmax", MinMaxScaler)]
)
def test_each_series_is_scaled_as_scikit_learn_scales_it_alone(kind, theirs):
    random = np.random.default_rng(0)
    panel = make_panel(random.normal(5, 3, (40, 3)), random.exponential(900, (25, 3)))
    scaled = Scaler(kind).fit(panel).transform(panel)
    for before, after in zip(panel.values, scaled.values, strict=True):
        np.testing.assert_allclose(after, theirs().fit_transform(before), rtol=1e-12, atol=1e-12)


finite = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize("kind", KINDS)
@given(values=arrays.arrays(float, st.tuples(st.integers(1, 20), st.integers(1, 3)), elements=finite))
def test_inverse_undoes_transform(kind, values):
    panel = make_panel(values)
    scaler = Scaler(kind).fit(panel)
    scaled = scaler.transform(panel).values[0]
    assert np.isfinite(scaled).all()
    back = scaler.inverse(scaled[:, 0][None], ["a"])[0]
    # Rounding is relative to the largest value in the series, which the centre is as large as.
    np.testing.assert_allclose(back, values[:, 0], rtol=1e-12, atol=1e-12 * np.abs(values[:, 0]).max(initial=1e-300))


@pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 4, 2)])
def test_inverse_knows_the_rows_by_their_series(shape):
    panel = make_panel(np.array([[0.0], [10.0]]), np.array([[100.0], [300.0]]))
    scaler = Scaler("minmax").fit(panel)
    back = scaler.inverse(np.full(shape, 0.5), ["b", "a", "b"])
    assert back.shape == shape
    np.testing.assert_array_equal(back.reshape(3, -1)[:, 0], [200, 5, 200])


def test_the_training_part_alone_decides():
    values = np.array([[1.0], [3.0], [1000.0]])
    panel = make_panel(values)
    scaled = Scaler("standard").fit(panel.cut(None, 2)).transform(panel)
    np.testing.assert_array_equal(scaled.values[0].ravel(), [-1, 1, 998])


@pytest.mark.parametrize("kind", KINDS[:3])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 + 0.1, -7.0])
def test_a_constant_series_is_centred_and_not_blown_up(kind, value):
    scaled = Scaler(kind).fit(make_panel(np.full((7, 1), value)))
    later = scaled.transform(make_panel(np.array([[value], [value + 2]]))).values[0].ravel()
    np.testing.assert_allclose(later, [0, 2], atol=1e-6)


def test_a_column_whose_quartiles_agree_still_gets_a_scale():
    rain = np.array([[0.0]] * 9 + [[5.0]])
    scaled = Scaler("robust").fit(make_panel(rain)).transform(make_panel(rain)).values[0]
    np.testing.assert_allclose(scaled, rain / rain.std())


def test_an_unseen_series_is_scaled_by_its_own_history():
    known, unseen = np.array([[0.0], [1.0]]), np.array([[50.0], [70.0]])
    scaler = Scaler("minmax").fit(make_panel(known))
    panel = make_panel(unseen, ids="z")
    np.testing.assert_array_equal(scaler.transform(panel).values[0].ravel(), [0, 1])
    with pytest.raises(DataError, match="has not seen the series 'z'"):
        scaler.inverse(np.zeros((1, 2)), ["z"])
    wider = scaler.extend(panel)
    np.testing.assert_array_equal(wider.inverse(np.array([[0.5]]), ["z"]), [[60.0]])
    assert list(scaler.learned) == ["a"]


def test_extending_leaves_what_was_learned():
    scaler = Scaler().fit(make_panel(np.array([[0.0], [2.0]])))
    wider = scaler.extend(make_panel(np.array([[100.0], [900.0]])))
    np.testing.assert_array_equal(wider.learned["a"], scaler.learned["a"])


@given(values=arrays.arrays(float, (6, 2), elements=finite))
def test_json_keeps_every_digit(values):
    scaler = Scaler("standard").fit(make_panel(values))
    again = Scaler.from_json(json.loads(json.dumps(scaler.to_json())))
    assert (again.kind, again.columns) == (scaler.kind, ["y", "x1"])
    np.testing.assert_array_equal(again.learned["a"], scaler.learned["a"])


def test_other_columns_than_it_was_fitted_on():
    scaler = Scaler().fit(make_panel(np.ones((3, 2))))
    with pytest.raises(DataError, match="exogenous columns are none, and the scaler was fitted on x1"):
        scaler.transform(make_panel(np.ones((3, 1))))


def test_an_unknown_kind():
    with pytest.raises(InputError, match="unknown scaler 'cube': use one of standard, robust, minmax, log, none"):
        Scaler("cube")


def test_logarithms_are_scaled_and_come_back():
    random = np.random.default_rng(0)
    values = np.concatenate([random.lognormal(3, 2, (40, 1)), random.normal(size=(40, 1))], 1)
    panel = make_panel(values)
    scaler = Scaler("log").fit(panel)
    scaled = scaler.transform(panel).values[0]
    np.testing.assert_allclose(scaled[:, :1], StandardScaler().fit_transform(np.log(values[:, :1])), rtol=1e-12)
    np.testing.assert_allclose(scaled[:, 1:], StandardScaler().fit_transform(values[:, 1:]), rtol=1e-12)
    np.testing.assert_allclose(scaler.inverse(scaled[None, :, 0], ["a"])[0], values[:, 0], rtol=1e-12)
    np.testing.assert_allclose(scaler.scaled(values[None, :, 0], ["a"])[0], scaled[:, 0], rtol=1e-12)
    with pytest.raises(DataError, match="scaler='log' needs values above 0"):
        scaler.transform(make_panel(values - 10))


@pytest.mark.parametrize("later", [False, True], ids=["of the fit", "never seen"])
def test_a_column_without_a_value_is_scaled_as_those_of_all_series_together(later):
    random = np.random.default_rng(0)
    one, other = random.normal(1000, 50, (30, 2)), random.normal(1100, 20, (30, 2))
    other[:, 1] = 7.5  # does not vary here
    bare = np.stack([random.normal(size=30), np.full(30, np.nan)], 1)
    whole = make_panel(one, other, bare)
    scaler = Scaler().fit(make_panel(one, other) if later else whole)
    scaler = Scaler.from_json(json.loads(json.dumps(scaler.to_json()))).extend(whole)
    together = np.concatenate([one[:, 1], other[:, 1]])
    center, scale = scaler.learned["c"]
    np.testing.assert_allclose([center[1], scale[1]], [together.mean(), together.std()], rtol=1e-12)
    np.testing.assert_allclose([center[0], scale[0]], [bare[:, 0].mean(), bare[:, 0].std()], rtol=1e-12)
    assert scaler.learned["b"][1][1] == 1.0
    # What comes later of it enters with the others' scale.
    after = make_panel(np.array([[0.0, 1000.0]]), ids="c")
    assert scaler.transform(after).values[0][0, 1] == pytest.approx((1000 - together.mean()) / together.std())


def test_models_saved_before_there_was_a_typical_scale_have_that_of_their_series():
    one, other = (np.random.default_rng(seed).normal(9, 3, (20, 2)) for seed in (1, 2))
    kept = Scaler().fit(make_panel(one, other)).to_json()
    del kept["typical"]
    center, scale = Scaler.from_json(kept).typical
    together = np.concatenate([one, other])
    np.testing.assert_allclose(center, together.mean(0), rtol=1e-12)
    np.testing.assert_allclose(scale, together.std(0), rtol=1e-12)
