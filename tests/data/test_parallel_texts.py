"""Files of pairs: what is read, and what is refused with file and line."""

from __future__ import annotations

import gzip

import pytest

from grunit.data.parallel_texts import read_lines, read_pairs
from grunit.errors import DataError

DE, EN = ["Ein Hund läuft.", "Eine Katze, die schläft."], ["A dog runs.", "A cat that sleeps."]


TABLES = [
    ("a.tsv", "Ein Hund läuft.\tA dog runs.\nEine Katze, die schläft.\tA cat that sleeps.\n", {}, [1, 2]),
    (
        "a.tsv",
        "source\ttarget\r\nEin Hund läuft.\tA dog runs.\r\nEine Katze, die schläft.\tA cat that sleeps.",
        {},
        [2, 3],
    ),
    (
        "a.csv",
        'target,source\nA dog runs.,Ein Hund läuft.\nA cat that sleeps.,"Eine Katze, die schläft."\n',
        {},
        [2, 3],
    ),
    (
        "a.csv",
        'de,en\nEin Hund läuft.,A dog runs.\n"Eine Katze, die schläft.",A cat that sleeps.\n',
        {"text": "de", "target": "en"},
        [2, 3],
    ),
    (
        "a.jsonl",
        '{"source": "Ein Hund läuft.", "en": "A dog runs."}\n'
        '{"en": "A cat that sleeps.", "source": "Eine Katze, die schläft."}\n',
        {"target": "en"},
        [1, 2],
    ),
    (
        "a.json",
        '[\n  {\n    "source": "Ein Hund läuft.",\n    "en": "A dog runs."\n  },\n'
        '  {"en": "A cat that sleeps.", "source": "Eine Katze, die schläft."}\n]\n',
        {"target": "en"},
        [2, 6],
    ),
]


@pytest.mark.parametrize(("name", "content", "options", "lines"), TABLES)
@pytest.mark.parametrize("packed", [False, True])
def test_tables_of_pairs(tmp_path, name, content, options, lines, packed):
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    found = read_pairs(path, **options)
    assert (found.sources, found.targets, found.lines) == (DE, EN, lines)


def test_two_files_line_by_line(tmp_path):
    # A line separator of Unicode ends no line: other tools would count the lines otherwise.
    (tmp_path / "a.de").write_text("Ein\u2028Hund \n Zwei\n", encoding="utf-8")
    (tmp_path / "a.en").write_bytes("\ufeffA dog\r\nTwo".encode())
    for found in (
        read_pairs(tmp_path / "a.de", str(tmp_path / "a.en")),
        read_pairs(f"{tmp_path / 'a.de'},{tmp_path / 'a.en'}"),
    ):
        assert found.sources == ["Ein\u2028Hund", "Zwei"]
        assert found.targets == ["A dog", "Two"]
    assert read_pairs(tmp_path / "a.de", answers=False).targets == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"eins\tone\nzwei\n", r"a.tsv, line 2 has 1 field between tabs: give two"),
        ("a.tsv", b"eins\tone\tIII\n", r"a.tsv, line 1 has 3 fields between tabs"),
        ("a.tsv", b"eins\tone\n\nzwei\ttwo\n", r"a.tsv, line 2 is empty: take it out"),
        ("a.tsv", b"eins\tone\nzwei\t \n", r"a.tsv, line 2: its target is empty: fill it in"),
        ("a.tsv", "eins\tone\nfünf\tfive\n".encode("latin-1"), r"a.tsv, line 2 is not UTF-8 text: save the file"),
        ("a.tsv", "eins\tone\n".encode("utf-16"), r"a.tsv: its text is UTF-16: save it as UTF-8"),
        ("a.tsv", b"eins\tone\nzwei\ttw\x00o\n", r"a.tsv, line 2 holds binary data"),
        ("a.tsv", b"", r"a.tsv: it is empty"),
        ("a.tsv", b"source\ttarget\n", r"a.tsv: it holds no pair"),
        ("a.csv", b"source,target\neins\n", r"a.csv, line 2 has 1 field and the header 2"),
        ("a.csv", b"source,english\neins,one\n", r"a.csv: its header names no 'target' \(it names source, english\)"),
        ("a.jsonl", b'{"source": "eins", "target": "one"}\n{"source": 2, "target": "two"}', r"line 2: its source is 2"),
        ("a.jsonl", b'{"source": "eins", "target": "one"}\nnope\n', r"a.jsonl, line 2: it is no JSON"),
        ("a.jsonl", b'["eins"]\n', r"a.jsonl, line 1: it is a text, not an object: give one object a line"),
        ("a.json", b'[\n{"source": "eins", "target": ""}\n]\n', r"a.json, line 2: its target is empty"),
        ("a.tsv.gz", b"no gzip", r"a.tsv.gz: it cannot be read"),
    ],
)
def test_broken_tables_are_refused_by_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_pairs(tmp_path / name)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("1\n2\n3\n", "1\n2\n", r"a.de has 3 lines and .*a.en 2: line 3 of .*a.de and those after it stand alone"),
        ("1\n", "1\n2\n", r"line 2 of .*a.en and those after it"),
        ("1\n\n3\n", "1\n2\n3\n", r"a.de, line 2 is empty: fill it in, or take it out"),
        ("1\n", "\n", r"a.en: it is empty"),
    ],
)
def test_unequal_files_are_refused(tmp_path, left, right, message):
    (tmp_path / "a.de").write_text(left)
    (tmp_path / "a.en").write_text(right)
    with pytest.raises(DataError, match=message):
        read_pairs(tmp_path / "a.de", str(tmp_path / "a.en"))


def test_places_that_are_none_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone.tsv: there is no such file"):
        read_pairs(tmp_path / "gone.tsv")
    with pytest.raises(DataError, match=r"this is a folder"):
        read_lines(tmp_path)
    (tmp_path / "a.de").write_text("eins\n")
    with pytest.raises(
        DataError, match=r"a.de: it holds one text a line: name the file of translations too, as in train.de,train.en"
    ):
        read_pairs(tmp_path / "a.de")
