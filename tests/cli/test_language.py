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
        (("fit", "language", "rhyme.txt", "--set", "softmax=adaptve"), "got 'adaptve': did you mean 'adaptive'?"),
        (("fit", "language", "rhyme.txt", "--set", "precision=bfloat"), "did you mean 'bfloat16'?"),
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


def test_a_file_decides_which_weights_are_kept(run, rhyme, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("five six pick up sticks\n" * 4, encoding="utf-8")
    answer = run("fit", "language", rhyme, "--validation", other, "-o", "kept", *SMALL, "--json")
    assert answer.status == 0, answer.err
    model = grunit.LanguageModel(hidden_size=8, max_epochs=5, chunk=8, batch_size=4, verbose=0)
    model.fit(rhyme.read_text(encoding="utf-8"), other.read_text(encoding="utf-8"))
    assert json.loads(answer.out)["validation_loss"] == pytest.approx(min(model.history_.validation))


def test_a_fit_goes_on_with_its_own_data_alone(run, stop_fit, rhyme, tmp_path):
    other, held = tmp_path / "other.txt", tmp_path / "held.txt"
    other.write_text("five six pick up sticks\n" * 9, encoding="utf-8")
    held.write_text("one two three\n" * 5, encoding="utf-8")
    words = ("language", rhyme, "--validation", held, "-o", "kept", *SMALL)
    assert f"type: grunit fit language {rhyme} --resume -o kept\n" in stop_fit(grunit.LanguageModel, *words).err
    answer = run("fit", "language", other, "--resume", "-o", "kept")
    assert answer.status == 2
    assert f"{other}: the training data are not those that the interrupted fit began with: give the" in answer.err
    assert "or start without --resume, in another folder with -o" in answer.err
    held.write_text("one two four\n" * 5, encoding="utf-8")
    answer = run("fit", "language", rhyme, "--resume", "-o", "kept")
    assert f"{held}: the validation data are not those that the interrupted fit began with (the training" in answer.err
    held.write_text("one two three\n" * 5, encoding="utf-8")
    answer = run("fit", "language", rhyme, "--resume", "-o", "kept", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["epochs"] == 5


def test_a_refusal_is_in_the_words_that_were_typed(run, rhyme):
    answer = run("fit", "language", rhyme, "-o", "kept", *SMALL, "--set", "softmax=adaptive")
    assert answer.err == "grunit: the adaptive softmax has matrices of its own: give --set tie_weights=false\n"
    Path("short.txt").write_text("a\n")
    answer = run("fit", "language", "short.txt", "-o", "kept", *SMALL, "--set", "patience=2")
    assert "give more, or --validation, or give --set validation_fraction=0" in answer.err
    answer = run("fit", "language", rhyme, *SMALL, "--set", "averaging=triggered")
    assert "hold data back, as with --set validation_fraction=0.1" in answer.err


def test_verbs_that_do_not_fit_say_which_does(run, rhyme):
    run("fit", "language", rhyme, "-o", "kept", *SMALL)
    assert "use grunit generate" in run("predict", "kept").err
    assert "leave --windows out" in run("evaluate", "kept", rhyme, "--windows", 2).err
