"""Intervals corrected on windows held back: the rank that theory asks for, and the share they then hold."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from tests.tasks.frames import daily, tiny

import grunit
from grunit.data import DataWarning
from grunit.errors import GrunitError
from grunit.tasks.conformal import Conformal, conformal_shift, from_windows, learn_shifts, needed


@pytest.mark.parametrize("level", [50, 80, 95])
@pytest.mark.parametrize("count", [19, 20, 39, 100])
def test_the_shift_is_the_smallest_that_holds_the_share_with_one_more(level, count):
    scores = np.random.default_rng(count).normal(size=count)
    shift = conformal_shift(scores, level)
    held = [value for value in sorted(scores) if (scores <= value).sum() >= (count + 1) * level / 100 - 1e-9]
    assert shift == held[0]


def test_needed_is_the_fewest_errors_with_such_a_rank():
    for level in (50, 80, 90, 95, 99):
        fewest = next(n for n in range(1, 1000) if math.ceil((n + 1) * level / 100 - 1e-9) <= n)
        assert needed(level) == fewest


def test_exchangeable_errors_are_held_as_often_as_promised():
    # Narrow intervals around zero; errors of a normal whose spread grows with the step.
    generator, h, spread = np.random.default_rng(0), 3, np.array([1.0, 2.0, 4.0])
    held = {80: [], 95: []}
    for _ in range(200):
        target = generator.normal(size=(59, h)) * spread
        quantiles = np.broadcast_to([-0.2, -0.1, 0.0, 0.1, 0.2], (59, h, 5))
        shifts, pooled = learn_shifts(quantiles, target, [80, 95])
        assert not pooled
        moved = Conformal([80, 95], shifts.tolist(), 1, 59, False, True, {}).apply(quantiles[:20])
        later = generator.normal(size=(20, h)) * spread
        for place, level in ((1, 80), (0, 95)):
            held[level].append(((moved[..., place] <= later) & (later <= moved[..., -1 - place])).mean(0))
    for level, shares in held.items():
        # 59 errors: ranks 48 and 57 of 60 places are exactly 80 and 95 %. Four standard errors of 200 trials.
        share, error = np.mean(shares, 0), np.std(shares, 0) / math.sqrt(200)
        assert (np.abs(share - level / 100) < 4 * error).all(), (level, share)


def test_quantiles_stay_ascending_and_keep_their_median():
    quantiles = np.sort(np.random.default_rng(0).normal(size=(7, 2, 5)), -1)
    moved = Conformal([80, 95], [[0.5, -3.0], [-3.0, -0.1]], 1, 9, False, True, {}).apply(quantiles)
    assert (np.diff(moved, axis=-1) >= 0).all()
    np.testing.assert_array_equal(moved[..., 2], quantiles[..., 2])


def test_few_windows_share_their_errors_among_steps_and_say_so():
    quantiles = np.broadcast_to([-1.0, 0.0, 1.0], (2, 1, 4, 3))
    found = from_windows(quantiles, np.arange(8.0).reshape(2, 1, 4), [95])
    assert (found.pooled, found.enough, found.scores) == (True, False, 8)
    assert found.shifts == [[6.0] * 4]
    assert "too few" in found.tell()


def test_a_forecast_is_the_plain_one_with_its_ends_moved(tmp_path):
    model = tiny(conformal=4).fit(daily())
    corrected = model.predict()
    kept, model.conformal_ = model.conformal_, None
    plain = model.predict()
    np.testing.assert_array_equal(corrected["Forecaster"], plain["Forecaster"])
    scale = np.repeat([model.scaler_.learned[name][1][0] for name in ("north", "south")], 3)
    moved = np.tile(kept.shifts[0], 2) * scale
    np.testing.assert_allclose(plain["Forecaster-lo-80"] - corrected["Forecaster-lo-80"], moved)
    model.conformal_ = kept
    pd.testing.assert_frame_equal(grunit.load(model.save(tmp_path / "kept")).predict(), corrected)


def test_the_model_itself_is_as_without_the_correction():
    weights = [tiny(conformal=windows).fit(daily()).model_.state_dict() for windows in (0, 4)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_auto_corrects_short_series_only():
    assert tiny().fit(daily(40)).conformal_ is not None
    assert tiny().fit(daily(300)).conformal_ is None
    assert tiny().fit(daily(12)).conformal_ is None


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "always", 90])
def test_what_cannot_be_is_refused_before_training(wrong):
    model = tiny(conformal=wrong)
    with pytest.raises(GrunitError, match="conformal"):
        model.fit(daily())
    assert not hasattr(model, "model_")


def test_too_few_windows_asked_for_are_said():
    with pytest.warns(DataWarning, match="too few"):
        tiny(conformal=1).fit(daily(series=("north",)))
