"""fit, predict and evaluate for tagged sentences, and refusals that name file and line and leave nothing behind."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest

import grunit
from grunit.data.tagging import read_tagged

SMALL = ("--set", "hidden_size=8", "--set", "embedding_size=8", "--set", "max_epochs=30", "--set", "lr=0.02")


@pytest.fixture
def news(tmp_path) -> Path:
    lines = []
    for name in ("Ada", "Alan", "Kurt"):
        for place in ("Paris", "Rome"):
            lines += [f"{name} NNP B-PER", "sang VBD O", "in IN O", f"{place} NNP B-LOC", "City NNP I-LOC", ""]
    path = tmp_path / "train.conll"
    path.write_text("\n".join(lines))
    return path


def test_from_file_to_answers(run, news):
    answer = run("fit", "tagging", news, "--validation", news, "-o", "kept", *SMALL, "--cell", "lstm", "--json")
    assert answer.status == 0, answer.err
    report = json.loads(answer.out)
    assert (report["cell"], report["sentences"], report["tokens"], report["scheme"]) == ("lstm", 6, 30, "BIO")
    assert report["tags"] == ["B-LOC", "B-PER", "I-LOC", "O"]
    assert report["validation_loss"] is not None
    tokens = read_tagged(news).tokens
    model = grunit.load("kept")

    plain = Path("plain.txt")
    plain.write_text("\n\n".join("\n".join(sentence) for sentence in tokens))
    rows = json.loads(run("predict", "kept", plain, "--json").out)["predictions"]
    assert [row["token"] for row in rows] == [*chain(*tokens)]
    assert [row["prediction"] for row in rows] == [*chain(*model.predict(tokens))]
    assert [row["line"] for row in rows[:6]] == [1, 2, 3, 4, 5, 7]
    assert rows[5]["sentence"] == 2
    shares = model.predict_proba(tokens)[0]
    assert rows[0]["probability"] == pytest.approx(shares[0, model.tags_.index(rows[0]["prediction"])], rel=1e-6)

    scores = json.loads(run("evaluate", "kept", news, "--json").out)["scores"]
    assert [row["entities"] for row in scores] == ["all", "LOC", "PER"]
    assert scores[0]["F1"] == pytest.approx(model.score(tokens, read_tagged(news).tags))
    assert scores[0]["there"] == 12
    Path("parts.conll").write_text("Ada NNP\nsang VBD\n")
    answer = run("evaluate", "kept", "parts.conll")
    assert answer.status == 2
    assert "parts.conll, line 1: the tag 'NNP' marks no entity" in answer.err


def test_another_column_that_marks_no_entities(run, news):
    answer = run("fit", "tagging", news, "--target", "2", "-o", "kept", *SMALL, "--set", "characters=none")
    assert answer.status == 0, answer.err
    assert "learned 30 tokens of 6 sentences (3 tags)" in answer.out
    scores = json.loads(run("evaluate", "kept", news, "--json").out)["scores"]
    assert [row["model"] for row in scores] == ["SequenceTagger", "always NNP"]
    assert scores[1]["accuracy"] == pytest.approx(0.6)


def test_what_is_learnt_in_another_scheme_is_answered_in_its_own(run, news):
    assert run("fit", "tagging", news, "-o", "kept", *SMALL, "--set", "learn_as=BIOES").status == 0
    rows = json.loads(run("predict", "kept", news, "--json").out)["predictions"]
    assert {row["prediction"] for row in rows} <= {"O", "B-PER", "B-LOC", "I-LOC", "I-PER"}
    assert all(0 < row["probability"] <= 1 for row in rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a O\nb I-X\nc B-Y\n", "bad.conll, line 2: 'I-X' after 'O' breaks BIO"),
        ("a O\nn\xf6 O\n".encode("latin-1"), "bad.conll, line 2 is not UTF-8 text"),
        (b"a O\n\nb\n", "bad.conll, line 3: it has 1 column between spaces and line 1 has 2"),
        (b"a\nb\n", "bad.conll: its first line has one column"),
        (b"", "bad.conll: it is empty"),
        (b"a O\n\x00 O\n", "bad.conll, line 2 holds binary data"),
        (b"a\tO\nb O\n", "bad.conll, line 2: it has 1 column between tabs and line 1 has 2: give a token a line"),
    ],
)
def test_files_that_cannot_be_used(run, tmp_path, news, text, words):
    path = tmp_path / "bad.conll"
    path.write_bytes(text)
    for line in (("fit", "tagging", path), ("fit", "tagging", news, "--validation", path)):
        answer = run(*line, "-o", "kept", *SMALL)
        assert answer.status == 2
        assert words in answer.err
        assert not Path("kept").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("fit", "tagging", "DATA", "--h", "3"), "tagging has nothing that --h could name"),
        (("fit", "tagging", "DATA", "--target", "9"), "there is no column 9: it has 3"),
        (("fit", "tagging", "DATA", "--set", "scheme=BIOS"), "unknown scheme 'BIOS'"),
        (("fit", "tagging", "DATA", "--set", "hiden_size=3"), "did you mean 'hidden_size'"),
        (("fit", "tagging", "DATA", "--validation", "none"), "none: there is no such file"),
        (("fit", "tagging", "DATA", "--text", "2", "--target", "2"), "column 2 cannot hold both tokens and tags"),
        (("fit", "tagging", "DATA", "--set", 'character_options={"outputsize": 3}'), "did you mean 'output_size'?"),
        (("fit", "tagging", "DATA", "--set", "features=x"), "--set features: this is for Python alone: leave it out"),
        (("fit", "tagging", "DATA", "--set", "cell=grru"), "this has an option of its own: write --cell grru"),
        (("fit", "tagging", "DATA", "--set", "characters=cn"), "got 'cn': did you mean 'cnn'?"),
        (("fit", "classification", "DATA", "--validation", "DATA"), "classification takes no file for --validation"),
    ],
)
def test_options_that_cannot_be_used(run, news, line, words):
    answer = run(*(news if word == "DATA" else word for word in line))
    assert answer.status == 2
    assert words in answer.err


def test_an_interrupted_fit_goes_on_with_its_validation(run, news, monkeypatch):
    from grunit.tasks import SequenceTagger

    whole = SequenceTagger.fit

    def stop(history):
        raise KeyboardInterrupt

    monkeypatch.setattr(SequenceTagger, "fit", lambda self, *given, **more: whole(self, *given, **more, watch=stop))
    assert run("fit", "tagging", news, "--validation", news, "-o", "kept", *SMALL).status != 0
    monkeypatch.setattr(SequenceTagger, "fit", whole)
    answer = run("fit", "tagging", news, "-o", "kept", "--resume", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["epochs"] == 30
    assert len(grunit.load("kept").history_.validation) == 30


def test_a_fit_goes_on_with_its_own_data_alone(run, stop_fit, news, tmp_path):
    """The tags of other sentences must not have those of the validation blamed."""
    from grunit import SequenceTagger

    held, other = tmp_path / "held.conll", tmp_path / "other.conll"
    held.write_text(news.read_text())
    other.write_text("A DT O\ndog NN O\n\nIBM NNP B-ORG\n")
    stop_fit(SequenceTagger, "tagging", news, "--validation", held, "-o", "kept", *SMALL)
    answer = run("fit", "tagging", other, "--resume", "-o", "kept")
    assert answer.status == 2
    assert answer.err.startswith(f"grunit: {other}: the training data are not those that the interrupted fit began")
    held.write_text(news.read_text().replace("Rome", "Oslo"))
    answer = run("fit", "tagging", news, "--resume", "-o", "kept")
    assert answer.err.startswith(f"grunit: {held}: the validation data are not those that the interrupted fit")


def test_a_table_of_texts_is_sent_to_its_own_task(run, tmp_path):
    (tmp_path / "pairs.tsv").write_text("ein Hund\ta dog\neine Katze\ta cat\n")
    answer = run("fit", "tagging", "pairs.tsv", "-o", "kept")
    assert answer.status == 2
    assert "pairs.tsv, line 1: 'ein Hund' and 'a dog' look like a text beside a text" in answer.err
    assert "use grunit fit translation" in answer.err
    assert not Path("kept").exists()


def test_cells_and_settings_are_held_against_the_most_frequent_tag(run, news):
    quick = (*SMALL[:4], "--set", "max_epochs=1")
    answer = run("compare", "tagging", news, "--cells", "gru,mgu", "--seeds", 1, *quick, "--json")
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert [row["name"] for row in found["rows"]] == ["gru", "mgu", "most frequent tag of each word"]
    assert (found["metric"], found["higher_is_better"]) == ("entity F1", True)
    assert found["verdict"] in Path("report.html").read_text(encoding="utf-8")
    pytest.importorskip("optuna", reason="of the extra tune")
    answer = run("tune", "tagging", news, *quick, "--space", "characters=none,cnn", "--method", "grid", "--json")
    assert answer.status == 0, answer.err
    tuned = json.loads(answer.out)
    assert len(tuned["trials"]) == 2
    assert list(tuned["baselines"]) == ["most frequent tag of each word"]
    assert run("predict", "model", news).status == 0


@pytest.mark.parametrize("verb", ["compare", "tune"])
def test_a_tag_that_breaks_the_scheme_is_told_with_its_line_before_any_training(run, news, verb):
    news.write_text(news.read_text().replace("sang VBD O", "sang VBD I-ORG", 1))
    answer = run(verb, "tagging", news, *SMALL)
    assert (answer.status, answer.out) == (2, "")
    assert "train.conll, line 2: 'I-ORG' after 'B-PER' breaks BIO" in answer.err


def test_a_slip_of_the_pen_does_not_make_plain_tags_of_all(run, news):
    """One 0 in place of an O: the tags would mark no entities any more, and nobody would be told."""
    news.write_text(news.read_text().replace("in IN O", "in IN 0", 1))
    answer = run("fit", "tagging", news, "-o", "kept", *SMALL)
    assert (answer.status, answer.out) == (2, "")
    assert "train.conll, line 3: the tag '0' marks no entity as nearly all others do" in answer.err
    assert not Path("kept").exists()
    answer = run("fit", "tagging", news, "-o", "kept", *SMALL[:4], "--set", "max_epochs=1", "--set", "scheme=none")
    assert answer.status == 0, answer.err


def test_a_tag_of_the_validation_that_is_never_learnt_is_told_with_its_line(run, news, tmp_path):
    other = tmp_path / "other.conll"
    other.write_text("Ada NNP B-PER\nleft VBD O\nIBM NNP B-ORG\n")
    answer = run("fit", "tagging", news, "--validation", other, "-o", "kept", *SMALL)
    assert (answer.status, answer.out) == (2, "")
    assert "other.conll, line 3: the tag 'B-ORG' does not occur in training" in answer.err
