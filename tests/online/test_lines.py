"""Lines that are rows, and lines that are not."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.errors import DataError, InputError
from grunit.online.lines import LineReader, LineWriter, number_of


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"y": 1', "no JSON"),
        ("[1, 2]", "a list"),
        ("3", "a int"),
        ('{"id": "\\ud800"}', "half of a pair"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_malformed_json(line, message):
    with pytest.raises(DataError, match=message):
        LineReader("json")(line)


@pytest.mark.parametrize(("line", "message"), [("1,2,3", "3 values"), ('"1,2', "CSV"), ("1", "1 values")])
def test_malformed_csv(line, message):
    reader = LineReader("csv")
    reader("a,b")
    with pytest.raises(DataError, match=message):
        reader(line)
    assert reader("5,6") == {"a": "5", "b": "6"}


@pytest.mark.parametrize("header", ["a,a", "a,,b"])
def test_names_that_cannot_be_told_apart(header):
    with pytest.raises(DataError, match="name the columns"):
        LineReader("csv")(header)


def test_what_holds_no_row():
    reader = LineReader()
    assert [reader(line) for line in ("\n", "\ufeffa,b\r\n", "", "a,b")] == [None] * 4
    assert reader("1,\n") == {"a": "1", "b": None}
    assert reader.is_silent("a, b\n")
    assert not reader.is_silent("1,2")


@given(st.text())
def test_no_text_breaks_it(text):
    for form in ("csv", "json", None):
        reader = LineReader(form)
        for line in ("a,b", *text.splitlines()):
            try:
                row = reader(line)
            except DataError:
                continue
            assert row is None or isinstance(row, dict)


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)


@given(st.dictionaries(WORDS, st.one_of(WORDS, st.floats(-1e9, 1e9), st.none()), min_size=1))
def test_what_is_written_can_be_read(answer):
    assert json.loads(LineWriter("json")(answer)) == answer
    header, values = csv.reader(io.StringIO(LineWriter("csv")(answer), newline=""))
    assert header == list(answer)
    assert values == ["" if value is None else str(value) for value in answer.values()]


def test_an_answer_stays_one_line_whatever_is_in_it():
    for form in ("csv", "json"):
        assert LineWriter(form, ["a", "b"])({"a": "x\ny\r", "b": 1}).count("\n") == 1


@pytest.mark.parametrize("value", [None, "", "NA", " nan ", "null", float("nan")])
def test_missing_numbers(value):
    assert number_of({"y": value}, "y") is None
    assert number_of({}, "y") is None


@pytest.mark.parametrize("value", ["x", [1], "1e200", "inf", {}])
def test_no_numbers(value):
    with pytest.raises(DataError, match="'y'"):
        number_of({"y": value}, "y")


def test_unknown_formats():
    with pytest.raises(InputError, match="csv, json"):
        LineReader("xml")
    with pytest.raises(InputError, match="csv, json"):
        LineWriter("xml")
