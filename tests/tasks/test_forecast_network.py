"""The forecaster with segments, normalisations and distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import grunit
from grunit.errors import DataError, InputError
from grunit.tasks import Forecaster


def noise(draw, steps=600):
    return pd.DataFrame({"unique_id": "noise", "ds": np.arange(steps), "y": draw(np.random.default_rng(0), steps)})


def wave(steps=96, rise=0.0):
    """Of season 6, one series twice as high as the other."""
    times = np.arange(steps)
    y = 10 + 3 * np.sin(times * np.pi / 3) + rise * times
    parts = [pd.DataFrame({"unique_id": name, "ds": times, "y": y * high}) for name, high in (("a", 1.0), ("b", 2.0))]
    return pd.concat(parts, ignore_index=True)


def small(**options):
    options = {"h": 4, "input_size": 14, "season": 6, "hidden_size": 6, "max_epochs": 2, "verbose": 0, **options}
    return Forecaster(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"segment": 4},
        {"segment": 5, "normalize": "instance", "loss": "student_t"},
        {"normalize": "additive"},
        {"normalize": "multiplicative", "segment": 3},
        {"normalize": "none", "loss": "normal"},
        {"loss": "mse"},
        {"loss": "mae", "level": (), "conformal": 0},
    ],
    ids=lambda options: " ".join(str(value) for value in options.values()),
)
def test_saved_and_loaded_it_forecasts_alike(options, tmp_path):
    forecaster = small(**options).fit(wave())
    forecaster.save(tmp_path / "model")
    loaded = grunit.load(tmp_path / "model")
    assert loaded.predict().equals(forecaster.predict())
    newcomer = wave().query("unique_id == 'a'").assign(unique_id="new")
    assert loaded.predict(newcomer).equals(forecaster.predict(newcomer))
    assert forecaster.update(wave(98)).predict()["ds"].min() == 98


def test_the_spread_of_normal_noise_is_found():
    forecaster = small(loss="normal", normalize="none", level=[80], max_epochs=6, h=2, lr=0.01)
    forecast = forecaster.fit(noise(lambda random, steps: random.normal(5.0, 2.0, steps))).predict()
    width = (forecast["Forecaster-hi-80"] - forecast["Forecaster-lo-80"]).to_numpy()
    np.testing.assert_allclose(width, 2 * 2.0 * stats.norm.ppf(0.9), rtol=0.2)
    np.testing.assert_allclose(forecast["Forecaster"], 5.0, atol=0.6)


def test_counts_are_forecast_as_counts():
    forecaster = small(loss="negative_binomial", level=[80], max_epochs=6, h=2, lr=0.01, conformal=0)
    forecast = forecaster.fit(noise(lambda random, steps: random.negative_binomial(3, 0.3, steps))).predict()
    names = ["Forecaster-lo-80", "Forecaster", "Forecaster-hi-80"]
    numbers = forecast[names].to_numpy()
    assert (numbers == numbers.round()).all()
    # The quantiles of that distribution, give or take what 600 draws leave open.
    assert (np.abs(numbers - stats.nbinom.ppf([0.1, 0.5, 0.9], 3, 0.3)) <= 2).all()


@pytest.mark.parametrize("normalize", ["additive", "multiplicative"])
def test_a_season_that_repeats_is_forecast_before_anything_is_learnt(normalize):
    forecaster = small(normalize=normalize, loss="mae", level=(), lr=1e-12, max_epochs=1)
    forecast = forecaster.fit(wave()).predict()
    # Little is left for the network to say, and untrained it says little beside a wave of height 3.
    expected = wave(100).query("ds >= 96")["y"].to_numpy()
    errors = np.abs(forecast["Forecaster"].to_numpy() - expected) / np.repeat([1.0, 2.0], 4)
    assert np.median(errors) < {"additive": 1.0, "multiplicative": 4.0}[normalize]


def test_the_intervals_of_a_point_are_measured():
    forecaster = small(loss="mse", level=[80]).fit(wave())
    assert forecaster.conformal_ is not None
    forecast = forecaster.predict()
    assert (forecast["Forecaster-lo-80"] < forecast["Forecaster-hi-80"]).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"loss": "msee"}, "unknown loss 'msee': did you mean 'mse'"),
        ({"normalize": "lost"}, "unknown normalize 'lost': did you mean 'last'"),
        ({"segment": 0}, "segment is 0: give a whole number"),
        ({"segment": 20}, "segment is 20 and input_size 14"),
        ({"loss": "negative_binomial", "normalize": "last"}, "forecasts counts as they are"),
        ({"loss": "normal", "normalize": "multiplicative"}, "makes no normal distribution"),
        ({"loss": "mse", "conformal": 0}, "give level="),
        ({"normalize": "additive", "season": 8}, "two seasons of history"),
        ({"normalize": "additive", "season": 1}, "needs a season"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_does_not_go_together_is_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        small(**options).fit(wave())


def test_values_that_cannot_be_are_refused_by_the_name_of_their_series():
    below = wave().assign(y=lambda frame: (frame["y"] - 8).round())
    with pytest.raises(DataError, match="series 'a': -1 is not above 0"):
        small(normalize="multiplicative").fit(below)
    with pytest.raises(DataError, match="series 'a': -1 is no count"):
        small(loss="negative_binomial").fit(below)
    with pytest.raises(DataError, match=r"series 'b': 0\.5 is no count"):
        small(loss="negative_binomial").fit(wave().assign(y=[1.0] * 150 + [0.5] + [2.0] * 41))
    trained = small(normalize="multiplicative").fit(wave())
    with pytest.raises(DataError, match="not above 0"):
        trained.predict(below)
