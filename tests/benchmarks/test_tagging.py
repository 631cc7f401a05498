"""The table of tags: a baseline beside what was measured, ways to spell side by side, and files read as they are."""

from __future__ import annotations

import pytest

from benchmarks import tagging
from benchmarks.kept_rows import join
from benchmarks.settings import Settings


@pytest.fixture
def few(tmp_path, monkeypatch):
    """One set, made up, of two files that are not learnt from."""
    (tmp_path / "made_up").mkdir()
    for name, text in (
        ("train", "run N\nrun V\nto P\nrun V\n\nthe D\nrun V\n"),
        ("dev", "run V\nthe D\n"),
        ("test", "run N\nto P\nnew V\nthe D\n"),
    ):
        (tmp_path / "made_up" / f"{name}.conll").write_text(text)
    task = tagging.Task(("train.conll", "dev.conll", "test.conll"), "accuracy", 93.0, {"characters": None})
    monkeypatch.setattr(tagging, "TASKS", {"made_up": task})
    monkeypatch.setenv("GRUNIT_DATA", str(tmp_path))


def test_the_baseline_is_that_of_counts(few):
    found = tagging.measure_baseline("made_up")
    # "run" is V (3 of 4); the unknown word gets V, the most frequent of all.
    assert (found["held"], found["test"]) == (100.0, 75.0)


def test_the_table_holds_the_baseline_and_both_ways_to_spell(few):
    document = tagging.measure(Settings(smoke=True))
    (row,) = document["rows"]
    assert row["baseline"]["test"] == 75.0
    one = tagging.measure_seed("made_up", 0, smoke=True, characters="cnn")
    assert one["options"]["characters"] == "cnn"
    assert one["command"].endswith("--seeds 0 --characters cnn")
    row = join(join(row, ("characters", "rnn"), one), ("characters", "cnn"), one)
    text = tagging.tell({"rows": [{"set": "made_up", "baseline": row["baseline"]}, row]})
    assert "accuracy, most frequent tag of each word | 100.00 | 75.00" in text
    assert "| made_up | rnn |" in text
    assert "--seeds 0 1`" in tagging.tell({"rows": [join(row, ("seeds", "1"), row["seeds"]["0"])]})
