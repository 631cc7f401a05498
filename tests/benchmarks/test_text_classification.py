"""The suite of text classification, on a few texts of its own."""

from __future__ import annotations

import json

import pytest

from benchmarks import text_classification
from benchmarks.results import describe_run
from benchmarks.settings import Settings
from grunit.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The three sets as they lie there, twenty texts each."""
    rows = [(f"a {'fine' if index % 2 else 'dull'} film {index}", str(index % 2)) for index in range(20)]
    for name, parts in (("sst2", ("train", "dev", "test")), ("chnsenticorp", ("train", "dev"))):
        (tmp_path / name).mkdir()
        for part in parts:
            content = "".join(f"{text}\t{label}\n" for text, label in rows)
            (tmp_path / name / f"{part}.tsv").write_text(content)
    (tmp_path / "trec").mkdir()
    for part in ("train", "test"):
        content = "".join(f"{label} {text} caf\u00e9\n" for text, label in rows)
        (tmp_path / "trec" / f"TREC.{part}.all").write_text(content, encoding="latin-1")
    monkeypatch.setenv("GRUNIT_DATA", str(tmp_path))
    return tmp_path


def test_every_set_is_measured_with_every_seed(folder):
    found = json.loads(json.dumps(text_classification.measure(Settings(smoke=True))))
    assert [row["set"] for row in found["rows"]] == list(text_classification.TARGETS)
    for row in found["rows"]:
        assert (row["train"], row["test"], sorted(row["seeds"])) == (20, 20, ["0", "1"])
        assert row["baseline"]["accuracy"] == 100.0
    text = text_classification.tell({"run": describe_run(Settings(smoke=True), [], 0.0), **found})
    assert text.count("100.00 |") >= 3
    assert "above 100.00" in text


def test_what_is_there_is_not_measured_again(folder):
    rows = text_classification.kept(smoke=True)
    options = {**text_classification.RECIPES["trec"], "max_epochs": 1, "hidden_size": 4}
    seeds = {"0": {"accuracy": 1.0, "options": options}}
    row = {"set": "trec", "train": 7, "test": 7, "baseline": {"accuracy": 50.0}, "seeds": seeds}
    rows.document = {"rows": [row]}
    text_classification.measure_set(rows, "trec", (0,), smoke=True)
    assert rows.document == {"rows": [row]}
    text_classification.measure_set(rows, "trec", (0, 1), smoke=True)
    assert list(rows.document["rows"][0]["seeds"]) == ["0", "1"]
    assert rows.document["rows"][0]["train"] == 7


def test_without_the_folder_it_says_so(monkeypatch):
    monkeypatch.delenv("GRUNIT_DATA", raising=False)
    with pytest.raises(InputError, match="set the environment variable GRUNIT_DATA to the folder that holds trec"):
        text_classification.load("trec")
