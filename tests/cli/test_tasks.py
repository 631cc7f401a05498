"""Which models the commands know."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.tasks.frames import daily, tiny

import grunit
from grunit.cli.tasks import KINDS, TASKS, find_task, task_of
from grunit.errors import InputError

SMALL = {"hidden_size": 4, "max_epochs": 2, "verbose": 0, "device": "cpu"}
X, LABELS = [np.linspace(0, side, steps) for steps in range(4, 9) for side in (1, -1)], ["up", "down"] * 5


def test_every_kind_has_a_task_with_all_its_parts():
    for kind, task in KINDS.items():
        assert task in TASKS, kind
        for part in ("create", "read_data", "read_again", "fit", "predict", "evaluate"):
            assert callable(getattr(find_task(task), part)), (task, part)


@pytest.mark.parametrize("task", TASKS)
def test_help_names_the_tasks_that_a_verb_takes(run, task):
    job = find_task(task)

    def words(verb):
        listed = " ".join(run(verb, "--help").out.split()).partition("What to learn: ")[2]
        return [word.strip() for word in listed.partition(".")[0].split(",")]

    try:
        job.compare()
    except InputError:  # not part of this task
        assert task not in words("compare")
    except TypeError:  # it wants its arguments
        assert task in words("compare")
    assert task in words("fit")
    assert task in words("tune")


@pytest.mark.parametrize("task", TASKS)
def test_help_names_the_tasks_that_take_a_file_for_validation(run, task):
    listed = " ".join(run("fit", "--help").out.split()).partition("which weights are kept (")[2].partition(")")[0]
    assert (task in listed.split(", ")) == getattr(find_task(task), "TAKES_VALIDATION", False)


def test_an_ensemble_of_forecasters_predicts_and_is_evaluated(run, tmp_path):
    frame = daily()
    early = frame.groupby("unique_id").head(50)
    ensemble = grunit.Ensemble.of_seeds(tiny(), 2).fit(early)
    ensemble.save(tmp_path / "kept")
    early.to_csv(tmp_path / "early.csv", index=False)
    frame.to_csv(tmp_path / "table.csv", index=False)
    rows = json.loads(run("predict", "kept", "early.csv", "--level", "80", "--json").out)["predictions"]
    expected = ensemble.predict(level=[80])
    assert list(rows[0]) == ["unique_id", "ds", "Ensemble", "Ensemble-lo-80", "Ensemble-hi-80"]
    np.testing.assert_allclose([row["Ensemble"] for row in rows], expected["Ensemble"], rtol=1e-6)
    answer = run("evaluate", "kept", "table.csv", "--json")
    assert json.loads(answer.out)["scores"][0]["model"] == "Ensemble", answer.err


def test_an_ensemble_of_classifiers_predicts_and_is_evaluated(run, tmp_path):
    ensemble = grunit.Ensemble.of_seeds(grunit.SequenceClassifier(**SMALL), 2).fit(X, LABELS)
    ensemble.save(tmp_path / "kept")
    lines = [",".join(f"{value:.17g}" for value in one) + f":{label}" for one, label in zip(X, LABELS, strict=True)]
    text = "\n".join(["@problemName lines", "@classLabel true up down", "@data", *lines])
    (tmp_path / "lines.ts").write_text(text + "\n")
    rows = json.loads(run("predict", "kept", "lines.ts", "--json").out)["predictions"]
    assert [row["prediction"] for row in rows] == ensemble.predict(X).tolist()
    np.testing.assert_allclose([row["probability of up"] for row in rows], ensemble.predict_proba(X)[:, 1], rtol=1e-6)
    scores = json.loads(run("evaluate", "kept", "lines.ts", "--json").out)["scores"]
    assert (scores[0]["model"], scores[0]["accuracy"]) == ("Ensemble", ensemble.score(X, LABELS))


def test_a_model_without_a_command_is_refused_in_one_sentence(run, tmp_path):
    pretrainer = grunit.SequencePretrainer(**SMALL).fit(X)
    with pytest.raises(grunit.GrunitError, match="a SequencePretrainer, which no command knows"):
        task_of(pretrainer)
    pretrainer.save(tmp_path / "kept")
    status, out, err = run("predict", "kept")
    assert (status, out) == (2, "")
    assert "grunit.load" in err
