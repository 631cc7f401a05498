"""A language model on the command line: from a file to a kept model, its figures, and refusals of one sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import grunit

SMALL = ("--set", "hidden_size=8", "--set", "max_epochs=5", "--set", "chunk=8", "--set", "batch_size=4")


@pytest.fixture
def rhyme(tmp_path) -> Path:
    path = tmp_path / "rhyme.txt"
    path.write_text("one two buckle my shoe\nthree four knock at the door\n" * 6, encoding="utf-8")
    return path


def test_from_file_to_figures(run, rhyme):
    answer = run("fit", "language", rhyme, "-o", "kept", "--cell", "lstm", *SMALL, "--json")
    assert answer.status == 0, answer.err
    report = json.loads(answer.out)
    assert (report["cell"], report["unit"], report["texts"]) == ("lstm", "char", 1)
    text = rhyme.read_text(encoding="utf-8")
    assert report["characters"] == len(text)
    model = grunit.load("kept")
    scores = json.loads(run("evaluate", "kept", rhyme, "--json").out)["scores"]
    assert scores[0]["perplexity"] == pytest.approx(model.perplexity(text))
    assert scores[0]["bits per character"] == pytest.approx(model.bits_per_character(text))
    assert scores[0]["tokens"] == len(text)
    assert scores[1]["perplexity"] == pytest.approx(len(model.encoder_.vocabulary))
    assert math.log(scores[0]["perplexity"]) == pytest.approx(scores[0]["nats per token"])


def test_it_says_how_to_go_on(run, rhyme):
    answer = run("fit", "language", rhyme, "-o", "kept", *SMALL, "--set", "unit=word", "--set", "patience=3")
    assert answer.status == 0
    assert "kept in kept: grunit generate kept" in answer.out
    assert "held back" in answer.out


def test_a_table_holds_many_texts(run, tmp_path):
    path = tmp_path / "poems.csv"
    path.write_text("text,author\n" + "\n".join(f"a rose is a rose {n},x" for n in range(9)) + "\n")
    report = json.loads(run("fit", "language", path, "-o", "kept", *SMALL, "--json").out)
    assert report["texts"] == 9
    assert grunit.load("kept").ends_


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fit", "language", "gone.txt"), "gone.txt: there is no such file"),
        (("fit", "language", "latin.txt"), "latin.txt, line 2: it is not UTF-8 text"),
        (("fit", "language", "empty.txt"), "empty.txt: it is empty"),
        (("fit", "language", "rhyme.txt", "--h", "3"), "nothing that --h could name"),
        (("fit", "language", "rhyme.txt", "--target", "x"), "nothing that --target could name"),
        (("fit", "language", "rhyme.txt", "--set", "unit=letters"), "unit is 'letters'"),
        (("fit", "language", "rhyme.txt", "--set", "dropout=7"), "dropout must be a number between 0 and 1"),
        (("fit", "language", "rhyme.txt", "--set", "hiden_size=7"), "did you mean 'hidden_size'"),
        (("fit", "language", "rhyme.txt", "--cell", "grru"), "did you mean"),
    ],
)
def test_refusals_leave_nothing_behind(run, rhyme, words, message, tmp_path):
    (tmp_path / "latin.txt").write_bytes("one\nvoilà\n".encode("latin-1"))
    (tmp_path / "empty.txt").write_text("\n")
    answer = run(*words, "-o", "kept")
    assert answer.status == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "kept").exists()


def test_verbs_that_do_not_fit_say_which_does(run, rhyme):
    run("fit", "language", rhyme, "-o", "kept", *SMALL)
    assert "use grunit generate" in run("predict", "kept").err
    assert "leave --windows out" in run("evaluate", "kept", rhyme, "--windows", 2).err
