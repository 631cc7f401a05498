"""JSON Lines and lists of objects give the same rows, and what is neither is refused by line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.json_objects import read_objects
from grunit.errors import DataError

ROWS = st.lists(st.dictionaries(st.text(max_size=4), st.none() | st.booleans() | st.integers() | st.text()), max_size=4)


@given(ROWS.filter(len), st.sampled_from([None, 0, 2, "\t"]))
def test_however_a_list_is_laid_out_it_holds_what_it_was_written_from(rows, indent):
    assert [row for _, row in read_objects(json.dumps(rows, indent=indent) + "\n", "x.json")] == rows


@given(ROWS.filter(len))
def test_an_object_a_line(rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    assert list(read_objects(text, "x.jsonl")) == [*enumerate(rows, 1)]


def test_each_row_has_the_line_it_begins_in():
    text = '\n[ {"a": 1}, {"a": 2},\n\n  {\n    "a": [\n 3 ]\n  }, {"a": 4}\n]'
    assert [(line, row["a"]) for line, row in read_objects(text, "x.json")] == [(2, 1), (2, 2), (4, [3]), (7, 4)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\nno\n', r"x.json, line 2: it is no JSON \(Expecting value\): give one object a line, or one"),
        ('{\n  "a": 1\n}\n', r"x.json: it is one object: give one list of objects, or one object a line"),
        ('{"data": [{"a": 1}, {"a": 2}], "version": "1"}', r"x.json: it is one object: give one list of objects"),
        ('{"a": {"0": 1}, "b": {"0": 2}}\n', r"x.json: it is one object"),
        ('{\n  "a": 1\n}\n{\n  "a": 1\n}\n', r"x.json, line 1: it is no JSON"),
        ("[]", r"x.json: it is empty"),
        ("\n[\n]\n", r"x.json: it is empty"),
        ('{"a": 1}\n\n{"a": 2}\n', r"x.json, line 2: it is empty: leave it out"),
        ('{"a": 1}\n"b"\n', r"line 2: it is a text, not an object"),
        ('[\n{"a": 1},\nnull]', r"line 3: it is null, not an object"),
        ('[\n{"a": 1},\n{"b": }\n]', r"line 3: it is no JSON \(Expecting value\)"),
        ('[\n{"a": 1}\n{"b": 2}\n]', r"line 3: it is no JSON \(a comma or \] is missing\)"),
        ('[\n{"a": 1}', r"line 2: it is no JSON \(a comma or \] is missing\)"),
        ("[", r"line 1: it is no JSON"),
        ('[{"a": 1}]\n[{"a": 2}]\n', r"line 1: it is no JSON \(more stands behind the list\)"),
    ],
)
def test_what_is_no_table_of_objects_is_refused_by_line(text, said):
    with pytest.raises(DataError, match=said):
        list(read_objects(text, "x.json"))


def test_one_object_in_one_line_is_a_row():
    row = '{"a": 1, "b": ["c"], "d": {"e": 2}}\n'
    assert [line for line, _ in read_objects(row, "x.json")] == [1]
    assert [value for _, value in read_objects('{"a": [{"b": 1}]}', "x.jsonl")] == [{"a": [{"b": 1}]}]
