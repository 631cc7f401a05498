"""Storages: what can be opened, what is refused, what must be the same before trials are held against each other."""

from __future__ import annotations

import pytest

from grunit.errors import GrunitError, InputError
from grunit.tuning.study import make_sampler, open_storage, open_study, quiet, read_storage, require_same_question


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (3, "give the path of a file"),
        ("redis://localhost", "no kind that is known"),
        ("postgres://localhost/x", "did you mean 'postgresql'"),
        ("missing/study.db", "the folder missing does not exist"),
        (".", "is a folder: name a file in it"),
    ],
)
def test_refusals(storage, message):
    with pytest.raises(InputError, match=message):
        read_storage(storage)


def test_a_server_is_passed_through():
    url = "mysql+pymysql://user:word@host/studies"
    assert read_storage(url) == url


@pytest.mark.parametrize("name", ["study.journal", "study.db"])
def test_trials_outlive_the_process_that_made_them(tmp_path, name):
    place = read_storage(tmp_path / name)
    with quiet() as optuna:
        study = open_study(optuna, open_storage(optuna, place), "s", "maximize")
        require_same_question(study, {"metric": "R2"}, True, place)
        study.tell(study.ask(), 0.5)
        again = open_study(optuna, open_storage(optuna, place), "s", "maximize")
        assert [trial.value for trial in again.trials] == [0.5]
        require_same_question(again, {"metric": "R2"}, True, place)
        with pytest.raises(InputError, match="made with another metric"):
            require_same_question(again, {"metric": "MAE"}, True, place)
        with pytest.raises(InputError, match="holds 1 trials already: set resume=True"):
            require_same_question(again, {"metric": "R2"}, False, place)


@pytest.mark.parametrize("name", ["study.journal", "study.db"])
def test_a_file_that_holds_something_else_is_refused_in_one_sentence(tmp_path, name):
    (tmp_path / name).write_text("date,sales\n2024-01-01,3\n")
    with quiet() as optuna, pytest.raises(GrunitError, match="cannot be opened, or holds something else"):
        open_storage(optuna, read_storage(tmp_path / name))
    assert (tmp_path / name).read_text() == "date,sales\n2024-01-01,3\n"


def test_a_study_of_somebody_else_is_left_alone(tmp_path):
    with quiet() as optuna:
        study = open_study(optuna, optuna.storages.InMemoryStorage(), "s", "minimize")
        study.tell(study.ask(), 1.0)
        with pytest.raises(InputError, match="was not made by grunit"):
            require_same_question(study, {}, True, "memory")


def test_going_on_does_not_propose_the_first_settings_again():
    def first_proposal(begun: int, worker: int) -> float:
        study = optuna.create_study(sampler=make_sampler(optuna, "bayesian", 0, begun, worker, 20))
        return study.ask().suggest_float("x", 0, 1)

    with quiet() as optuna:
        proposals = {first_proposal(begun, worker) for begun in (0, 5) for worker in (0, 1)}
        assert len(proposals) == 4
        assert first_proposal(0, 0) == first_proposal(0, 0)
