"""What the README and the documentation say of speed is what the results hold."""

from __future__ import annotations

import pytest

from benchmarks import readme_table
from benchmarks.results import read, write


@pytest.mark.parametrize("path", readme_table.PLACES, ids=lambda path: path.name)
def test_files_hold_what_the_results_say(path):
    text = path.read_text(encoding="utf-8")
    assert text == readme_table.renew(text, path), "python -m benchmarks.readme_table"


def row(cell, work, size, ratio):
    return {
        "cell": cell,
        "peer": "LSTM",
        "work": work,
        "size": size,
        "threads": 1,
        "speedup": {"c": ratio, "torch": 1.0, "eager": 1.0},
        "over_eager": 2 * ratio,
    }


def test_summary_gives_median_and_range(tmp_path):
    rows = [
        row("lstm", work, [1, 1, n], r) for work in ("training", "inference") for n, r in enumerate((3.0, 1.0, 2.5))
    ]
    machine = {"processor": "X", "cores": 2, "versions": {"torch": "2"}, "commit": "abc"}
    more = {"flags": [], "memory_gib": 1, "system": "S", "compiler": "C", "python": "3"}
    run = {"machine": {**machine, **more}, "command": "it", "wall_seconds": 1.0, "smoke": False}
    write("sequences", {"rows": rows, "run": run}, "", tmp_path)
    text = readme_table.summarise(tmp_path)
    assert "| lstm | nn.LSTM | 2.50 (1.00 to 3.00) | 2.50 (1.00 to 3.00) | 5.00 (2.00 to 6.00) | - |" in text
    assert "commit abc" in text


def test_nothing_measured_is_said(tmp_path):
    assert read("sequences", tmp_path) is None
    assert readme_table.summarise(tmp_path) == readme_table.tell_all(tmp_path) == readme_table.NOTHING
