"""The measurements of language models: what is counted, and that every set runs, small."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import language


def test_lines_stand_between_marks():
    assert language.cut_lines("床前明月光，疑是地上霜。") == ["床前明月光", "疑是地上霜"]
    assert language.cut_lines("，") == []


def test_poems_have_one_length_of_line_and_say_which(data_folder):
    poems = language.read_poems()
    assert len(poems) > 5000
    for poem in poems[::50]:
        lines = language.cut_lines(poem[1:])
        assert {len(line) for line in lines} == {int(poem[0])}
        assert 4 <= len(lines) <= 12


def test_verdicts_follow_the_numbers():
    row = {
        "set": "ptb",
        "perplexity": 114.9,
        "parameters": 5,
        "epochs": 1,
        "wall_seconds": 60.0,
        "processor_seconds": 60.0,
        "recipe": language.RECIPES["ptb"],
        "sample": "the",
    }
    report = language.tell({"rows": [row]})
    assert "| ptb | test perplexity of words | ≤ 115 | 114.9 | met |" in report
    assert "**missed**" in language.tell({"rows": [{**row, "perplexity": 115.2}]})
    assert "| tinyshakespeare | validation, nats a character | ≤ 1.55 | not measured |" in language.tell(
        {"rows": [row]}
    )


@pytest.mark.slow
def test_every_set_runs_small(data_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    command.main(["language", "--smoke", "--output", str(tmp_path)])
    found = json.loads((tmp_path / "language.json").read_text())
    assert [row["set"] for row in found["rows"]] == list(language.MEASURES)
    poems = next(row for row in found["rows"] if row["set"] == "tang_poems")
    assert set(poems["forms"]) == {"5", "7"}
    assert 0 <= poems["right"] <= 100
    assert not list(tmp_path.glob("*.checkpoint"))
    assert "these numbers mean nothing" in (tmp_path / "language.md").read_text()
