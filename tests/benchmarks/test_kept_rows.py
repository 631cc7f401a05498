"""Long measurements go on where they stopped, side by side too, and the result holds every part that is done."""

from __future__ import annotations

import json

import pytest

from benchmarks import kept_rows
from benchmarks.kept_rows import KeptRows

WANTED = [("plain", 0), ("attention", 0), ("plain", 1)]


def fail(*key):
    raise AssertionError(f"{key} measured again")


def count(document):
    return f"{len(document['rows'])} rows"


def begin(folder, keys=("row", "seed"), wanted=WANTED):
    return KeptRows("suite", keys, wanted, count, folder=folder)


def read(folder):
    return json.loads((folder / "suite.json").read_text())


def test_a_suite_that_was_interrupted_goes_on(tmp_path):
    def measure(row, seed):
        if seed == 1:
            raise KeyboardInterrupt
        return {"score": seed + 1 / 3}

    with pytest.raises(KeyboardInterrupt):
        begin(tmp_path).measure_missing(measure)
    first = read(tmp_path)["rows"]
    assert [(row["row"], row["seed"], row["score"]) for row in first] == [
        ("plain", 0, 0.3333),
        ("attention", 0, 0.3333),
    ]
    assert "2 rows" in (tmp_path / "suite.md").read_text()
    with pytest.raises(AssertionError, match="'plain', 1"):
        begin(tmp_path).measure_missing(fail)
    begin(tmp_path).measure_missing(lambda row, seed: {"score": 2.0})
    assert [row["seed"] for row in read(tmp_path)["rows"]] == [0, 1, 0]
    assert begin(tmp_path).measure_missing(fail) == read(tmp_path)


def test_two_processes_keep_the_rows_of_both(tmp_path):
    one, other = begin(tmp_path), begin(tmp_path)
    one.measure(("attention", 0), lambda: {"score": 1.0})
    other.measure(("unheard of", 0), lambda: {"score": 2.0})
    one.measure(("plain", 7), lambda: {"score": 3.0})
    one.measure(("plain", 0), lambda: {"score": 4.0})
    assert [row["score"] for row in read(tmp_path)["rows"]] == [4.0, 3.0, 1.0, 2.0]
    other.measure(("plain", 7), lambda: {"score": 5.0}, again=True)
    assert [row["score"] for row in read(tmp_path)["rows"]] == [4.0, 5.0, 1.0, 2.0]


def test_parts_of_a_row_stand_beside_each_other(tmp_path):
    rows = begin(tmp_path, ("set",), [("trec",)])
    rows.measure(("trec",), lambda: 90.0, "together")
    old, new = {"lr": 0.1}, {"lr": 0.123456, "sizes": (1, 2)}  # kept as 0.1235 and [1, 2]
    for seed, options in ((1, old), (0, old), (10, new), (2, new), (0, new)):
        rows.measure(("trec",), lambda options=options: {"options": options, "fit_seconds": 2.0}, "seeds", str(seed))
    rows.measure(("trec",), fail, "seeds", "2")
    kept = {"options": {"lr": 0.1235, "sizes": [1, 2]}, "fit_seconds": 2.0}
    assert read(tmp_path)["rows"] == [{"set": "trec", "seeds": {"0": kept, "2": kept, "10": kept}}]
    assert list(read(tmp_path)["rows"][0]["seeds"]) == ["0", "2", "10"]
    assert read(tmp_path)["run"]["wall_seconds"] == 6.0
    rows.measure(("trec",), lambda: 90.0, "together")
    other = begin(tmp_path, ("set",), [("trec",)])

    def baseline():
        other.measure(("trec",), lambda: {"options": new, "fit_seconds": 1.0}, "seeds", "3")
        return {"baseline": 1.0}

    rows.measure(("trec",), baseline, again=True)
    assert {"together", "baseline", "seeds"} < set(read(tmp_path)["rows"][0])
    assert list(read(tmp_path)["rows"][0]["seeds"]) == ["0", "2", "3", "10"]


def test_rows_to_go_on_from_are_those_of_the_same_facts(tmp_path):
    def aside(sizes, smoke=False):
        facts = {"sizes": sizes}
        return KeptRows("suite.part", ("what",), [("a",)], folder=tmp_path, facts=facts, smoke=smoke)

    aside((1, 2), smoke=True).measure(("a",), lambda: {"score": 0.5})
    assert not list(tmp_path.iterdir())
    aside((1, 2)).measure(("a",), lambda: {"score": 1.5})
    assert [path.name for path in tmp_path.iterdir()] == ["suite.part.json"]
    with pytest.raises(AssertionError, match="measured again"):
        aside((1, 3)).measure_missing(fail)
    again = aside((1, 2))
    again.measure_missing(fail)
    assert [row["score"] for row in again.close()] == [1.5]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "missing", "named"),
    [
        ([], [("plain", 1)], WANTED),
        (["--rows", "plain"], [("plain", 1)], [("plain", 0), ("plain", 1)]),
        (["--rows", "attention", "--seeds", "5", "0"], [("attention", 5)], [("attention", 5), ("attention", 0)]),
    ],
)
def test_the_command_measures_what_it_names(tmp_path, monkeypatch, words, missing, named):
    monkeypatch.setattr("sys.argv", ["suite", *words])
    begin(tmp_path).measure_missing(lambda row, seed: {"score": 1.0}, WANTED[:2])
    done = []
    for again in (False, True):
        kept_rows.run(begin(tmp_path), lambda *key: done.append(key) or {"score": 2.0}, None, again)
    assert done == [*missing, *named]
