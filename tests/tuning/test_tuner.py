"""The search as a whole, on hills whose top is known and on small networks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import clone
from tests.tasks.frames import daily, tiny
from tests.tuning.hills import DATA, Hill

import grunit
from grunit.errors import DataError, GrunitError, InputError
from grunit.tuning import NoTrialError, tune

WIDE = {"height": (-10.0, 10.0), "steps": [0, 1]}


def test_the_public_name():
    assert grunit.tune is tune


def test_a_grid_finds_the_top_and_keeps_every_trial():
    hill = Hill()
    found = tune(hill, {"height": [0.0, 3.0, 5.0], "steps": (0, 2)}, *DATA, method="grid")
    assert found.best_params == {"height": 3.0, "steps": 0}
    assert found.best_score == 0.0
    table = found.to_frame()
    scores = {(row.height, row.steps): row.score for row in table.itertuples() if row.outcome == "finished"}
    assert all(score == -((height - 3) ** 2) - steps for (height, steps), score in scores.items())
    assert len(table) == 9
    assert table.height[0] == 0.0  # the one given, first
    assert found.given is not None
    assert found.given.score == -9.0
    assert found.best_estimator.get_params() == {**hill.get_params(), **found.best_params}
    assert found.best_estimator.seen_ == 20  # fitted anew on all the data
    assert not hasattr(hill, "history_")


def test_bayesian_search_comes_nearer_than_random_on_the_mean():
    def mean_score(method: str) -> float:
        return float(
            np.mean([tune(Hill(), WIDE, *DATA, trials=25, method=method, seed=s).best_score for s in range(3)])
        )

    assert mean_score("bayesian") > mean_score("random")


@pytest.mark.parametrize("method", ["bayesian", "random"])
def test_the_seed_decides(method):
    tables = [tune(Hill(), WIDE, *DATA, trials=8, method=method, seed=seed).to_frame().height for seed in (1, 1, 2)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_diverging_trials_are_written_down_and_skipped():
    found = tune(Hill(), {"height": [0.0, 2.0, 9.0, 10.0]}, *DATA, method="grid", pruning=None)
    table = found.to_frame().set_index("height")
    assert table.outcome.to_dict() == {0.0: "finished", 2.0: "finished", 9.0: "failed", 10.0: "failed"}
    assert table.reason[9.0] == "the loss became inf at height 9"
    assert np.isnan(table.score[9.0])
    assert found.best_params == {"height": 2.0}
    assert found.verdict.startswith("Best: height 2, with score -1")


def test_none_that_comes_to_a_score():
    with pytest.raises(NoTrialError, match="none of 2 trials came to a score; the first said: the loss became inf"):
        tune(Hill(), {"height": [9.0, 10.0]}, *DATA, method="grid")


def test_an_error_of_the_code_is_not_hidden():
    with pytest.raises(TypeError, match="unsupported operand"):
        tune(Hill(), {"steps": ["a", "b"]}, *DATA, method="grid", pruning=None)


@pytest.mark.parametrize("pruning", ["median", "halving"])
def test_bad_trials_are_cut_short(pruning):
    heights = [3.0, 2.9, 3.1, 2.8, 3.2, 2.0, -8.0, -9.0, -7.0, -6.0]
    found = tune(Hill(3.0), {"height": heights}, *DATA, method="grid", pruning=pruning)
    cut = [trial for trial in found.trials if trial.outcome == "cut short"]
    assert cut
    assert found.best_params == {"height": 3.0}
    for trial in cut:
        assert max(trial.course) < 10  # before its end
        assert trial.score is None
    assert tune(Hill(3.0), {"height": heights}, *DATA, method="grid", pruning=None).count("cut short") == 0


def test_ctrl_c_keeps_the_finished_trials_and_the_same_call_goes_on(tmp_path):
    class Interrupted(Hill):
        def fit(self, X, y=None, *, watch=None):
            if (self.height, self.steps) == tuple(stop):
                stop.clear()
                raise KeyboardInterrupt
            return super().fit(X, y, watch=watch)

    whole = tune(Hill(), WIDE, *DATA, trials=6, method="random", pruning=None).to_frame()
    stop = [whole.height[3], whole.steps[3]]
    Interrupted.__name__ = "Hill"
    ask = {"trials": 6, "method": "random", "pruning": None, "storage": tmp_path / "study.journal"}
    with pytest.raises(KeyboardInterrupt):
        tune(Interrupted(), WIDE, *DATA, **ask)
    found = tune(Interrupted(), WIDE, *DATA, **ask)
    assert found.facts["trials found there"] == 3
    columns = ["height", "steps", "score"]
    assert sorted(found.to_frame()[columns].values.tolist()) == sorted(whole[columns].values.tolist())
    # Again: nothing is left to do. More trials go on with the same list.
    again = tune(Interrupted(), WIDE, *DATA, **ask)
    assert again.to_frame().equals(found.to_frame())
    more = tune(Interrupted(), WIDE, *DATA, **{**ask, "trials": 8})
    assert len(more.trials) == 8
    assert set(found.to_frame().height) < set(more.to_frame().height)


def test_another_question_is_refused(tmp_path):
    place = tmp_path / "study.journal"
    tune(Hill(), {"steps": [0, 1]}, *DATA, method="grid", storage=place)
    with pytest.raises(InputError, match="another space"):
        tune(Hill(), {"steps": [0, 2]}, *DATA, method="grid", storage=place)
    with pytest.raises(InputError, match="another height"):
        tune(Hill(1.0), {"steps": [0, 1]}, *DATA, method="grid", storage=place)
    with pytest.raises(InputError, match="another data"):
        tune(Hill(), {"steps": [0, 1]}, DATA[0], DATA[1][::-1], method="grid", storage=place)
    with pytest.raises(InputError, match="holds 2 trials already"):
        tune(Hill(), {"steps": [0, 1]}, *DATA, method="grid", storage=place, resume=False)
    other = tune(Hill(1.0), {"steps": [0, 1]}, *DATA, method="grid", storage=place, study="other")
    assert len(other.trials) == 2


def test_no_trial_begins_after_the_time_is_over():
    found = tune(Hill(), WIDE, *DATA, trials=100_000, timeout=0.3)
    assert 1 <= len(found.trials) < 100_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "bayes"}, "unknown method 'bayes': did you mean 'bayesian'"),
        ({"pruning": "mean"}, "unknown pruning 'mean'"),
        ({"trials": 0}, "trials is 0"),
        ({"workers": 1.5}, "workers is 1.5"),
        ({"timeout": 0}, "timeout is 0"),
        ({"metric": "MSE"}, "unknown metric 'MSE'"),
        ({"direction": "up"}, "direction is 'up'"),
        ({"folds": 3}, "folds is not for Forecaster"),
        ({"n_windows": 0}, "n_windows is 0"),
    ],
)
def test_refusals_before_any_training(change, message):
    with pytest.raises(InputError, match=message):
        tune(tiny(), {"lr": [0.01]}, daily(), **change)


def test_data_that_cannot_be_used_are_refused_before_any_training():
    with pytest.raises(DataError, match="y"):
        tune(tiny(), {"lr": [0.01]}, daily().drop(columns="y"))
    with pytest.raises(GrunitError, match="a table, and 2 data came"):
        tune(tiny(), {"lr": [0.01]}, daily(), daily())


def test_a_forecaster_is_judged_by_its_own_cross_validation():
    frame, forecaster = daily(), tiny(exogenous=())
    found = tune(forecaster, {"hidden_size": [2, 4]}, frame, method="grid", n_windows=2, pruning=None)
    for trial in found.trials:
        one = clone(forecaster).set_params(hidden_size=trial.values["hidden_size"])
        truth = one.cross_validation(frame, n_windows=2)
        assert trial.score == pytest.approx((truth.y - truth.Forecaster).abs().mean(), rel=1e-9)
    assert set(found.baselines) == {"naive", "seasonal_naive"}
    best = clone(forecaster).set_params(**found.best_params).fit(frame)
    assert found.best_estimator.predict().equals(best.predict())


def test_categories_known_of_the_future_are_tried_too():
    frame = daily()
    frame["sky"] = np.array(["fog", "rain", "sun"])[frame["ds"].dt.dayofyear % 3]
    forecaster = tiny(futr_exog=["rain", "sky"], exogenous=(), conformal=0)
    found = tune(forecaster, {"hidden_size": [4]}, frame, method="grid", n_windows=2, pruning=None)
    truth = forecaster.cross_validation(frame, n_windows=2)
    assert found.best_score == pytest.approx((truth.y - truth.Forecaster).abs().mean(), rel=1e-9)


def test_watching_changes_no_score():
    ask = {"method": "grid", "n_windows": 2, "metric": "CRPS"}
    watched, alone = (
        tune(tiny(max_epochs=4), {"lr": [0.02, 0.01]}, daily(), pruning=pruning, **ask).to_frame().CRPS
        for pruning in ("median", None)
    )
    assert watched.equals(alone)


def test_the_end_of_the_data_does_not_leak_into_the_trainings_before_it():
    # What a trial forecasts for its windows must not change with what comes in them.
    frame = daily()
    changed = frame.copy()
    changed.loc[changed.groupby("unique_id").tail(3).index, "y"] += 1000.0
    ask = {"method": "grid", "n_windows": 1, "pruning": None, "metric": "MAE"}
    usual, moved = (tune(tiny(exogenous=()), {"lr": [0.01]}, table, **ask).best_score for table in (frame, changed))
    # All targets lie 1000 higher and no forecast follows: the error grows by exactly that, up to its sign.
    assert moved == pytest.approx(1000, abs=usual + 1e-6)


def test_the_report_and_the_dictionary_hold_all_trials(tmp_path):
    found = tune(Hill(), {"height": [0.0, 2.0, 9.0], "steps": [0, 1]}, *DATA, method="grid")
    path = found.write_report(tmp_path / "report.html", title="Hills & more")
    assert path.read_text(encoding="utf-8").count('<tr class="') == 6
    document = json.loads(json.dumps(found.to_dict()))
    assert document["best"]["values"] == {"height": 2.0, "steps": 0}
    assert len(document["trials"]) == 6


def errors_by_hand(frame, targets, n_windows=2, h=3, season=7):
    """Every absolute error of one training, and the seasonal naive forecast's, by series and target."""
    truth = tiny(exogenous=(), target_col=targets).cross_validation(frame, n_windows=n_windows)
    history = {name: part.set_index("ds").sort_index() for name, part in frame.groupby("unique_id")}
    found = {}
    for row in truth.to_dict("records"):
        past = history[row["unique_id"]]
        begin = past.index[-(h * n_windows) - 1]
        for target in targets:
            known = past.loc[: row["cutoff"], target]
            ahead = (row["ds"] - row["cutoff"]).days - 1
            naive = known.iloc[len(known) - season + ahead % season]
            unit = past.loc[:begin, target].diff(season).abs().mean()
            actual = row[target]
            entry = abs(row[f"Forecaster-{target}"] - actual), abs(naive - actual), unit
            found.setdefault(target, []).append(entry)
    return found


