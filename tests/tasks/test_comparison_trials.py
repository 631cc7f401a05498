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


@pytest.mark.parametrize("damage", ["cut trial", "empty trial", "cut model", "no model", "cut facts", "other facts"])
def test_what_cannot_be_read_counts_as_not_done(frame, tmp_path, damage):
    place = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        compare(frame, 3, ["gru"], keep=place, progress=stop_at(1), **SETTINGS)
    assert sorted(file.name for file in place.iterdir()) == ["facts.json", "gru-0", "gru-0.safetensors"]
    trial, model, facts = place / "gru-0.safetensors", place / "gru-0" / "model.safetensors", place / "facts.json"
    if damage == "no model":
        model.unlink()
    else:
        broken = {"trial": trial, "model": model, "facts": facts}[damage.split()[1]]
        left = {"cut": broken.read_bytes()[:-9], "empty": b"", "other": b"[1]"}[damage.split()[0]]
        broken.write_bytes(left)
    found = compare(frame, 3, ["gru"], keep=place, **SETTINGS)
    assert scores(found) == scores(compare(frame, 3, ["gru"], **SETTINGS))
    assert not place.exists()


def test_the_facts_are_whole_or_as_they_were(frame, tmp_path, monkeypatch):
    place, real = tmp_path / "kept", comparison_trials.Path.write_bytes
    with pytest.raises(KeyboardInterrupt):
        compare(frame, 3, ["gru"], keep=place, progress=stop_at(1), **SETTINGS)
    before = (place / "facts.json").read_bytes()

    def full(path, content):
        if path.name.startswith("facts"):
            real(path, content[:5])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(comparison_trials.Path, "write_bytes", full)
    with pytest.raises(KeepingError, match="No space left on device"):
        compare(frame, 3, ["gru"], keep=place, **SETTINGS)
    assert (place / "facts.json").read_bytes() == before
    assert sorted(file.name for file in place.iterdir()) == ["facts.json", "gru-0", "gru-0.safetensors"]


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
