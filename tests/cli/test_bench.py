"""A table of this machine."""

from __future__ import annotations

import json

import pytest
import torch

from grunit.cli import bench
from grunit.errors import InputError


@pytest.fixture
def tiny(monkeypatch):
    """Sizes that take no time; the C backend as where there is no compiler."""
    monkeypatch.setattr(bench, "QUICK_SIZES", ((2, 3, 4),))
    monkeypatch.setattr(bench, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(bench, "SIZES", ((2, 3, 4), (1, 2, 4)))
    monkeypatch.setattr(bench, "SECONDS", 0.0)
    monkeypatch.setenv("CC", "no-such-compiler")


def test_machine_answer(run, tiny):
    answer = run("bench", "--quick", "--json", "--cells", "gru,lstm", "--threads", "1")
    found = json.loads(answer.out)
    assert answer.status == 0
    assert found["machine"]["versions"]["torch"] == torch.__version__
    assert [(row["cell"], row["work"]) for row in found["rows"]] == [
        ("gru", "training"),
        ("gru", "inference"),
        ("lstm", "training"),
        ("lstm", "inference"),
    ]
    for row in found["rows"]:
        assert row["size"] == [2, 3, 4]
        assert row["times"]["torch.nn"]["least"] > 0
        assert row["speedup"]["torch"] > 0
        assert 0 < row["times"]["torch.nn"]["least"] <= row["times"]["torch.nn"]["median"]


def test_table_and_progress(run, tiny):
    answer = run("bench", "--cells", "gru")
    lines = answer.out.splitlines()
    assert lines[0].split()[:3] == ["cell", "work", "B,T,H"]
    assert [line.split()[:3] for line in lines[1:5]] == [
        ["gru", "training", "2,3,4"],
        ["gru", "inference", "2,3,4"],
        ["gru", "training", "1,2,4"],
        ["gru", "inference", "1,2,4"],
    ]
    assert "1 of 4: gru, training, 2,3,4" in answer.err


def test_what_does_not_run_here_is_named_with_its_reason():
    def fails():
        raise InputError("no compiler")

    working, missing = bench.only_working({"torch.nn": lambda: None, "c": fails})
    assert list(working) == ["torch.nn"]
    assert missing == {"c": "no compiler"}


def test_a_missing_backend_is_a_dash_and_a_reason():
    times = {"torch.nn": {"median": 0.001}}
    row = {
        "cell": "gru",
        "work": "training",
        "size": [1, 2, 3],
        "times": times,
        "speedup": {"torch": 0.5},
        "noise": 0.25,
    }
    facts = {"machine": {"processor": "X", "versions": {"torch": "2"}}, "threads": 2, "seconds": 1.0}
    text = bench.show([{**row, "missing": {"c": "no compiler"}}], facts)
    assert text.splitlines()[1].split() == ["gru", "training", "1,2,3", "1.00", "-", "0.50x", "-"]
    assert "Noise: up to 25%" in text
    assert "no compiler" in text


@pytest.mark.parametrize("words", [["--cells", "lsmt"], ["--cells", ","], ["--cells", "gru,gru"], ["--threads", "0"]])
def test_bad_words_are_refused_in_one_sentence(run, words):
    answer = run("bench", *words)
    assert answer.status == 2
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) == 1
