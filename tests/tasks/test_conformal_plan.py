"""Which windows and series intervals are measured on, and what one series that cannot take part means."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.tasks.frames import daily, tiny

import grunit
from grunit.data import Panel
from grunit.errors import DataError
from grunit.tasks.conformal_plan import plan

pytestmark = pytest.mark.filterwarnings("ignore::grunit.data.DataWarning")


def asked(conformal="auto", **options):
    return SimpleNamespace(
        **{"conformal": conformal, "h": 3, "input_size_": 4, "level": [80], "loss": "quantile"} | options
    )


def panel(*series):
    ids = [chr(ord("a") + place) for place in range(len(series))]
    return Panel(ids, [np.arange(len(y)) for y in series], [np.array(y, dtype=float)[:, None] for y in series], [], 1)


LONG = np.sin(np.arange(40.0))


def late(missing, length=40):
    return np.where(np.arange(length) < missing, np.nan, LONG[:length])


@pytest.mark.parametrize("val_size", [0, 4])
@pytest.mark.parametrize("missing", [10, 24, 26, 30, 36])
def test_auto_leaves_out_what_has_no_room_or_no_value_before_the_windows(missing, val_size):
    short = LONG[: 9 + val_size]  # 4 steps of history, 3 ahead and val_size are learnt from: none is left for a window
    found = plan(asked(), panel(LONG, short, late(missing), LONG), val_size)
    assert found.windows >= 1
    assert found.left_out[0] == "b"
    held_out = 3 + found.apart * (found.windows - 1)
    for name, y in zip("abcd", (LONG, short, late(missing), LONG), strict=True):
        if name in found.panel.ids:
            assert len(y) - held_out >= 4 + 3 + val_size
            assert not np.isnan(y[:-held_out]).all()
        else:
            assert name in found.left_out
            assert name == "b" or np.isnan(y[:-held_out]).all()


def test_auto_measures_nothing_where_nothing_would_be_left_to_learn_from_or_to_judge_by():
    first = np.r_[1.0, np.full(34, np.nan), LONG[:5]]
    assert plan(asked(), panel(first), 0).windows == 0
    assert plan(asked(), panel(LONG[:9], LONG[:9]), 0).windows == 0
    unjudged = np.r_[LONG[:16], np.full(16, np.nan), LONG[:8]]
    assert plan(asked(), panel(unjudged), 0).windows
    assert plan(asked(), panel(unjudged), 4).windows == 0
    with pytest.raises(DataError, match="too few to measure the intervals of loss 'mse'"):
        plan(asked(loss="mse"), panel(LONG[:9]), 0)


def test_windows_that_were_asked_for_are_of_all_series_or_refused():
    assert plan(asked(5), panel(LONG, LONG), 0).left_out == []
    with pytest.raises(DataError, match=r"series 'b' has 9 rows and conformal=5 needs 14: hold back fewer"):
        plan(asked(5), panel(LONG, LONG[:9]), 0)
    with pytest.raises(DataError, match=r"series 'b' has no value before the 5 windows"):
        plan(asked(5), panel(LONG, late(33)), 0)
    with pytest.raises(DataError, match=r"conformal=5 holds back every value there is to learn from"):
        plan(asked(5), panel(np.r_[1.0, np.full(34, np.nan), LONG[:5]]), 0)


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_one_short_series_does_not_end_a_fit_and_the_others_correct_its_intervals(loss, tmp_path):
    frame = pd.concat([daily(40), daily(12, ("east",))], ignore_index=True)
    model = tiny(loss=loss).fit(frame)
    assert model.conformal_.left_out == ["east"]
    assert "series 'east'" in model.conformal_.tell()
    assert grunit.load(model.save(tmp_path / "model")).conformal_ == model.conformal_
    forecast = model.predict()
    assert (forecast["Forecaster-hi-80"] > forecast["Forecaster-lo-80"]).all()
    # The correction is that of the others alone.
    alone = tiny(loss=loss).fit(daily(40))
    assert model.conformal_.shifts == alone.conformal_.shifts


def test_what_cannot_be_held_back_is_refused_before_any_training():
    frame = daily(40, ("north",))
    frame.loc[1:36, "y"] = np.nan
    model = tiny(conformal=4, input_size=4)
    with pytest.raises(DataError, match="conformal=4 holds back every value"):
        model.fit(frame)
    assert not hasattr(model, "model_")
    assert tiny(input_size=4).fit(frame).conformal_ is None
