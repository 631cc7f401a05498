"""Missing values and absent times, held against loops that do the same by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from tests.tasks.frames import daily, tiny

import grunit
from grunit.data import DataWarning, Panel
from grunit.errors import DataError, InputError
from grunit.tasks.forecast_gaps import fill_window
from grunit.tasks.forecast_windows import ForecastWindows

pytestmark = pytest.mark.filterwarnings("ignore::grunit.data.DataWarning")


def with_gaps(frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Targets and rain missing here and there, three days absent, and a gap at the end of the south."""
    frame = daily() if frame is None else frame.copy()
    frame.loc[[5, 6, 40, 119], "y"] = np.nan
    frame.loc[[8, 70], "rain"] = np.nan
    return frame.drop(index=[20, 21, 100]).reset_index(drop=True)


@pytest.fixture(scope="module")
def fitted():
    return tiny().fit(with_gaps())


def fill_by_hand(values: list[float]) -> list[float]:
    seen = [value for value in values if not math.isnan(value)]
    last = seen[0] if seen else 0.0
    result = []
    for value in values:
        last = last if math.isnan(value) else value
        result.append(last)
    return result


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_windows_are_filled_as_a_loop_fills_them(share):
    generator = np.random.default_rng(1)
    whole = generator.normal(size=(3, 11, 3))
    whole[generator.random(whole.shape) < share] = np.nan
    inputs, known = torch.tensor(whole[:, :7]), torch.tensor(whole[:, 7:, 1:])
    filled, ahead = fill_window(inputs, known, [0, 2])
    assert filled.shape == (3, 7, 3 + 4)
    assert ahead.shape == (3, 4, 2)
    for row in range(3):
        for column in range(3):
            assert filled[row, :, column].tolist() == fill_by_hand(whole[row, :7, column].tolist())
        for column in range(2):
            assert ahead[row, :, column].tolist() == fill_by_hand(whole[row, :, column + 1].tolist())[7:]
        for place, column in enumerate([0, 2]):
            ago = 0
            for step in range(7):
                missing = math.isnan(whole[row, step, column])
                ago = ago + 1 if missing else 0
                assert filled[row, step, 3 + place] == float(missing)
                assert filled[row, step, 5 + place].item() == pytest.approx(math.log(1 + ago))


def test_windows_without_gaps_are_left_as_they_are():
    inputs, known = torch.randn(2, 4, 3), torch.randn(2, 3, 1)
    assert fill_window(inputs, known)[0] is inputs
    assert fill_window(inputs, known)[1] is known


def test_a_window_without_a_target_is_not_learnt_from():
    y = np.arange(10.0)
    y[[4, 5, 6]] = np.nan
    panel = Panel(["a"], [np.arange(10)], [y[:, None]], freq=1)
    windows = ForecastWindows(panel, 2, 2, 0, torch.zeros(1, 0), torch.ones(1, 2), torch.zeros(1))
    targets = windows.take(torch.arange(len(windows)))[3]
    expected = [y[cut : cut + 2] for cut in range(2, 9) if not np.isnan(y[cut : cut + 2]).all()]
    np.testing.assert_array_equal(targets.numpy(), np.array(expected))
    panel = Panel(["a"], [np.arange(4)], [np.array([1.0, 2.0, np.nan, np.nan])[:, None]], freq=1)
    with pytest.raises(DataError, match="no window has a value"):
        ForecastWindows(panel, 2, 2, 0, torch.zeros(1, 0), torch.ones(1, 2), torch.zeros(1))


def test_a_complete_table_gives_the_same_bits_whether_gaps_are_taken_or_refused():
    one, other = tiny(missing="auto").fit(daily()), tiny(missing="refuse").fit(daily())
    assert one.gaps_ == []
    for (name, weight), (_, same) in zip(
        one.model_.state_dict().items(), other.model_.state_dict().items(), strict=True
    ):
        assert torch.equal(weight, same), name
    pd.testing.assert_frame_equal(one.predict(), other.predict())


