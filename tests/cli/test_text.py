"""fit, predict, evaluate and compare for texts: answers, and refusals of one sentence that leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import grunit

SMALL = ("--set", "hidden_size=4", "--set", "embedding_size=6", "--set", "max_epochs=60", "--set", "lr=0.05")
COLUMNS = ("--text", "review", "--label", "mood")


@pytest.fixture
def reviews(tmp_path) -> Path:
    lines = ["mood,review"]
    for index in range(12):
        lines += [f'good,"number {index}, a fine film"', f'bad,"number {index}, a dull film"']
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_from_file_to_answers(run, reviews):
    answer = run("fit", "text-classification", reviews, *COLUMNS, "-o", "kept", "--cell", "mgu", *SMALL, "--json")
    assert answer.status == 0, answer.err
    report = json.loads(answer.out)
    assert (report["cell"], report["texts"], report["classes"], report["epochs"]) == ("mgu", 24, ["bad", "good"], 60)
    model = grunit.load("kept")

    Path("fresh.txt").write_text("a fine day\nsuch a dull day\n")
    rows = json.loads(run("predict", "kept", "fresh.txt", "--json").out)["predictions"]
    texts = ["a fine day", "such a dull day"]
    assert [row["prediction"] for row in rows] == model.predict(texts).tolist() == ["good", "bad"]
    assert [row["because of"].split(", ")[0] for row in rows] == ["fine", "dull"]
    np.testing.assert_allclose(
        [row["probability of good"] for row in rows], model.predict_proba(texts)[:, 1], rtol=1e-9
    )

    scores = json.loads(run("evaluate", "kept", reviews, "--json").out)["scores"]
    assert [score["accuracy"] for score in scores] == [1.0, 0.5]


def test_compare_holds_cells_against_a_bag_of_words(run, reviews):
    words = ("--cells", "gru,mgu", "--seeds", "1", "--set", "max_epochs=1", "--set", "hidden_size=4", "--json")
    answer = run("compare", "text-classification", reviews, *COLUMNS, *words)
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert [row["name"] for row in found["rows"]] == ["gru", "mgu", "bag of words"]
    assert found["metric"] == "error"
    assert "Which cell classifies reviews.csv?" in Path("report.html").read_text()


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("review,mood\nfine,good\n,bad\n", (), "line 3: its text ('review') is empty"),
        ("review,mood\nfine,good\ndull,\n", (), "line 3: its label ('mood') is missing"),
        ("review,mood\nfine,good\n\ndull,bad\n", (), "line 3: it is empty"),
        ("review,mood\nfine,good\ndull,bad\n", ("--h", "3"), "--h"),
        ("review,mood\nfine,good\ndull,bad\n", ("--set", "unit=words"), "did you mean 'word'"),
        ("review,mood\nfine,good\ndull,bad\n", ("--set", "dropout=2"), "dropout is 2"),
        ("review,mood\nfine,good\ndull,bad\n", ("--set", "hidden_sise=2"), "did you mean 'hidden_size'"),
    ],
)
def test_refused_in_one_sentence(run, tmp_path, content, options, said):
    (tmp_path / "r.csv").write_text(content)
    answer = run("fit", "text-classification", "r.csv", *COLUMNS, *options)
    assert answer.status == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert not Path("model").exists()


def test_a_single_class_is_refused_before_training(run, tmp_path):
    (tmp_path / "r.csv").write_text("review,mood\nfine,good\ndull,good\n")
    answer = run("fit", "text-classification", "r.csv", *COLUMNS)
    assert answer.status == 2
    assert "every text has the label 'good': give texts of two classes" in answer.err
    assert not Path("model").exists()


def test_a_refusal_names_no_option_that_the_verb_lacks(run, tmp_path):
    (tmp_path / "r.csv").write_text("review,mood\nfine,good\ndull,bad\n")
    (tmp_path / "usual.csv").write_text("review,label\nfine,good\ndull,bad\n")
    (tmp_path / "headless.tsv").write_text("fine\tgood\ndull\tbad\n")
    (tmp_path / "new.csv").write_text("review,mood\nfine,goodness\n")
    run("fit", "text-classification", "r.csv", *COLUMNS, "-o", "named", *SMALL[:4], "--set", "max_epochs=1")
    run("fit", "text-classification", "usual.csv", "-o", "found", *SMALL[:4], "--set", "max_epochs=1")
    for verb in ("predict", "evaluate"):
        named, found = (run(verb, model, "headless.tsv") for model in ("named", "found"))
        assert (named.status, found.status) == (2, 2)
        assert "no column 'review'; the model reads a column of that name" in named.err
        assert "call the right one 'text' and no other so, in a header line" in found.err
        assert "--text" not in named.err + found.err
    # A label that only begins like a known one is none of them.
    assert "the label 'goodness' was not among those learnt" in run("evaluate", "named", "new.csv").err


def test_wrong_encoding_names_file_and_line(run, tmp_path):
    (tmp_path / "r.csv").write_bytes("review,mood\nfine,good\ntr\xfcb,bad\n".encode("latin-1"))
    answer = run("fit", "text-classification", "r.csv", *COLUMNS)
    assert answer.status == 2
    assert "r.csv, line 3: it is not UTF-8" in answer.err


def test_other_tasks_read_no_texts(run, reviews):
    answer = run("fit", "classification", reviews, "--text", "review")
    assert answer.status == 2
    assert "classification reads no texts: leave --text out" in answer.err


def test_texts_of_their_own_decide_and_a_fit_goes_on_with_them(run, stop_fit, reviews):
    held = Path("held.csv")
    held.write_text("mood,review\ngood,a fine one\nbad,a dull one\n")
    words = ("text-classification", reviews, *COLUMNS, "--validation", held, "-o", "kept", *SMALL[:4])
    stop_fit(grunit.TextClassifier, *words, "--set", "max_epochs=3")
    other = Path("other.csv")
    other.write_text(reviews.read_text().replace("dull", "dire"))
    answer = run("fit", "classification", reviews, "--resume", "-o", "kept")
    goes_on = "grunit fit text-classification ... --resume -o kept goes on with it\n"
    assert answer == (2, "", f"grunit: kept is a text-classification model: {goes_on}")
    answer = run("fit", "text-classification", other, "--resume", "-o", "kept")
    assert answer.status == 2
    assert "other.csv: the training data are not those" in answer.err
    answer = run("fit", "text-classification", reviews, "--resume", "-o", "kept")
    assert answer.status == 0, answer.err
    model = grunit.load("kept")
    assert len(model.history_.validation) == 3
    assert model.predict(["a fine day"]).shape == (1,)
    assert json.loads(run("predict", "kept", reviews, "--json").out)["predictions"][0]["line"] == 2


def test_an_ensemble_answers_as_one_model_does(run, reviews, tmp_path):
    texts, labels = ["so fine", "so dull", "a fine one", "a dull one"], ["good", "bad"] * 2
    one = grunit.TextClassifier(hidden_size=4, embedding_size=8, max_epochs=2, verbose=0)
    ensemble = grunit.Ensemble.of_seeds(one, 2).fit(texts, labels)
    ensemble.save(tmp_path / "both")
    table = tmp_path / "asked.csv"
    table.write_text("text,label\nso fine,good\n")
    answer = json.loads(run("predict", tmp_path / "both", table, "--json").out)["predictions"][0]
    assert answer["probability of good"] == pytest.approx(ensemble.predict_proba(["so fine"])[0, 1], abs=1e-6)
    assert "because of" not in answer
    assert "Ensemble" in run("evaluate", tmp_path / "both", table).out


def test_half_a_character_is_named_and_no_bug(run):
    lines = [json.dumps({"text": text, "label": label}) for text, label in (("so fine", "good"), ("so dull", "bad"))]
    Path("r.jsonl").write_text("\n".join([*lines, '{"text": "a \\ud83d", "label": "bad"}', ""]))
    answer = run("fit", "text-classification", "r.jsonl", *SMALL)
    assert answer.status == 2
    assert "grunit: a text holds half a character at place 2" in answer.err
