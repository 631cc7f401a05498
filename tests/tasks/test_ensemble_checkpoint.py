"""Ensembles whose fit is interrupted between and within their members, and what goes on from the folder left."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars
import pytest
import torch
from tests.tasks.frames import daily, tiny

import grunit
from grunit import Ensemble, SequenceClassifier
from grunit.errors import BundleError, InputError

RANDOM = np.random.default_rng(0)
X = [RANDOM.normal(size=(steps, 2)) for steps in (4, 5, 6, 7) * 5]
LABELS = np.array(["low", "high"])[[int(one.sum() > 0) for one in X]]


class Leaky(grunit.Cell):
    """A cell of the user's own, known to nobody by name."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = torch.nn.Linear(input_size, hidden_size)

    def step(self, x, h):
        return (0.5 * h + 0.5 * torch.tanh(self.W(x)),)


class StoppedError(Exception):
    pass


def stop_after(epochs):
    """Called with the history after every epoch of any member; it breaks off after so many of them."""
    seen = []

    def watch(history):
        seen.append(history.epochs)
        if len(seen) == epochs:
            raise StoppedError

    return watch, seen


@pytest.mark.parametrize("epochs", [1, 5])
def test_an_interrupted_fit_goes_on_to_the_same_bits_and_trains_no_member_twice(tmp_path, epochs):
    models = [tiny(seed=seed, conformal=4, max_epochs=3) for seed in range(3)]
    frame, folder = daily(), tmp_path / "kept"
    whole = Ensemble(models).fit(frame)
    watch, _ = stop_after(epochs)
    with pytest.raises(StoppedError):
        Ensemble(models).fit(frame, checkpoint=folder, watch=watch)
    done = (epochs - 1) // 3
    assert sorted(path.name for path in folder.iterdir()) == [
        *[f"model-{place + 1}" for place in range(done)],
        f"model-{done + 1}.checkpoint",
    ]
    count, seen = stop_after(-1)
    again = Ensemble(models).fit(frame, checkpoint=folder, resume=True, watch=count)
    # The epoch after which it broke off was kept already.
    assert len(seen) == 9 - epochs
    assert not folder.exists()
    pd.testing.assert_frame_equal(again.predict(), whole.predict(), check_exact=True)
    for one, other in zip(again.members, whole.members, strict=True):
        weights = other.model_.state_dict()
        assert all((value == weights[name]).all() for name, value in one.model_.state_dict().items())
        assert (one.history_.train, one.conformal_) == (other.history_.train, other.conformal_)
    again.save(tmp_path / "saved")


def test_forecasts_come_in_the_kind_of_frame_that_was_given(tmp_path):
    models, frame = [tiny(max_epochs=1), tiny(max_epochs=1, seed=1)], polars.from_pandas(daily())
    watch, _ = stop_after(2)
    with pytest.raises(StoppedError):
        Ensemble(models).fit(frame, checkpoint=tmp_path / "kept", watch=watch)
    again = Ensemble(models).fit(frame, checkpoint=tmp_path / "kept", resume=True)
    assert again.predict().equals(Ensemble(models).fit(frame).predict())


def interrupted(folder, **changes):
    models = [SequenceClassifier(hidden_size=3, max_epochs=2, seed=seed, verbose=0, **changes) for seed in (0, 1)]
    watch, _ = stop_after(3)
    with pytest.raises(StoppedError):
        Ensemble(models).fit(X, LABELS, checkpoint=folder, watch=watch)
    return models


def test_classifiers_go_on_with_a_cell_of_ones_own(tmp_path):
    models = interrupted(tmp_path / "kept", cell=Leaky)
    again = Ensemble(models).fit(X, LABELS, checkpoint=tmp_path / "kept", resume=True)
    np.testing.assert_array_equal(again.predict_proba(X), Ensemble(models).fit(X, LABELS).predict_proba(X))


def test_other_settings_or_data_are_refused_by_name(tmp_path):
    folder = tmp_path / "kept"
    models = interrupted(folder)
    others = [SequenceClassifier(**{**model.get_params(), "lr": 0.5}) for model in models]
    with pytest.raises(InputError, match=r"model 1 in the checkpoint .*kept was trained with other lr: give the same"):
        Ensemble(others).fit(X, LABELS, checkpoint=folder, resume=True)
    changed = [X[0] + 1e-9, *X[1:]]
    with pytest.raises(InputError, match="was trained with other data"):
        Ensemble(models).fit(changed, LABELS, checkpoint=folder, resume=True)
    assert sorted(path.name for path in folder.iterdir()) == ["model-1", "model-2.checkpoint"]


def test_without_resume_what_is_there_is_replaced_and_other_files_stay(tmp_path):
    folder = tmp_path / "kept"
    models = interrupted(folder)
    (folder / "mine.txt").write_text("mine")
    watch, seen = stop_after(-1)
    Ensemble(models).fit(X, LABELS, checkpoint=folder, watch=watch)
    assert len(seen) == 4
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_models_of_ones_own_in_the_folder_stay(tmp_path):
    one = SequenceClassifier(hidden_size=3, max_epochs=1, verbose=0)
    saved = one.fit(X, LABELS).save(tmp_path / "model-2")
    for resume in (False, True):
        with pytest.raises(BundleError, match=r"model-2 was not kept by the fit of an Ensemble"):
            Ensemble.of_seeds(one, 2).fit(X, LABELS, checkpoint=tmp_path, resume=resume)
    np.testing.assert_array_equal(grunit.load(saved).predict_proba(X), one.predict_proba(X))


def test_without_resume_no_process_goes_on_from_what_another_has_yet_to_remove(tmp_path, monkeypatch):
    other = SimpleNamespace(is_main_process=False)
    monkeypatch.setattr("grunit.tasks.ensemble_checkpoint.find_processes", lambda: other)
    (tmp_path / "model-1.checkpoint").write_text("of an earlier fit")
    ensemble = Ensemble.of_seeds(SequenceClassifier(hidden_size=3, max_epochs=1, verbose=0), 1)
    assert ensemble.fit(X, LABELS, checkpoint=tmp_path).members[0].history_.epochs == 1


def test_where_there_is_nothing_to_resume_it_is_said(tmp_path):
    ensemble = Ensemble.of_seeds(SequenceClassifier(hidden_size=3, max_epochs=1, verbose=0), 2)
    with pytest.raises(InputError, match="resume goes on from a folder"):
        ensemble.fit(X, LABELS, resume=True)
    with pytest.raises(BundleError, match=r"there is no checkpoint in .*nothing to resume from"):
        ensemble.fit(X, LABELS, checkpoint=tmp_path / "nothing", resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="is a file"):
        ensemble.fit(X, LABELS, checkpoint=tmp_path / "file")
