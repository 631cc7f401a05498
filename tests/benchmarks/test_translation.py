"""The measurements of translation: the plain program is the same model, and every row runs, small."""

from __future__ import annotations

import json

import pytest

import grunit
from benchmarks import __main__ as command
from benchmarks import translation
from benchmarks.translation_speed import copy_weights, translate_plainly

WORDS = ["ein", "eine", "hund", "katze", "roter", "rote", "läuft", "schläft", "im", "park", "heute"]


@pytest.mark.parametrize("beams", [1, 3])
def test_the_plain_program_writes_the_same(beams):
    texts = [" ".join(WORDS[i % 5 : i % 5 + 2 + i % 6]) for i in range(40)]
    model = grunit.Translator(hidden_size=12, embedding_size=8, dropout=0.0, max_epochs=3, verbose=0)
    model.fit(texts, [text.upper() for text in texts])
    found = translate_plainly(copy_weights(model), model, texts, beams)
    assert found == model.translate(texts, num_beams=beams, replace_unknown=False)
    assert len(set(found)) > 1


def test_the_verdict_follows_the_mean():
    row = {
        "row": "attention",
        "seed": 0,
        "options": {},
        "parameters": 5_000_000,
        "BLEU": 28.4,
        "BLEU, one beam": 27.0,
        "BLEU, capitals alike": 29.0,
        "chrF": 50.0,
        "fit_seconds": 120.0,
        "processor_seconds": 60.0,
        "signatures": ["one", "two"],
        "command": "python -m benchmarks.translation",
        "examples": [["ein", "a", "one"]],
    }
    text = translation.tell({"rows": [row]})
    assert "BLEU above 28 with attention: met." in text
    assert "| attention | 0 | 28.40 | 27.00 | 29.00 | 50.00 | 5.0 M | 2 min | 1 min |" in text
    worse = translation.tell({"rows": [row, {**row, "seed": 1, "BLEU": 27.2}]})
    assert "with attention: **missed**." in worse
    assert "27.80 ± 0.85" in worse
    assert "not measured yet" in translation.tell({"rows": []})


@pytest.mark.slow
def test_every_row_runs_small(data_folder, tmp_path):
    pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")
    pytest.importorskip("tokenizers", reason="pieces are of the extra text")
    command.main(["translation", "--smoke", "--output", str(tmp_path)])
    found = json.loads((tmp_path / "translation.json").read_text())
    assert [row["row"] for row in found["rows"]] == list(translation.ROWS)
    assert found["rows"][0]["speed"]["same translations"] >= 19
    assert "these numbers mean nothing" in (tmp_path / "translation.md").read_text()
