"""What a killed process leaves is whole."""

from __future__ import annotations

import pytest
import torch

from grunit.bundle import write_bundle
from grunit.errors import BundleError
from grunit.online.journal import Journal


def test_lines_since_the_last_snapshot(tmp_path):
    journal = Journal(tmp_path / "s")
    journal.snapshot(0, {}, {"w": torch.ones(1)}, {"stream": {"position": 0}})
    journal.append(["a\n", [1, 2], None])
    journal.append(["\u2028b", None, {"0": 5}])
    journal.close()
    again = Journal(tmp_path / "s")
    assert again.read().encoders["stream"] == {"position": 0}
    assert list(again.lines_since(0)) == [["a\n", [1, 2], None], ["\u2028b", None, {"0": 5}]]
    again.snapshot(2, {}, {}, {"stream": {"position": 2}})
    again.append(["c", None, None])
    assert list(again.lines_since(2)) == [["c", None, None]]
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["journal-2.jsonl", "lock", "stream"]


def test_a_torn_entry_is_cut_off(tmp_path):
    journal = Journal(tmp_path)
    journal.open(0)
    journal.append(["whole", None, None])
    with open(tmp_path / "journal-0.jsonl", "a") as file:
        file.write('["tor')
    assert list(journal.lines_since(0)) == [["whole", None, None]]
    journal.append(["next", None, None])
    assert [entry[0] for entry in journal.lines_since(0)] == ["whole", "next"]


def test_two_streams_do_not_share_a_folder(tmp_path):
    first = Journal(tmp_path)
    with pytest.raises(BundleError, match="another stream"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_what_is_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"notes\.txt"):
        Journal(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_a_model_of_another_kind_is_refused(tmp_path):
    write_bundle(tmp_path / "stream", "Forecaster", {}, {})
    with pytest.raises(BundleError, match="Forecaster"):
        Journal(tmp_path).read()
