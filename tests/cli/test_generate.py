"""``grunit generate``: the same text as the estimator writes, piece by piece."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

import grunit
from grunit import LanguageModel, SequenceRegressor


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    model = LanguageModel(hidden_size=8, chunk=8, batch_size=4, max_epochs=10, lr=0.02, verbose=0)
    return model.fit("to be or not to be " * 8).save(tmp_path_factory.mktemp("models") / "model")


def test_it_writes_what_the_model_writes(run, kept):
    model = grunit.load(kept)
    answer = run("generate", kept, "--prompt", "to ", "-n", 30, "--temperature", 0.7, "--top-k", 4, "--seed", 5)
    assert answer.status == 0, answer.err
    assert answer.out == "to " + model.generate("to ", 30, temperature=0.7, top_k=4, seed=5) + "\n"
    found = json.loads(run("generate", kept, "--prompt", "to ", "-n", 30, "--top-p", 0.9, "--json").out)
    assert found["text"] == model.generate("to ", 30, top_p=0.9, seed=0)
    assert found["prompt"] == "to "
    beams = run("generate", kept, "--prompt", "to ", "-n", 9, "--beams", 3, "--repetition-penalty", 1.2)
    assert beams.out == "to " + model.generate("to ", 9, num_beams=3, repetition_penalty=1.2) + "\n"
    assert run("generate", kept, "-n", 5).out == model.generate("", 5, seed=0) + "\n"


def test_a_prompt_comes_from_a_pipe(run, kept, monkeypatch):
    for content in (b"not to\n", b"\xef\xbb\xbfnot to\r\n", b"not to"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "ascii"))
        answer = run("generate", kept, "--prompt", "-", "-n", 4, "--temperature", 0, "--json")
        assert json.loads(answer.out)["prompt"] == "not to"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"caf\xe9", "stdin, line 1 is not UTF-8 text"), (b"\xff\xfea\0", "stdin: its text is UTF-16")],
)
def test_a_piped_prompt_that_is_no_text_is_refused(run, kept, monkeypatch, content, said):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
    answer = run("generate", kept, "--prompt", "-")
    assert answer.status == 2
    assert said in answer.err


def test_what_cannot_be_written_is_refused(run, kept, tmp_path):
    for words, message in (
        (("--temperature", "-1"), "temperature is -1"),
        (("--top-k", "0"), "--top-k is 0"),
        (("--beams", "2", "--seed", "3"), "beams draw nothing"),
    ):
        answer = run("generate", kept, *words)
        assert answer.status == 2
        assert message in answer.err
    other = SequenceRegressor(hidden_size=2, max_epochs=1, verbose=0).fit(np.zeros((4, 3)), np.arange(4.0))
    answer = run("generate", other.save(tmp_path / "other"))
    assert answer.status == 2
    assert "is a SequenceRegressor, which writes no text" in answer.err


def test_a_prompt_of_which_nothing_is_known_is_told(run, kept, tmp_path):
    known, unknown = (run("generate", kept, "--prompt", prompt, "-n", 5) for prompt in ("to Ω", "ΩΨ"))
    assert (known.status, known.err) == (0, "")
    assert unknown.status == 0
    assert unknown.out.startswith("ΩΨ")
    assert unknown.err == (
        "grunit: note: no character of the prompt occurs in what the model learnt: "
        "it writes on as after an unknown one\n"
    )
    words = LanguageModel(unit="word", hidden_size=4, chunk=8, max_epochs=1, verbose=0).fit("to be or not to be\n" * 8)
    words.save(tmp_path / "words")
    assert "note: no word of the prompt" in run("generate", tmp_path / "words", "--prompt", "Sein?", "-n", 2).err
    assert run("generate", tmp_path / "words", "--prompt", "", "-n", 2).err == ""


def test_a_translator_is_sent_to_its_own_verb(run):
    pairs = ["der hund", "die katze"] * 2
    grunit.Translator(hidden_size=4, embedding_size=4, max_epochs=1, verbose=0).fit(pairs, pairs).save("other")
    answer = run("generate", "other")
    assert answer.status == 2
    assert "other is a Translator, which writes no text: use grunit translate" in answer.err
