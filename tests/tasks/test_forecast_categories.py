"""Columns of text: the same as columns of zeros and ones made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from tests.tasks.frames import daily, tiny

import grunit
from grunit.data import DataWarning
from grunit.errors import DataError
from grunit.tasks.statics import Statics

SKY = ["rain", "sun", "snow"]


def with_sky(days: int = 60) -> pd.DataFrame:
    frame = daily(days)
    return frame.assign(sky=np.array(SKY)[np.random.default_rng(3).integers(0, 3, len(frame))])


def ahead(**columns) -> pd.DataFrame:
    times = pd.date_range("2024-03-01", periods=3)
    return pd.DataFrame({"unique_id": np.repeat(["north", "south"], 3), "ds": [*times, *times], **columns})


def test_a_column_of_text_is_the_same_as_its_dummies_unscaled():
    frame = with_sky()
    dummies = frame.drop(columns=["sky", "rain"])
    dummies = dummies.assign(**{f"sky={kind}": (frame["sky"] == kind).astype(float) for kind in sorted(SKY)})
    text = tiny(exogenous=["sky"], scaler="none").fit(frame)
    numbers = tiny(exogenous="all", scaler="none").fit(dummies)
    assert text.exogenous_ == numbers.exogenous_ == ["sky=rain", "sky=snow", "sky=sun"]
    for one, other in zip(text.model_.parameters(), numbers.model_.parameters(), strict=True):
        assert torch.equal(one, other)
    np.testing.assert_array_equal(text.predict()["Forecaster"], numbers.predict()["Forecaster"])


def test_categories_are_not_scaled():
    forecaster = tiny().fit(with_sky())
    center, scale = forecaster.scaler_.learned["south"]
    assert forecaster.scaler_.columns == ["y", "rain", "sky=rain", "sky=snow", "sky=sun"]
    assert center[2:].tolist() == [0, 0, 0]
    assert scale[2:].tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", ["category", "string", "polars"])
def test_any_frame_of_text_will_do(kind):
    frame = with_sky()
    expected = tiny().fit(frame).predict()
    if kind == "polars":
        polars = pytest.importorskip("polars", reason="polars is an extra")
        given = polars.DataFrame({name: frame[name].to_numpy() for name in frame.columns if name != "sky"})
        given = given.with_columns(polars.Series("sky", frame["sky"].to_list(), dtype=polars.Categorical))
    else:
        given = frame.astype({"sky": kind})
    forecast = tiny().fit(given).predict()
    np.testing.assert_array_equal(forecast["Forecaster"].to_numpy(), expected["Forecaster"].to_numpy())


def test_categories_of_the_future_are_used_kept_and_readable(tmp_path):
    forecaster = tiny(futr_exog=["sky"]).fit(with_sky())
    dry, wet = (forecaster.predict(futr_df=ahead(sky=kind)) for kind in ("sun", "rain"))
    assert not np.allclose(dry["Forecaster"], wet["Forecaster"])
    loaded = grunit.load(forecaster.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.predict(futr_df=ahead(sky="sun")), dry)
    assert any('"snow"' in file.read_text() for file in (tmp_path / "model").rglob("*.json"))
    loaded.update(with_sky(70).groupby("unique_id").tail(12).reset_index(drop=True), max_epochs=1)
    crossed = forecaster.cross_validation(with_sky(), n_windows=2)
    assert np.isfinite(crossed["Forecaster"]).all()


def test_an_unknown_category_is_none_of_those_known_and_said():
    forecaster = tiny(futr_exog=["sky"]).fit(with_sky())
    with pytest.warns(DataWarning, match=r"futr_df, column 'sky': 'hail' was not there when the model was fitted"):
        unknown = forecaster.predict(futr_df=ahead(sky="hail"))
    none = forecaster.predict(futr_df=ahead(sky=None).astype({"sky": object}))
    pd.testing.assert_frame_equal(unknown, none)


def test_too_many_texts_and_text_for_numbers_are_refused():
    frame = with_sky()
    notes = frame.assign(note=[f"note {row}" for row in range(len(frame))])
    with pytest.raises(DataError, match="column 'note': it holds 120 different texts and at most 50"):
        tiny().fit(notes)
    tiny(exogenous=["rain"]).fit(notes)
    with pytest.raises(DataError, match="column 'rain': it holds text, and numbers when the model was fitted"):
        tiny().fit(frame).predict(frame.assign(rain="wet"))


def test_categories_of_a_series_are_dummies_too(tmp_path):
    frame = daily()
    text = pd.DataFrame({"unique_id": ["north", "south"], "kind": ["shop", "web"]})
    forecaster = tiny().fit(frame, static_df=text)
    assert forecaster.statics_.rows(["south", "north"]).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    swapped = forecaster.predict(frame, static_df=text.assign(kind=["web", "shop"]))
    assert not np.allclose(swapped["Forecaster"], forecaster.predict()["Forecaster"])
    loaded = grunit.load(forecaster.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.predict(), forecaster.predict())
    with pytest.warns(DataWarning, match="static_df, column 'kind': 'stall' was not there"):
        loaded.predict(daily(series=("west",)), static_df=pd.DataFrame({"unique_id": ["west"], "kind": ["stall"]}))
    assert Statics.from_json(forecaster.statics_.to_json()).rows(["north"]).tolist() == [[1.0, 0.0]]
