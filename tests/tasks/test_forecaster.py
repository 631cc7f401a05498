"""The forecaster as a user meets it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars
import pytest
import torch
from sklearn.base import clone
from tests.tasks.frames import daily, tiny

import grunit
from grunit.errors import DataError, GrunitError, InputError, NotFittedError
from grunit.tasks import Forecaster
from grunit.tasks.metrics import mae


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return tiny().fit(daily())


def test_the_contract_of_scikit_learn():
    forecaster = tiny(cell="lstm", level=[90])
    twin = clone(forecaster)
    assert twin is not forecaster
    assert twin.get_params() == forecaster.get_params()
    assert twin.set_params(hidden_size=9).get_params()["hidden_size"] == 9
    assert forecaster.fit(daily()) is forecaster
    assert isinstance(forecaster.model_, torch.nn.Module)
    with pytest.raises(NotFittedError, match="call fit"):
        twin.predict()


def test_a_forecast_has_the_columns_and_times_that_follow(fitted):
    forecast = fitted.predict()
    assert forecast.columns.tolist() == [
        "unique_id",
        "ds",
        "Forecaster",
        "Forecaster-lo-80",
        "Forecaster-hi-80",
        "Forecaster-lo-95",
        "Forecaster-hi-95",
    ]
    assert forecast["unique_id"].tolist() == ["north"] * 3 + ["south"] * 3
    assert forecast["ds"].tolist()[:3] == list(pd.date_range("2024-03-01", periods=3))


def test_quantiles_never_cross(fitted):
    forecast = fitted.predict()
    names = ["-lo-95", "-lo-80", "", "-hi-80", "-hi-95"]
    assert (np.diff(forecast[[f"Forecaster{name}" for name in names]].to_numpy(), axis=1) >= 0).all()


def test_a_level_asked_for_is_among_those_trained(fitted):
    everything = fitted.predict()
    some = fitted.predict(level=[95])
    assert some.columns.tolist()[2:] == ["Forecaster", "Forecaster-lo-95", "Forecaster-hi-95"]
    pd.testing.assert_frame_equal(some, everything[some.columns])
    with pytest.raises(InputError, match=r"level 90 was not trained .*80, 95"):
        fitted.predict(level=[90])


def test_predicting_the_fitted_table_again_changes_nothing(fitted):
    pd.testing.assert_frame_equal(fitted.predict(), fitted.predict(daily()))


def test_the_same_seed_gives_the_same_forecast(fitted):
    pd.testing.assert_frame_equal(fitted.predict(), tiny().fit(daily()).predict())
    assert not fitted.predict().equals(tiny(seed=1).fit(daily()).predict())


def test_polars_in_polars_out(fitted):
    frame = daily()
    names = {"unique_id": "station", "ds": "day", "y": "warmth"}
    theirs = polars.DataFrame({new: frame[old].to_numpy() for old, new in {**names, "rain": "rain"}.items()})
    theirs = theirs.with_columns(polars.col("station").cast(polars.String), polars.col("day").cast(polars.Date))
    forecast = tiny(id_col="station", time_col="day", target_col="warmth").fit(theirs).predict()
    assert isinstance(forecast, polars.DataFrame)
    assert forecast.columns[:2] == ["station", "day"]
    assert forecast.schema["day"] == polars.Date
    assert np.array_equal(forecast["Forecaster"].to_numpy(), fitted.predict()["Forecaster"].to_numpy())


def test_names_of_series_that_are_numbers_stay_numbers(fitted):
    frame = daily().assign(unique_id=[7] * 60 + [9] * 60)
    forecast = tiny().fit(frame).predict()
    assert forecast["unique_id"].tolist() == [7] * 3 + [9] * 3
    assert np.array_equal(forecast["Forecaster"], fitted.predict()["Forecaster"])


def test_a_plain_series_is_enough():
    forecast = tiny().fit(pd.Series(np.arange(40.0), name="count")).predict()
    assert forecast["unique_id"].unique().tolist() == ["count"]
    assert forecast["ds"].tolist() == [40, 41, 42]


@pytest.mark.slow
def test_a_trend_is_carried_beyond_what_was_seen():
    line = pd.Series(np.arange(120.0))
    forecast = tiny(max_epochs=60, lr=0.01, hidden_size=8).fit(line).predict()
    assert mae(np.array([120.0, 121.0, 122.0]), forecast["Forecaster"].to_numpy()) < 1.5


def test_saved_and_loaded_it_forecasts_the_same(tmp_path, fitted):
    path = fitted.save(tmp_path / "model")
    loaded = grunit.load(path)
    assert loaded.get_params() == {**fitted.get_params(), "level": [80, 95], "futr_exog": []}
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())
    pd.testing.assert_frame_equal(loaded.predict(daily(seed=3)), fitted.predict(daily(seed=3)))
    with pytest.raises(GrunitError, match="model"):
        fitted.save(path)
    fitted.save(path, overwrite=True)


def test_the_future_of_a_column_is_used_and_asked_for():
    frame = daily()
    forecaster = tiny(futr_exog=["rain"]).fit(frame)
    ahead = pd.date_range("2024-03-01", periods=3)
    future = pd.concat([pd.DataFrame({"unique_id": name, "ds": ahead, "rain": 0.0}) for name in ("north", "south")])
    future = future.reset_index(drop=True)
    dry, wet = forecaster.predict(futr_df=future), forecaster.predict(futr_df=future.assign(rain=5.0))
    assert not np.array_equal(dry["Forecaster"], wet["Forecaster"])
    shuffled = future.iloc[[3, 4, 5, 0, 1, 2]]
    pd.testing.assert_frame_equal(forecaster.predict(futr_df=shuffled), dry)
    with pytest.raises(DataError, match="give futr_df"):
        forecaster.predict()
    with pytest.raises(DataError, match=r"series 'south' at 2024-03-03"):
        forecaster.predict(futr_df=future[:-1])
    with pytest.raises(DataError, match="no column 'rain'"):
        forecaster.predict(futr_df=future.drop(columns="rain"))


def test_numbers_of_a_series_are_used_and_checked(tmp_path):
    static = pd.DataFrame({"unique_id": ["south", "north"], "height": [3.0, 8.0]})
    forecaster = tiny().fit(daily(), static_df=static)
    other = forecaster.predict(daily(), static_df=static.assign(height=[8.0, 3.0]))
    assert not np.array_equal(other["Forecaster"], forecaster.predict()["Forecaster"])
    loaded = grunit.load(forecaster.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.predict(), forecaster.predict())
    with pytest.raises(DataError, match="no row for series 'west'"):
        forecaster.predict(daily(series=("west",)))
    with pytest.raises(DataError, match="0 rows for series 'south'"):
        tiny().fit(daily(), static_df=static[1:])
    with pytest.raises(DataError, match=r"'height'.*neither a number nor text"):
        tiny().fit(daily(), static_df=static.assign(height=[np.nan, 1.0]))


def test_update_goes_on_from_where_it_was():
    frame = daily()
    early = frame[frame["ds"] < "2024-02-20"].reset_index(drop=True)
    late = frame[frame["ds"] >= "2024-02-20"].reset_index(drop=True)
    forecaster = tiny().fit(early)
    before = [weight.clone() for weight in forecaster.model_.parameters()]
    forecaster.update(late, max_epochs=1)
    assert any(not torch.equal(a, b) for a, b in zip(before, forecaster.model_.parameters(), strict=True))
    assert forecaster.predict()["ds"].min() == pd.Timestamp("2024-03-01")
    with pytest.raises(DataError, match="rows in between"):
        tiny(missing="refuse").fit(early).update(late[late["ds"] > "2024-02-22"].reset_index(drop=True))


def test_update_goes_on_where_averaging_began_by_validation():
    frame = daily()
    options = {"training_options": {"averaging": "triggered", "averaging_patience": 1}}
    known = frame[frame["ds"] < frame["ds"].max() - pd.Timedelta(days=5)]
    plain, averaged = (tiny(max_epochs=1, **more).fit(known, val_size=4) for more in ({}, options))
    # An update validates nothing, so there is nothing to begin by: it takes the steps that it takes without averaging.
    one, other = (model.update(frame, max_epochs=2).predict() for model in (plain, averaged))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_update_with_nothing_new_is_refused_and_changes_nothing():
    forecaster = tiny().fit(daily())
    before = forecaster.predict()
    for days in (30, 60):
        with pytest.raises(DataError, match=r"series 'north': the rows end at 2024-.*seen up to 2024-02-29"):
            forecaster.update(daily(days), max_epochs=1)
    pd.testing.assert_frame_equal(forecaster.predict(), before)


def series_at(times) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": "a", "ds": times, "y": np.arange(len(times)) % 5.0})


@pytest.mark.parametrize(
    ("freq", "given"),
    [
        ("B", pd.date_range("2024-07-01", "2024-07-05")),  # Monday to Friday: every day, if seen alone
        ("MS", pd.to_datetime(["2018-11-01", "2018-12-01"])),  # 30 days, if seen alone
        ("MS", pd.to_datetime(["2018-12-01"])),
    ],
)
def test_a_short_history_is_continued_with_the_step_of_the_fit(freq, given):
    forecaster = tiny(input_size=len(given)).fit(series_at(pd.date_range("2010-01-01", periods=60, freq=freq)))
    following = pd.date_range(given[-1], periods=4, freq=freq)[1:]
    assert forecaster.predict(series_at(given))["ds"].tolist() == following.tolist()


@pytest.mark.parametrize(
    "given",
    [
        pd.date_range("2019-01-01", periods=30, freq="h"),
        pd.date_range("2019-01-15", periods=1),
        pd.date_range("2019-01-31", periods=30, freq="ME"),
        np.arange(30),
    ],
)
def test_a_history_with_another_step_than_that_of_the_fit_is_refused(given):
    forecaster = tiny(input_size=1).fit(series_at(pd.date_range("2010-01-01", periods=60, freq="MS")))
    for use in (forecaster.predict, forecaster.update, forecaster.evaluate):
        with pytest.raises(DataError, match="the step must be 'MS'; give times"):
            use(series_at(given))


def test_numbers_of_numpy_are_saved(tmp_path):
    numbers = {"lr": np.float32(0.01), "seed": np.int64(1), "input_size": np.int64(8), "hidden_size": np.int32(4)}
    forecaster = tiny(np.int64(3), level=np.array([80]), **numbers).fit(daily(), checkpoint=tmp_path / "moment")
    loaded = grunit.load(forecaster.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.predict(), forecaster.predict())


def test_ctrl_c_leaves_a_model_that_can_be_saved_and_resumed(tmp_path):
    whole = tiny(max_epochs=4).fit(daily())
    broken = tiny(max_epochs=4)

    def press(history):
        if history.epochs == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken.fit(daily(), watch=press)
    loaded = grunit.load(broken.save(tmp_path / "model"))
    loaded.fit(daily(), resume=True)
    pd.testing.assert_frame_equal(loaded.predict(), whole.predict())
    with pytest.raises(InputError, match="no interrupted fit"):
        loaded.fit(daily(), resume=True)


def test_a_killed_process_resumes_from_its_checkpoint_file(tmp_path):
    file = tmp_path / "moment"

    def die(history):
        raise MemoryError

    with pytest.raises(MemoryError):
        tiny().fit(daily(), checkpoint=file, watch=die)
    resumed = tiny().fit(daily(), checkpoint=file, resume=True)
    pd.testing.assert_frame_equal(resumed.predict(), tiny().fit(daily()).predict())
    assert not file.exists()


def test_early_stopping_takes_a_tail_by_itself():
    forecaster = tiny(patience=1, max_epochs=30, lr=0.5).fit(daily())
    assert forecaster.history_.validation
    assert forecaster.history_.epochs < 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="y"), "'y'"),
        (lambda frame: frame.iloc[::-1], "earlier"),
        (lambda frame: pd.concat([frame[:1], frame], ignore_index=True), "already given"),
        (lambda frame: frame.assign(y=frame["y"].where(frame.index != 7)), "row 7"),
        (lambda frame: frame.drop(index=9), "add the missing rows"),
        (lambda frame: frame[:0], "no rows"),
        (lambda frame: frame[:10], "'north' has 10 rows.*needs 11"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(change, message):
    forecaster = tiny(missing="refuse")
    with pytest.raises(DataError, match=message) as caught:
        forecaster.fit(change(daily()))
    assert "\n" not in str(caught.value)
    assert not hasattr(forecaster, "model_")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"h": 0}, "h is 0"),
        ({"input_size": 0}, "input_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"batch_size": 0}, "batch_size"),
        ({"level": [120]}, "120"),
        ({"cell": "gruu"}, "did you mean 'gru'"),
        ({"scaler": "max"}, "scaler"),
        ({"exogenous": "rain"}, "exogenous"),
        ({"exogenous": ["snow"]}, "snow"),
        ({"lr": -1.0}, "lr"),
    ],
)
def test_a_bad_argument_is_refused_by_name(settings, message):
    with pytest.raises(GrunitError, match=message):
        tiny(**settings).fit(daily())


def test_too_short_a_history_to_forecast_from_is_refused(fitted):
    with pytest.raises(DataError, match=r"'north' has 5 rows .*needs 8"):
        fitted.predict(daily(5))


def test_times_in_utc_come_back_in_utc():
    times = pd.date_range("2024-01-01", periods=60, freq="h", tz="UTC")
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": np.sin(np.arange(60.0))})
    forecast = Forecaster(h=2, input_size=4, hidden_size=4, max_epochs=1, verbose=0).fit(frame).predict()
    assert list(forecast["ds"]) == [times[-1] + pd.Timedelta(hours=1), times[-1] + pd.Timedelta(hours=2)]


def test_a_single_number_is_no_list_of_levels():
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(60), "y": np.sin(np.arange(60.0))})
    with pytest.raises(InputError, match=r"level is 80: give a list"):
        Forecaster(h=2, level=80, verbose=0).fit(frame)
