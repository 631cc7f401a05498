"""The comparison, and above all what it dares to say."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.tasks.frames import TINY, daily, tiny

from grunit.errors import GrunitError
from grunit.tasks import compare
from grunit.tasks.comparison import Row
from grunit.tasks.metrics import mae
from grunit.tasks.verdict import judge


def cell(name: str, *values: float) -> Row:
    return Row(name, False, [{"MAE": value} for value in values], 1.0, 10)


def baseline(name: str, value: float) -> Row:
    return Row(name, True, [{"MAE": value}])


def test_a_clear_winner_is_named():
    winner, best, verdict = judge([cell("rnn", 5, 5.2), cell("gru", 1, 1.1)], [baseline("naive", 3)], "MAE", 2, {}, 4)
    assert (winner, best) == ("gru", "gru")
    assert (
        verdict
        == "gru has MAE 1.05 ± 0.071 over 2 seeds, 65% below the best baseline, naive with 3. This rests on 4 windows."
    )


def test_the_best_cell_is_set_apart_by_commas():
    _, _, verdict = judge([cell("gru", 4.0)], [baseline("naive", 3)], "MAE", 1, {}, 4)
    assert "naive has MAE 3, and the best cell, gru, has MAE 4." in verdict


def test_equal_scores_have_no_spread_of_rounding():
    assert cell("mgu", 0.4625, 0.4625, 0.4625).spread("MAE") == 0
    assert cell("mgu", 1.0, 2.0).spread("MAE") == pytest.approx(0.5**0.5)


def test_no_winner_within_the_spread_over_seeds():
    winner, best, verdict = judge([cell("gru", 1.0, 4.5)], [baseline("seasonal_naive", 3)], "MAE", 2, {}, 4)
    assert (winner, best) == (None, "gru")
    assert verdict.startswith("No cell beats seasonal naive on these windows")
    assert "less than the spread" in verdict


def test_no_winner_above_the_baseline():
    winner, _, verdict = judge([cell("gru", 4.0, 4.5)], [baseline("naive", 3)], "MAE", 2, {}, 4)
    assert winner is None
    assert verdict.startswith("No cell beats naive on these windows: naive has MAE 3")


def test_cells_as_good_as_the_best_are_named_and_one_seed_is_said_to_be_one():
    _, _, verdict = judge([cell("gru", 1, 1.2), cell("lstm", 1.1, 1.3)], [baseline("naive", 3)], "MAE", 2, {}, 4)
    assert "lstm does as well" in verdict
    assert "one seed" in judge([cell("gru", 1)], [baseline("naive", 3)], "MAE", 1, {}, 4)[2]


def test_a_score_that_is_not_a_number_neither_wins_nor_is_shown():
    nan = float("nan")
    winner, best, verdict = judge([cell("rnn", nan), cell("gru", nan)], [baseline("naive", nan)], "MAE", 1, {}, 4)
    assert (winner, best) == (None, None)
    assert verdict.startswith("No verdict: MAE is not a number")
    winner, best, verdict = judge([cell("rnn", nan), cell("gru", 1.0)], [baseline("naive", nan)], "MAE", 1, {}, 4)
    assert (winner, best) == (None, "gru")
    assert "no baseline has a MAE to beat" in verdict
    assert "nan" not in verdict
    assert judge([cell("rnn", nan), cell("gru", 1.0)], [baseline("naive", 3)], "MAE", 1, {}, 1)[0] == "gru"


def test_a_single_window_is_said_to_be_one():
    assert "rests on a single window" in judge([cell("gru", 1)], [baseline("naive", 3)], "MAE", 1, {}, 1)[2]


def test_a_cell_that_broke_down_is_not_counted():
    assert judge([], [baseline("naive", 3)], "MAE", 1, {"rnn": "..."}, 4)[0] is None
    assert "rnn broke down" in judge([cell("gru", 1)], [], "MAE", 1, {"rnn": "..."}, 4)[2]


def test_every_name_is_scored_on_the_same_windows():
    calls = []
    settings = {name: value for name, value in TINY.items() if name != "verbose"}
    result = compare(
        daily(),
        3,
        ["rnn", "gru"],
        seeds=(0, 1),
        n_windows=2,
        baselines=("naive", "seasonal_naive", "seasonal_naive:14", "drift"),
        progress=lambda done, total, what: calls.append((done, total, what)),
        input_size=8,
        **settings,
    )
    assert [row.name for row in result.rows] == ["rnn", "gru", "naive", "seasonal_naive", "seasonal_naive:14", "drift"]
    assert calls[0] == (0, 4, "rnn, seed 0")
    assert calls[-1] == (4, 4, "done")
    for name in ("gru", "naive", "seasonal_naive:14"):
        by_hand = mae(result.frame["y"].to_numpy(), result.frame[name].to_numpy())
        assert result.row(name).values("MAE")[0] == pytest.approx(by_hand)
    alone = tiny(cell="gru", seed=1).cross_validation(daily(), n_windows=2)
    assert result.row("gru").values("MAE")[1] == pytest.approx(
        mae(alone["y"].to_numpy(), alone["Forecaster"].to_numpy())
    )
    assert result.row("gru").spread("MAE") == pytest.approx(np.std(result.row("gru").values("MAE"), ddof=1))
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["verdict"] == result.verdict
    assert len(plain["curves"]["gru"]) == 2
    assert len(result.to_frame()) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cells": []}, "cells is empty"),
        ({"cells": ["gruu"]}, "did you mean"),
        ({"seeds": []}, "seeds is empty"),
        ({"baselines": ["arima"]}, "unknown baseline"),
        ({"metric": "R2"}, "unknown metric"),
    ],
)
def test_a_bad_argument_is_refused_before_training(settings, message):
    with pytest.raises(GrunitError, match=message):
        compare(daily(), 3, **{"cells": ["gru"], **settings})
