"""fit, evaluate and predict for translation, from files; refusals that leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import grunit

WORDS = {"hund": "dog", "katze": "cat", "vogel": "bird", "mann": "man"}
SMALL = ("--set", "hidden_size=12", "--set", "embedding_size=12", "--set", "dropout=0", "--set", "lr=0.03")
SMALL = (*SMALL, "--set", "max_epochs=20", "--set", "batch_size=8")


@pytest.fixture
def files(tmp_path) -> Path:
    """pairs.tsv and the same as two files."""
    pairs = [(f"der {a} und der {b} .", f"the {WORDS[a]} and the {WORDS[b]} .") for a in WORDS for b in WORDS]
    (tmp_path / "pairs.tsv").write_text("".join(f"{one}\t{two}\n" for one, two in pairs))
    (tmp_path / "all.de").write_text("".join(f"{one}\n" for one, _ in pairs))
    (tmp_path / "all.en").write_text("".join(f"{two}\n" for _, two in pairs))
    return tmp_path


def test_from_a_table_to_scores(run, files):
    pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")
    answer = run("fit", "translation", "pairs.tsv", "-o", "kept", *SMALL, "--cell", "lstm", "--json")
    assert answer.status == 0, answer.err
    report = json.loads(answer.out)
    assert (report["cell"], report["pairs"], report["epochs"]) == ("lstm", 16, 20)
    model = grunit.load("kept")
    rows = json.loads(run("predict", "kept", "all.de", "--json").out)["predictions"]
    texts = Path("all.de").read_text().splitlines()
    assert [row["translation"] for row in rows] == model.translate(texts)
    assert [row["line"] for row in rows] == list(range(1, 17))
    for data in ("pairs.tsv", "all.de,all.en"):
        scores = json.loads(run("evaluate", "kept", data, "--json").out)["scores"]
        assert [row["model"] for row in scores] == ["Translator", "untranslated"]
        assert scores[0]["BLEU"] == pytest.approx(
            model.evaluate(texts, Path("all.en").read_text().splitlines())["BLEU"]
        )
        assert scores[0]["BLEU"] > scores[1]["BLEU"]


def test_two_files_and_pairs_for_validation(run, files):
    words = ("fit", "translation", "all.de", "--target", "all.en", "--validation", "all.de,all.en", *SMALL)
    answer = run(*words, "-o", "kept", "--json")
    assert answer.status == 0, answer.err
    report = json.loads(answer.out)
    assert report["validation_loss"] == min(grunit.load("kept").history_.validation)
    assert run(*words, "-o", "told").out.endswith("kept in told: grunit translate told\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("all.de",), "all.de: it holds one text a line: name the file of translations too, as in train.de,train.en"),
        (("all.de", "--target", "short.en"), "all.de has 16 lines and short.en 1: line 2 of all.de"),
        (("gap.tsv",), "gap.tsv, line 2 is empty"),
        (("latin.tsv",), "latin.tsv, line 1 is not UTF-8"),
        (("pairs.tsv", "--h", "3"), "translation has nothing that --h could name"),
        (("pairs.tsv", "--cell", "gru_d"), "needs mask and dt at every step, which a translator has none of"),
        (("pairs.tsv", "--set", "atention=none"), "did you mean 'attention'?"),
        (("pairs.tsv", "--set", "attention=bahdanu"), "attention is 'bahdanu': did you mean 'additive'?"),
        (("pairs.tsv", "--set", "teacher_forcing=3"), "teacher_forcing is 3"),
        (("pairs.tsv", "--validation", "all.de"), "val.en, or hold pairs back with --set validation_fraction=0.1"),
        (("pairs.tsv", "--set", "attention=none", "--set", "input_feeding=true"), "or give --set input_feeding=false"),
        (("pairs.tsv", "--set", "attention=none", "--set", "coverage=1"), "or give --set coverage=0"),
        (
            ("columns.csv",),
            "columns.csv: its header names no 'source' (it names de, en): name it so, or fit with --text",
        ),
        (("columns.csv", "--text", "de", "--target", "de"), "'de' cannot hold both texts and translations"),
        (("list.json",), "list.json, line 3: it is no JSON (a comma or ] is missing): give one object a line"),
        (("two.tsv", "--set", "patience=2"), "too few pairs to hold any back, 2: give more, or --validation, or"),
    ],
)
def test_refusals_are_one_sentence_and_leave_nothing(run, files, words, message):
    Path("short.en").write_text("the dog\n")
    Path("columns.csv").write_text("de,en\nein,one\n")
    Path("two.tsv").write_text("a\tb\nc\td\n")
    Path("list.json").write_text('[\n  {"source": "ein", "target": "one"}\n  {"source": "zwei", "target": "two"}\n]\n')
    Path("gap.tsv").write_text("a\tb\n\nc\td\n")
    Path("latin.tsv").write_bytes("fünf\tfive\n".encode("latin-1"))
    answer = run("fit", "translation", *words, "-o", "kept")
    assert answer.status == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert not Path("kept").exists()


def test_what_translation_has_not_is_refused(run, files):
    assert run("fit", "translation", "pairs.tsv", "-o", "kept", *SMALL[:-4], "--set", "max_epochs=1").status == 0
    for words, message in (
        (("predict", "kept"), "translation needs texts"),
        (("predict", "kept", "all.de", "--level", "80"), "translation has no intervals"),
        (("evaluate", "kept", "pairs.tsv", "--windows", "2"), "translation has no windows"),
        (("evaluate", "kept", "all.de"), "name both files with a comma, as in test.de,test.en"),
        (("compare", "translation", "pairs.tsv", "--windows", "3"), "translation has no windows"),
        (("compare", "translation", "pairs.tsv", "--metric", "F1"), "metric is 'F1': use one of BLEU, chrF"),
    ):
        answer = run(*words)
        assert answer.status == 2
        assert message in answer.err


def test_cells_and_settings_are_held_against_a_translation_memory(run, files):
    pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")
    quick = (*SMALL[:-4], "--set", "max_epochs=1")
    answer = run("compare", "translation", "all.de", "--target", "all.en", "--cells", "gru", "--seeds", 1, *quick)
    assert answer.status == 0, answer.err
    assert "translation of the nearest text" in answer.out
    report = Path("report.html").read_text(encoding="utf-8")
    assert "BLEU decides: higher is better" in report
    pytest.importorskip("optuna", reason="of the extra tune")
    words = ("--metric", "chrF", "--space", "attention=additive,multiplicative", "--method", "grid", *quick)
    answer = run("tune", "translation", "pairs.tsv", *words, "--json")
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert len(found["trials"]) == 2
    assert grunit.load("model").attention == found["best"]["values"]["attention"]


def test_a_fit_goes_on_with_its_own_pairs_alone(run, stop_fit, files):
    Path("other.tsv").write_text("ein hund\ta dog\n" * 8)
    stop_fit(grunit.Translator, "translation", "pairs.tsv", "--validation", "pairs.tsv", "-o", "kept", *SMALL)
    before = Path("pairs.tsv").read_text()
    answer = run("fit", "translation", "other.tsv", "--resume", "-o", "kept")
    assert answer.status == 2
    assert answer.err.startswith("grunit: other.tsv: the training data are not those that the interrupted fit began")
    Path("pairs.tsv").write_text(before + "ein hund\ta dog\n")
    Path("same.tsv").write_text(before)
    answer = run("fit", "translation", "same.tsv", "--resume", "-o", "kept")
    assert answer.err.startswith("grunit: pairs.tsv: the validation data are not those that the interrupted fit began")
    Path("pairs.tsv").write_text(before)
    assert run("fit", "translation", "same.tsv", "--resume", "-o", "kept").status == 0


def test_an_interrupted_fit_goes_on_with_its_files(run, files, monkeypatch):
    whole = grunit.Translator.fit

    def stop(history):
        raise KeyboardInterrupt

    def interrupted(self, *given, **more):
        return whole(self, *given, **more, watch=stop)

    words = ("fit", "translation", "all.de", "--target", "all.en", "-o", "kept")
    monkeypatch.setattr(grunit.Translator, "fit", interrupted)
    answer = run(*words, "--validation", "all.de,all.en", *SMALL)
    assert answer.status == 130
    assert answer.err.endswith("to go on, type: grunit fit translation all.de --resume -o kept\n")
    monkeypatch.setattr(grunit.Translator, "fit", whole)
    answer = run("fit", "translation", "all.de", "--resume", "-o", "kept", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["epochs"] == 20
    assert len(grunit.load("kept").history_.validation) == 20
