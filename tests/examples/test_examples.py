"""Every example runs, small, and says what it promises."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "examples"


def read(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _needs_the_data() -> None:
    pytest.importorskip("vega_datasets", reason="the examples' data is the extra demo")
    pytest.importorskip("hvsampledata", reason="the examples' data is the extra demo")


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == {
        "apple_stock",
        "captions",
        "demo",
        "find_names",
        "own_cell",
        "reviews",
        "seattle_weather",
        "write_on",
    }


def test_seattle_weather(capsys):
    read("seattle_weather").main(quick=True)
    out = capsys.readouterr().out
    assert "Forecaster-lo-80" in out
    # Fourteen days from the day after the data ends.
    assert "2016-01-01" in out
    assert "2016-01-14" in out


def test_apple_stock_verdict_follows_the_numbers(capsys):
    comparison = read("apple_stock").main(quick=True)
    out = capsys.readouterr().out
    assert comparison.verdict in out
    best = min(row.mean("MAE") for row in comparison.rows if not row.is_baseline)
    baseline = min(row.mean("MAE") for row in comparison.rows if row.is_baseline)
    assert (comparison.winner is None) == (best >= baseline)
    assert ("the last price remains the best guess" in out) == (comparison.winner is None)


def test_own_cell_is_compiled_and_compared(capsys):
    comparison = read("own_cell").main(quick=True)
    assert [row.name for row in comparison.rows][:2] == ["TwoSpeed", "lstm"]
    assert "TwoSpeed: dense" in capsys.readouterr().out


def test_write_on(capsys):
    model = read("write_on").main(str(FOLDER.parent / "README.md"), quick=True)
    out = capsys.readouterr().out
    assert "bits a character" in out
    text = (FOLDER.parent / "README.md").read_text(encoding="utf-8").rstrip("\n")
    prompt = text[int(0.9 * len(text)) - 40 : int(0.9 * len(text))]
    assert prompt + model.generate(prompt, 40, temperature=0.7, seed=0) in out


def test_captions(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")
    monkeypatch.chdir(tmp_path)
    Path("a.de").write_text("ein hund\neine katze\n" * 20)
    Path("a.en").write_text("a dog\na cat\n" * 20)
    translator = read("captions").main("a.de,a.en", "a.de,a.en", quick=True)
    out = capsys.readouterr().out
    assert f"ein hund\n  {translator.translate(['ein hund'])[0]}\n" in out
    assert Path("attention.png").stat().st_size > 1000


@pytest.mark.skipif(not os.environ.get("GRUNIT_DATA"), reason="set GRUNIT_DATA to the folder of data sets")
def test_reviews(capsys):
    share = read("reviews").main(quick=True)
    out = capsys.readouterr().out
    assert f"{share:.1%} of 1821 sentences told right" in out
    assert "good: " in out


@pytest.mark.slow
def test_demo_replaces_its_own_folder(tmp_path, capsys):
    demo = read("demo")
    folder = tmp_path / "demo-out"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    assert demo.main(quick=True, folder=folder) == folder
    assert {path.name for path in folder.iterdir()} == {"report.html", "report-apple.html", "forecast.svg", "model"}
    out = capsys.readouterr().out
    for cell in demo.CELLS:
        assert cell in out
    assert "report.html" in out


@pytest.mark.parametrize("text", ["Ada B-PER\nsang O\n\nRome B-LOC\n", "高 B-NAME\n勇 E-NAME\n： O\n"])
def test_find_names_reads_words_and_characters(text, tmp_path, capsys):
    path = tmp_path / "train.conll"
    path.write_text(text, encoding="utf-8")
    tagger = read("find_names").main(str(path), str(path), quick=True)
    assert tagger.pairs == ("高" in text)
    out = capsys.readouterr().out
    assert "precision  recall" in out
    assert out.count("%  ") >= 1
