"""A comparison that was interrupted comes to the very numbers of one that was not."""

from __future__ import annotations

import errno

import numpy as np
import pandas as pd
import pytest

from grunit.tasks import comparison_trials
from grunit.tasks.comparison import compare
from grunit.tasks.comparison_trials import KeepingError

SETTINGS = {"seeds": [0, 1], "n_windows": 2, "hidden_size": 4, "max_epochs": 1, "conformal": 0}


@pytest.fixture
def frame():
    noise = np.random.default_rng(0).standard_normal(60)
    return pd.DataFrame({"unique_id": "a", "ds": np.arange(60), "y": np.sin(np.arange(60.0)) + 0.1 * noise})


def stop_at(number):
    def progress(done, total, what):
        if done == number:
            raise KeyboardInterrupt

    return progress


def scores(found):
    return {row.name: row.by_seed for row in found.rows}


def test_the_trainings_done_are_not_done_again(frame, tmp_path):
    place, begun = tmp_path / "kept", []
    with pytest.raises(KeyboardInterrupt):
        compare(frame, 3, ["gru", "lstm"], keep=place, progress=stop_at(3), **SETTINGS)
    assert len(list(place.glob("*.safetensors"))) == 3
    seen = {file: file.stat().st_mtime_ns for file in place.glob("*.safetensors")}
    with pytest.raises(KeyboardInterrupt):
        compare(frame, 3, ["gru", "lstm"], keep=place, progress=stop_at(3), **SETTINGS)
    assert {file: file.stat().st_mtime_ns for file in seen} == seen
    found = compare(frame, 3, ["gru", "lstm"], keep=place, progress=lambda *step: begun.append(step), **SETTINGS)
    whole = compare(frame, 3, ["gru", "lstm"], **SETTINGS)
    assert scores(found) == scores(whole)
    assert found.verdict == whole.verdict
    pd.testing.assert_frame_equal(found.frame, whole.frame)
    assert [run.train for run in found.histories["gru"]] == [run.train for run in whole.histories["gru"]]
    assert not place.exists()


def test_what_was_kept_of_other_data_is_thrown_away(frame, tmp_path):
    place = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        compare(frame, 3, ["gru"], keep=place, progress=stop_at(1), **SETTINGS)
    other = frame.assign(y=frame["y"] * 2)
    found = compare(other, 3, ["gru"], keep=place, **SETTINGS)
    assert scores(found) == scores(compare(other, 3, ["gru"], **SETTINGS))


def test_a_full_disk_is_told_and_keeps_what_was_done(frame, tmp_path, monkeypatch):
    place, real = tmp_path / "kept", comparison_trials.os.replace

    def full(source, target):
        if str(target).endswith("gru-1.safetensors"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(comparison_trials.os, "replace", full)
    with pytest.raises(KeepingError, match=r"No space left on device.*trainings done before, 1 of them"):
        compare(frame, 3, ["gru"], keep=place, **{**SETTINGS, "seeds": [0, 1]})
    monkeypatch.undo()
    assert [file.name for file in place.glob("*.safetensors")] == ["gru-0.safetensors"]
    assert not list(place.glob("*.draft"))
    assert scores(compare(frame, 3, ["gru"], keep=place, **SETTINGS)) == scores(compare(frame, 3, ["gru"], **SETTINGS))