@pytest.mark.parametrize("metric", [None, "relative RMSE"])
def test_targets_of_unlike_units_count_alike(metric):
    frame = daily(40)
    frame["thousands"] = 1000 * frame.pop("rain").cumsum()
    ask = {"method": "grid", "n_windows": 2, "pruning": None, "metric": metric}
    forecaster = tiny(exogenous=(), target_col=["y", "thousands"])
    found = tune(forecaster, {"hidden_size": [4]}, frame, **ask)
    errors = errors_by_hand(frame, ["y", "thousands"])
    if metric is None:
        expected = np.mean([error / unit for part in errors.values() for error, _, unit in part])
        naive = np.mean([error / unit for part in errors.values() for _, error, unit in part])
    else:
        power = 2 if metric.endswith("RMSE") else 1
        own, other = (
            np.array([np.mean([entry[place] ** power for entry in part]) for part in errors.values()])
            for place in (0, 1)
        )
        expected, naive = np.mean((own / other) ** (1 / power)), 1.0
    assert found.metric == (metric or "MASE")
    assert found.best_score == pytest.approx(expected, rel=1e-6)
    assert found.baselines["seasonal_naive"] == pytest.approx(naive, rel=1e-9)
    # In other units the same is found.
    again = tune(forecaster, {"hidden_size": [4]}, frame.assign(thousands=frame["thousands"] / 1e6), **ask)
    assert again.best_score == pytest.approx(found.best_score, rel=1e-4)


