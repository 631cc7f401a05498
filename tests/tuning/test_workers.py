"""Several processes share one study: no trial twice, exactly as many as asked."""

from __future__ import annotations

import os
import signal
import time

import pytest
from tests.tuning.hills import DATA, Hill

from grunit.tuning import tune
from grunit.tuning.workers import WorkerError


class Slow(Hill):
    def fit(self, X, y=None, *, watch=None):
        time.sleep(0.05)
        return super().fit(X, y, watch=watch)


class Slower(Hill):
    """Slow enough that a signal always comes before the last trial."""

    def fit(self, X, y=None, *, watch=None):
        time.sleep(0.6)
        return super().fit(X, y, watch=watch)


class Broken(Hill):
    def fit(self, X, y=None, *, watch=None):
        raise TypeError("a bug")


class Killed(Hill):
    armed = True

    def fit(self, X, y=None, *, watch=None):
        if self.armed and self.steps == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y, watch=watch)


@pytest.mark.parametrize("name", [None, "study.db"])
def test_the_same_trials_as_in_one_process(tmp_path, name):
    ask = {"trials": 5, "method": "random", "pruning": None}
    space = {"height": (-5.0, 5.0), "steps": [0, 1]}
    alone = tune(Slow(), space, *DATA, **ask)
    storage = None if name is None else tmp_path / name
    shared = tune(Slow(), space, *DATA, workers=2, storage=storage, **ask)
    one, other = (
        found.to_frame()[["height", "steps", "score"]].sort_values("height").values.tolist()
        for found in (alone, shared)
    )
    assert one == other
    assert shared.best_params == alone.best_params


def test_a_bug_in_a_process_is_told():
    with pytest.raises(WorkerError, match="TypeError: a bug"):
        tune(Broken(), {"steps": [0, 1]}, *DATA, method="grid", workers=2)


@pytest.mark.slow
def test_ctrl_c_stops_all_and_the_same_call_goes_on(tmp_path):
    def interrupt(done: int, total: int, what: str) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    ask = {"method": "grid", "pruning": None, "workers": 2, "storage": tmp_path / "study.journal"}
    with pytest.raises(KeyboardInterrupt):
        tune(Slower(), {"steps": (0, 11)}, *DATA, progress=interrupt, **ask)
    found = tune(Slower(), {"steps": (0, 11)}, *DATA, **ask)
    assert 2 <= found.facts["trials found there"] < 12
    # Also what the two were at when they were stopped is tried, and nothing twice.
    assert sorted(trial.values["steps"] for trial in found.trials) == list(range(12))


def test_a_killed_process_loses_only_the_trial_it_was_at(tmp_path):
    ask = {"method": "grid", "pruning": None, "workers": 2, "storage": tmp_path / "study.journal"}
    with pytest.raises(WorkerError, match=r"was killed \(exit status -9\)"):
        tune(Killed(), {"steps": (0, 9)}, *DATA, **ask)
    Killed.armed = False
    found = tune(Killed(), {"steps": (0, 9)}, *DATA, **ask)
    assert sorted(trial.values["steps"] for trial in found.trials) == list(range(10))
    assert found.facts["trials found there"] < 10
