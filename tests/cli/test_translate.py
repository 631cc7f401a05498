"""``grunit translate``: lines in, lines out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

import grunit


@pytest.fixture
def model(tmp_path):
    """A translator of a few words, kept in a folder."""
    words = {"hund": "dog", "katze": "cat", "vogel": "bird", "mann": "man"}
    pairs = [(f"der {a} und der {b}", f"the {words[a]} and the {words[b]}") for a in words for b in words]
    translator = grunit.Translator(
        hidden_size=24, embedding_size=24, dropout=0.0, lr=0.03, max_epochs=40, batch_size=8, verbose=0
    )
    translator.fit(*map(list, zip(*pairs, strict=True)))
    translator.save(tmp_path / "kept")
    return translator


@pytest.fixture
def stdin(monkeypatch):
    """Give these bytes to standard input."""

    def give(content: bytes):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_lines_of_a_file_and_of_standard_input(run, model, stdin):
    lines = ["der hund und der mann", "der vogel und die Maria", "die katze"]
    content = "\r\n".join(lines).encode()
    expected = model.translate(lines)
    stdin(content)
    assert run("translate", "kept").out.splitlines() == expected
    Path("some.de").write_bytes(content + b"\n")
    assert run("translate", "kept", "some.de").out.splitlines() == expected
    assert expected[0] == "the dog and the man"


def test_options_reach_the_search(run, model, stdin):
    text = "der hund und die Maria und der mann"
    for words, options in (
        (("--beams", "1"), {"num_beams": 1}),
        (("--length-penalty", "0"), {"length_penalty": 0.0}),
        (("--coverage-penalty", "0.5"), {"coverage_penalty": 0.5}),
        (("--keep-unknown",), {"replace_unknown": False}),
        (("--quick",), {"exact": False}),
    ):
        stdin(text.encode())
        answer = run("translate", "kept", *words, "--json")
        assert json.loads(answer.out)["translations"] == [
            {"source": text, "translation": model.translate([text], **options)[0]}
        ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"der hund\n\nder mann\n", "stdin, line 2 is empty: fill it in, or take it out"),
        (b"", "stdin: it is empty"),
        ("der hund\nfünf\n".encode("latin-1"), "stdin, line 2 is not UTF-8 text"),
    ],
)
def test_lines_that_are_none_are_refused_before_any_answer(run, model, stdin, content, message):
    stdin(content)
    answer = run("translate", "kept")
    assert (answer.status, answer.out) == (2, "")
    assert message in answer.err


def test_other_models_are_refused(run, tmp_path, stdin):
    grunit.SequenceClassifier(hidden_size=2, max_epochs=1, verbose=0).fit([[1.0, 2.0], [2.0, 1.0]], [0, 1]).save(
        "other"
    )
    stdin(b"der hund\n")
    answer = run("translate", "other")
    assert answer.status == 2
    assert "other is a SequenceClassifier, which does not translate: use grunit predict" in answer.err


def test_a_wrong_model_is_told_before_texts_are_awaited(run, monkeypatch):
    model = grunit.LanguageModel(hidden_size=4, max_epochs=1, verbose=0).fit("one two three four " * 20)
    model.save("writer")
    monkeypatch.setattr("sys.stdin", None)  # reading from it would fail
    answer = run("translate", "writer")
    assert answer.status == 2
    assert "writer is a LanguageModel, which does not translate: use grunit generate" in answer.err
    answer = run("translate", "nowhere")
    assert answer.status == 2
    assert "nowhere" in answer.err


def test_a_table_is_read_by_the_columns_of_the_fit(run, model, tmp_path):
    model.columns_ = {"text": "de", "target": "en", "validation": None}
    model.save(tmp_path / "named")
    Path("new.csv").write_text("de\nder hund und der mann\n")
    assert run("translate", "named", "new.csv").out.splitlines() == ["the dog and the man"]
    answer = run("translate", "kept", "new.csv")
    assert answer.status == 2
    assert "new.csv: its header names no 'source' (it names de)" in answer.err


def test_a_penalty_that_is_no_number_is_refused(run, model, stdin):
    stdin(b"der hund\n")
    answer = run("translate", "kept", "--length-penalty", "nan")
    assert (answer.status, answer.out) == (2, "")
    assert "--length-penalty is nan: give a number" in answer.err
