"""No setting is proposed twice while there is another."""

from __future__ import annotations

import pytest
from tests.tuning.hills import DATA, Hill

from grunit.tuning import tune


@pytest.mark.parametrize("seed", range(4))
def test_no_setting_is_proposed_twice(tmp_path, seed):
    # Steps of 0.1 are not always the same float, and a 1 in the estimator is the 1.0 of the range.
    space = {"height": (0.0, 1.0, 0.1), "steps": [0, 1], "max_epochs": [10]}
    ask = {"pruning": None, "seed": seed, "storage": tmp_path / "study.journal"}
    few = tune(Hill(height=1), space, *DATA, trials=8, **ask)
    assert few.given is not None
    assert "ended" not in few.facts
    keys = [(trial.values["height"], trial.values["steps"]) for trial in few.trials]
    assert len(keys) == len(set(keys)) == 8
    more = tune(Hill(height=1), space, *DATA, trials=22, **ask)
    keys = [(round(10 * trial.values["height"]), trial.values["steps"]) for trial in more.trials]
    assert sorted(keys) == [(tenths, steps) for tenths in range(11) for steps in (0, 1)]
    assert [trial.number for trial in more.trials] == list(range(22))
    assert "ended" not in more.facts  # as many as were asked for


def test_a_space_too_large_to_list_gives_none_twice():
    found = tune(Hill(), {"max_epochs": (1, 101), "steps": (0, 100)}, *DATA, trials=60, pruning=None)
    keys = {(trial.values["max_epochs"], trial.values["steps"]) for trial in found.trials}
    assert len(keys) == len(found.trials) == 60