def test_absent_rows_are_as_rows_whose_values_are_missing(fitted):
    frame = with_gaps()
    north = pd.date_range("2024-01-01", "2024-02-29")
    parts = [
        part.set_index("ds").reindex(north).assign(unique_id=name).rename_axis("ds").reset_index()
        for name, part in frame.groupby("unique_id", sort=False)
    ]
    written_out = pd.concat(parts, ignore_index=True)[frame.columns.tolist()]
    pd.testing.assert_frame_equal(tiny().fit(written_out).predict(), fitted.predict())


def test_it_forecasts_from_a_history_that_ends_in_gaps(fitted):
    assert fitted.gaps_ == ["y", "rain"]
    frame = with_gaps()
    forecast = fitted.predict(frame)
    assert np.isfinite(forecast["Forecaster"]).all()
    pd.testing.assert_frame_equal(forecast, fitted.predict())
    late = frame.groupby("unique_id").tail(8)  # nothing before the window is looked at
    known = fitted.predict(late.reset_index(drop=True))
    assert known["ds"].tolist() == forecast["ds"].tolist()


def test_the_network_is_told_of_gaps(fitted):
    full = daily()
    gap = full.copy()
    gap.loc[gap.groupby("unique_id").tail(2).index, "y"] = np.nan
    repeated = full.copy()  # the values that fill the gap, given as if they had been seen
    for _, rows in repeated.groupby("unique_id").groups.items():
        repeated.loc[rows[-2:], "y"] = repeated.loc[rows[-3], "y"]
    assert not np.allclose(fitted.predict(gap)["Forecaster"], fitted.predict(repeated)["Forecaster"], atol=1e-6)


def test_saved_and_loaded_it_forecasts_the_same(tmp_path, fitted):
    loaded = grunit.load(fitted.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())
    assert loaded.gaps_ == ["y", "rain"]


def test_update_lays_out_the_rows_between(fitted):
    frame = daily(66)
    early = frame[frame["ds"] < "2024-02-20"].reset_index(drop=True)
    late = frame[frame["ds"] > "2024-02-23"].reset_index(drop=True)
    forecaster = tiny().fit(early)
    forecaster.update(late, max_epochs=1)
    north = forecaster.context_
    assert north.times[0].astype("datetime64[D]").tolist() == pd.date_range("2024-02-28", "2024-03-06").date.tolist()
    short = tiny(input_size=20).fit(early).update(late, max_epochs=1).context_
    absent = pd.DatetimeIndex(short.times[0]).isin(pd.date_range("2024-02-20", "2024-02-23"))
    assert absent.sum() == 4
    np.testing.assert_array_equal(np.isnan(short.values[0][:, 0]), absent)


def test_scores_and_baselines_count_what_was_observed(fitted):
    frame = with_gaps()
    crossed = tiny().cross_validation(frame, n_windows=2)
    south = crossed[(crossed["unique_id"] == "south") & (crossed["ds"] == "2024-02-29")]
    assert south["y"].isna().all()
    assert np.isfinite(south["Forecaster"]).all()
    table = fitted.evaluate(frame, n_windows=1).set_index("model")
    seen = frame.groupby("unique_id").apply(
        lambda part: pd.Series({"y": part["y"].iloc[-3:].to_numpy(), "last": part["y"].iloc[-4]}), include_groups=False
    )
    errors = np.concatenate([np.abs(row["y"] - row["last"]) for _, row in seen.iterrows()])
    assert table.loc["naive", "MAE"] == pytest.approx(np.nanmean(errors))


def test_conformal_intervals_and_known_columns_with_gaps():
    frame = with_gaps()
    forecaster = tiny(futr_exog=["rain"], conformal=4).fit(frame, val_size=6)
    times = pd.date_range("2024-03-01", periods=3)
    future = pd.DataFrame({"unique_id": np.repeat(["north", "south"], 3), "ds": [*times, *times], "rain": np.nan})
    last = {"north": frame.loc[frame["unique_id"] == "north", "rain"].iloc[-1], "south": frame["rain"].iloc[-1]}
    said = future.assign(rain=future["unique_id"].map(last))
    pd.testing.assert_frame_equal(forecaster.predict(futr_df=future), forecaster.predict(futr_df=said))