def test_a_score_that_adds_up_unlike_units_is_refused():
    with pytest.raises(InputError, match="unknown metric 'MAE' of Forecaster with several targets: did you mean"):
        tune(tiny(target_col=["y", "rain"]), {"lr": [0.01]}, daily(), metric="MAE")


@pytest.mark.parametrize("first", ["random", "bayesian"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_grid_tries_all_its_points_whatever_the_storage_holds(tmp_path, first, workers):
    # Numbers from a range are hardly ever those of a grid; of the whole numbers some may have been tried.
    space = {"height": (0, 4, 1), "steps": (0, 1)}
    ask = {"storage": tmp_path / "study.journal", "pruning": None, "seed": 3}
    found = tune(Hill(height=1.0), space, *DATA, method=first, trials=12, **ask)
    tried = {(trial.values["height"], trial.values["steps"]) for trial in found.trials}
    points = {(height, steps) for height in (0.0, 1.0, 2.0, 3.0, 4.0) for steps in (0, 1)}
    if first == "bayesian":
        assert len(found.trials) == 10
        assert tried == points
    told = []
    more = tune(
        Hill(height=1.0),
        space,
        *DATA,
        method="grid",
        workers=workers,
        progress=lambda *now: told.append(now[:2]),
        **ask,
    )
    assert {(trial.values["height"], trial.values["steps"]) for trial in more.trials} == points
    assert len(more.trials) == len(found.trials) + len(points - tried)
    assert more.best_params == {"height": 3.0, "steps": 0}
    assert all(done <= whole == 10 for done, whole in told)


def test_a_part_of_a_grid_counts_its_own_points_alone(tmp_path):
    ask = {"storage": tmp_path / "study.journal", "method": "grid"}
    parts = [len(tune(Hill(), {"height": [0.0, 1.0, 2.0, 3.0]}, *DATA, trials=n, **ask).trials) for n in (2, 3, 2, 4)]
    assert parts == [2, 3, 3, 4]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_small_space_is_used_up_and_the_search_ends(tmp_path, workers):
    ask = {"workers": workers, "pruning": None, "storage": tmp_path / "study.journal"}
    found = tune(Hill(), {"steps": [0, 1]}, *DATA, trials=3, **ask)
    assert sorted(trial.values["steps"] for trial in found.trials) == [0, 1]
    assert (
        "2 of 2 trials finished: all 2 settings of the space were tried, so the search ended before 3" in found.verdict
    )
    assert found.facts["ended"] in json.loads(json.dumps(found.to_dict()))["verdict"]
    # Going on finds nothing left.
    again = tune(Hill(), {"steps": [0, 1]}, *DATA, trials=5, **ask)
    assert again.to_frame().equals(found.to_frame())


def test_a_setting_that_was_interrupted_is_tried_again(tmp_path):
    class Interrupted(Hill):
        def fit(self, X, y=None, *, watch=None):
            if self.steps == 2 and armed:
                armed.clear()
                raise KeyboardInterrupt
            return super().fit(X, y, watch=watch)

    armed = [True]
    ask = {"trials": 9, "pruning": None, "storage": tmp_path / "study.journal"}
    with pytest.raises(KeyboardInterrupt):
        tune(Interrupted(), {"steps": [0, 1, 2, 3]}, *DATA, **ask)
    found = tune(Interrupted(), {"steps": [0, 1, 2, 3]}, *DATA, **ask)
    assert sorted(trial.values["steps"] for trial in found.trials) == [0, 1, 2, 3]
    assert found.count("finished") == 4
