"""Several targets: the same as one long table with a series for each, made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.tasks.frames import daily, tiny

import grunit
from grunit.errors import DataError, InputError
from grunit.tasks.forecast_targets import part_ids, read_targets

BOTH = ["y", "rain"]


def by_hand(frame: pd.DataFrame, targets: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A series for each target, all targets beside it, and which target each is."""
    parts = [
        pd.DataFrame(
            {
                "unique_id": frame["unique_id"] + ":" + target,
                "ds": frame["ds"],
                "y": frame[target],
                **{f"past {name}": frame[name] for name in targets},
            }
        )
        for target in targets
    ]
    static = [
        {"unique_id": f"{name}:{target}", "which": target} for target in targets for name in frame["unique_id"].unique()
    ]
    return pd.concat(parts, ignore_index=True), pd.DataFrame(static)


@pytest.fixture(scope="module")
def fitted():
    return tiny(target_col=BOTH).fit(daily())


def test_each_target_is_a_series_that_looks_at_all(fitted):
    stacked, static = by_hand(daily(), BOTH)
    expected = tiny().fit(stacked, static_df=static).predict()
    forecast = fitted.predict()
    columns = ["Forecaster", "Forecaster-lo-80", "Forecaster-hi-80", "Forecaster-lo-95", "Forecaster-hi-95"]
    named = [column.replace("Forecaster", f"Forecaster-{target}") for target in BOTH for column in columns]
    assert forecast.columns.tolist() == ["unique_id", "ds", *named]
    for target in BOTH:
        own = expected[expected["unique_id"].str.endswith(f":{target}")].reset_index(drop=True)
        assert (own["unique_id"].str.removesuffix(f":{target}") == forecast["unique_id"]).all()
        assert (own["ds"] == forecast["ds"]).all()
        for column in columns:
            same = forecast[column.replace("Forecaster", f"Forecaster-{target}")]
            np.testing.assert_array_equal(same, own[column])


def test_cross_validation_gives_each_target_its_columns():
    frame = daily()
    crossed = tiny(target_col=BOTH, level=[80]).cross_validation(frame, n_windows=2)
    forecasts = [f"Forecaster-{name}{end}" for name in BOTH for end in ("", "-lo-80", "-hi-80")]
    assert crossed.columns.tolist() == ["unique_id", "ds", "cutoff", *BOTH, *forecasts]
    truth = crossed[["unique_id", "ds"]].merge(frame, on=["unique_id", "ds"])
    np.testing.assert_array_equal(crossed[BOTH].to_numpy(), truth[BOTH].to_numpy())


def test_scores_are_those_of_each_target(fitted):
    frame = daily()
    with pytest.warns(UserWarning, match="lie in the training data"):
        table = fitted.evaluate(frame, n_windows=1).set_index("model")
    for target in BOTH:
        parts = [part[target].to_numpy() for _, part in frame.groupby("unique_id")]
        error = np.mean([np.abs(part[-3:] - part[-4]).mean() for part in parts])
        assert table.loc["naive", f"MAE-{target}"] == pytest.approx(error)


def test_saved_updated_and_in_polars_it_goes_on(tmp_path, fitted):
    frame = daily()
    loaded = grunit.load(fitted.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())
    pd.testing.assert_frame_equal(loaded.predict(frame), fitted.predict())
    loaded.update(daily(70, series=("north", "south", "west")), max_epochs=1)
    later = loaded.predict()
    assert later["unique_id"].unique().tolist() == ["north", "south", "west"]
    assert later["ds"].min() == pd.Timestamp("2024-03-11")
    polars = pytest.importorskip("polars", reason="polars is an extra")
    given = polars.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
    forecast = fitted.predict(given)
    np.testing.assert_array_equal(forecast["Forecaster-rain"].to_numpy(), fitted.predict()["Forecaster-rain"])


def test_statics_futures_and_gaps_go_with_several_targets():
    frame = daily().assign(day=lambda table: table["ds"].dt.dayofweek.astype(float))
    frame.loc[5, "rain"] = np.nan
    static = pd.DataFrame({"unique_id": ["south", "north"], "height": [3.0, 8.0]})
    times = pd.date_range("2024-03-01", periods=3)
    future = pd.DataFrame({"unique_id": np.repeat(["north", "south"], 3), "ds": [*times, *times], "day": 1.0})
    with pytest.warns(UserWarning, match="missing"):
        forecaster = tiny(target_col=BOTH, futr_exog=["day"]).fit(frame, static_df=static)
    assert forecaster.gaps_ == ["y", "past rain"]  # a target that is missing is missing as a covariate too
    forecast = forecaster.predict(futr_df=future)
    assert np.isfinite(forecast.drop(columns=["unique_id", "ds"]).to_numpy()).all()
    assert not forecast.equals(forecaster.predict(futr_df=future.assign(day=5.0)))


def test_a_wide_table_needs_no_names(fitted):
    wide = daily(series=("north",)).drop(columns="unique_id")
    forecast = tiny(target_col=BOTH).fit(wide).predict()
    assert forecast["unique_id"].unique().tolist() == ["y"]


def test_names_of_series_may_end_like_a_target():
    assert part_ids(["a:wind", "a:wind:wind"], ["wind"]) == (["a", "a:wind"], ["wind", "wind"])


@pytest.mark.parametrize("target", [[], ["y", "y"], 5, [1]])
def test_targets_are_names(target):
    with pytest.raises(InputError, match="target_col is"):
        read_targets(target)


def test_a_target_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="no column 'rian'; did you mean 'rain'"):
        tiny(target_col=["y", "rian"]).fit(daily())
    with pytest.raises(DataError, match="column 'sky': it holds text"):
        tiny(target_col=["y", "sky"]).fit(daily().assign(sky="sun"))


def test_what_is_missing_is_counted_once_and_by_the_names_of_the_table():
    frame = daily()
    frame.loc[7, "rain"] = frame.loc[70, "y"] = np.nan
    frame = frame.drop(index=[20, 21])
    with pytest.warns(UserWarning, match="missing") as told:
        tiny(target_col=["y", "rain"], max_epochs=1).fit(frame)
    said = str(told[0].message)
    assert "2 values are missing (the first: of 'rain' in row 7)" in said
    assert "2 times are absent (the first: 2024-01-21 of series 'north')" in said