@pytest.mark.filterwarnings("error::grunit.data.DataWarning")
def test_it_is_said_once_how_many_and_where():
    with pytest.warns(DataWarning) as caught:
        tiny().fit(with_gaps())
    said = [str(one.message) for one in caught if "missing" in str(one.message)]
    assert said == [
        "data: 6 values are missing (the first: of the target in row 5) and 3 times are absent (the first: 2024-01-21 "
        "of series 'north'): counted as not observed"
    ]
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(y=frame["y"].where(frame["unique_id"] != "south")), "series 'south': every value"),
        (lambda frame: frame.assign(rain=np.nan), "column 'rain': every value is missing; leave the column out"),
        (
            lambda frame: frame.assign(ds=frame["ds"].where(frame.index != 5, frame["ds"] + pd.Timedelta("3h"))),
            "row 5: 2024-01-06 03:00:00 follows 2024-01-05, but the step is 'D'; resample",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        tiny().fit(change(daily()))


def test_missing_takes_two_names():
    with pytest.raises(InputError, match="missing is 'fill': give 'auto' or 'refuse'"):
        tiny(missing="fill").fit(daily())


def test_a_series_never_seen_whose_window_is_empty_is_refused(fitted):
    frame = daily(series=("east",)).assign(y=lambda table: table["y"] + 1000)
    empty = frame.assign(y=frame["y"].where(frame.index < len(frame) - 8))
    with pytest.raises(DataError, match="series 'east' was not fitted, and each of its last 8 values is missing"):
        fitted.predict(empty)
    one = frame.assign(y=frame["y"].where(frame.index < len(frame) - 7))  # a single value says how large it is
    assert (fitted.predict(one)["Forecaster"] > 900).all()
    assert np.isfinite(fitted.predict(empty.assign(unique_id="north"))["Forecaster"]).all()


@pytest.mark.parametrize("loss", ["quantile", "mse"])
@pytest.mark.parametrize("batch_size", [16, 300])
def test_the_validation_loss_is_the_mean_over_all_known_targets(loss, batch_size):
    # 300 windows in batches of at least 256; most values of the later ones are missing.
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(360), "y": np.sin(np.arange(360) / 5)})
    frame.loc[(frame["ds"] > 300) & (frame["ds"] % 3 > 0), "y"] = np.nan
    forecaster = tiny(2, loss=loss, level=[80], conformal=0 if loss == "quantile" else 5, max_epochs=1)
    forecaster.set_params(input_size=4, batch_size=batch_size).fit(frame, val_size=301)
    panel, _ = forecaster.read(frame)
    windows = forecaster._windows(panel, tail=301)
    assert len(windows) > 256
    inputs, known, static, target, units, series = windows.take(torch.arange(len(windows)))
    with torch.no_grad():
        said = forecaster.model_(inputs, known, static, units, series).double().tolist()
    losses = []
    for row, wanted in zip(said, target.double().tolist(), strict=True):
        for step, y in zip(row, wanted, strict=True):
            if math.isnan(y):
                continue
            if loss == "mse":
                losses.append((step[0] - y) ** 2)
            else:
                losses += [max(q * (y - s), (q - 1) * (y - s)) for q, s in zip((0.1, 0.5, 0.9), step, strict=True)]
    assert forecaster.history_.validation == [pytest.approx(sum(losses) / len(losses), rel=1e-5)]


def test_what_is_known_ahead_of_a_series_never_seen_is_scaled_where_its_past_is_missing():
    frame = daily().assign(rain=lambda table: 1000 + 50 * table["rain"])
    forecaster = tiny(futr_exog=["rain"], exogenous=(), calendar=False, conformal=0).fit(frame)
    new = daily(30, ("east",), seed=3).assign(rain=np.nan)
    ahead = pd.DataFrame({"unique_id": "east", "ds": pd.date_range("2024-01-31", periods=3), "rain": [900, 1000, 1100]})
    seen = []
    hook = forecaster.model_.register_forward_pre_hook(lambda model, given: seen.append(given))
    forecaster.predict(new, ahead)
    hook.remove()
    history, known = seen[0][0][0], seen[0][1][0]
    rain = frame["rain"].to_numpy()
    np.testing.assert_allclose(known[:, 0], (ahead["rain"] - rain.mean()) / rain.std(), rtol=1e-5)
    assert history[:, 1].tolist() == [0.0] * 8  # the centre
