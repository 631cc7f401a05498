"""Files of texts: what is read, and what is refused with file and line."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.text import read_lines, read_texts
from grunit.errors import DataError


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("r.csv", 'review,sentiment\n"good, short",+\n"two\nlines",-\nNA,null\n', {}),
        ("r.csv", '\ufeffa;b\r\n+;good, short\r\n-;"two\nlines"\r\nnull;NA\r\n', {"text": "b", "label": "a"}),
        ("r.csv", 'review,sentiment\r"good, short",+\r"two\nlines",-\rNA,null\r', {}),
        (
            "r.jsonl",
            '{"text": "good, short", "label": "+"}\n{"label": "-", "text": "two\\nlines"}\n'
            '{"text": "NA", "label": "null"}\n',
            {},
        ),
        (
            "r.json",
            '[\n  {\n    "text": "good, short", "label": "+"\n  },\n  {"label": "-", "text": "two\\nlines"},\n'
            '  {"text": "NA", "label": "null"}\n]\n',
            {},
        ),
    ],
)
def test_the_same_texts_in_every_form(tmp_path, name, content, options):
    found = read_texts(write(tmp_path / name, content), **options)
    assert found.texts == ["good, short", "two\nlines", "NA"]
    assert found.labels.tolist() == ["+", "-", "null"]


def test_lines_are_those_of_the_file(tmp_path):
    found = read_texts(write(tmp_path / "r.csv", 'text,label\n"a\nb",x\nc,y\n'))
    assert found.lines == [2, 4]


def test_quotation_marks_in_a_table_of_tabs_are_text(tmp_path):
    found = read_texts(write(tmp_path / "r.tsv", 'text\tlabel\n"so called\t1\nit\'s 5" long\t2\n'))
    assert found.texts == ['"so called', "it's 5\" long"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_no_quotation_mark_joins_lines_of_a_table_of_tabs(tmp_path, order):
    kept = ['say "hi" to me', '"unclosed start', "an innocent line", 'ends with"']
    kept = [kept[place] for place in order]
    found = read_texts(write(tmp_path / "r.tsv", "".join(f"{one}\tgood\n" for one in kept)), text="1", label="2")
    assert found.texts == kept
    assert found.lines == [1, 2, 3, 4]


@given(st.lists(st.text(st.sampled_from('ab "\t,'), min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_tables_of_tabs_that_pandas_wrote_come_back(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "pandas.tsv"
    pd.DataFrame({"text": texts, "label": "x"}).to_csv(path, sep="\t", index=False)
    assert read_texts(path).texts == texts


def test_a_text_that_goes_on_in_the_next_line_of_a_table_of_tabs_is_refused(tmp_path):
    for order, line in ((["text", "label"], 2), (["label", "text"], 3)):
        path = tmp_path / "r.tsv"
        pd.DataFrame({"text": ["two\nlines"], "label": "+"})[order].to_csv(path, sep="\t", index=False)
        with pytest.raises(DataError, match=f"line {line}: it has 1 field and the first line 2: close every quotation"):
            read_texts(path)


def test_a_first_row_that_holds_a_number_is_still_no_header(tmp_path):
    found = read_texts(write(tmp_path / "r.tsv", "fine\t1\ndull\t0\n"), text="1", label="2")
    assert (found.texts, found.labels.tolist()) == (["fine", "dull"], ["1", "0"])


def test_values_of_json_are_spelled_as_there_and_other_columns_may_hold_anything(tmp_path):
    rows = '{"text": 5, "label": true, "more": [NaN]}\n{"text": "b", "label": 0, "more": {}}\n'
    found = read_texts(write(tmp_path / "r.jsonl", rows))
    assert (found.texts, found.labels.tolist()) == (["5", "b"], ["true", "0"])


def test_plain_text_is_a_text_a_line(tmp_path):
    found = read_texts(write(tmp_path / "r.txt", "one\ntwo\n"), answers=False)
    assert (found.texts, found.labels, found.lines) == (["one", "two"], None, [1, 2])


def test_labels_may_be_missing_where_answers_are_asked_for(tmp_path):
    file = write(tmp_path / "r.csv", "text,length\nfine,4\n")
    assert read_texts(file, label="label", answers=False).labels is None


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("r.csv", "text,label\ngood,+\n,-\n", {}, r"r\.csv, line 3: its text \('text'\) is empty"),
        ("r.csv", 'text,label\n"a\nb",+\nc,\n', {}, r"line 4: its label \('label'\) is missing"),
        ("r.csv", "text,label\ngood,+\n\nbad,-\n", {}, r"line 3: it is empty"),
        ("r.csv", "text,label\ngood,+\n  \nbad,-\n", {}, r"line 3: it is empty: leave it out"),
        ("r.csv", " \ntext,label\ngood,+\n", {}, r"line 1: it is empty: leave it out"),
        ("r.csv", "text,label\rgood,+\r,-\r", {}, r"line 3: its text \('text'\) is empty"),
        ("r.csv", "text,label\ngood, short,+\n", {}, r"line 2: it has 3 fields and the first line 2"),
        ("r.csv", 'text,label\n"good,+\n', {}, r"line 2: .*: close every quotation mark"),
        ("r.csv", b"text,label\ngood,+\nsch\xf6n,+\n", {}, r"line 3: it is not UTF-8"),
        ("r.csv", "text,label\ngood,+\n".encode("utf-16"), {}, r"line 1: its text is UTF-16"),
        ("r.csv", b"text,label\ngo\0od,+\n", {}, r"line 2: it holds binary data"),
        ("r.csv", " \n", {}, r"it is empty"),
        ("r.csv", "text,label\n", {}, r"a header and no rows"),
        ("r.csv", "review,label\ngood,+\n", {"text": "reviews"}, r"no column 'reviews'; did you mean 'review'"),
        ("r.csv", "a,b\ngood,+\n", {}, r"no column could hold the texts: name it with --text, or give its number"),
        (
            "r.csv",
            "a,b\ngood,+\n",
            {"again": True},
            r"call the right one 'text' and no other so, in a header line .*: a, b",
        ),
        ("r.csv", "a,b\ngood,+\n", {"again": True, "text": "c"}, r"no column 'c'; the model reads a column of that"),
        ("r.txt", "good\n \nbad\n", {"answers": False}, r"line 2: it is empty: leave it out"),
        ("r.csv", "text,label,class\ngood,+,1\n", {}, r"several columns could hold the labels"),
        ("r.csv", "text,text\ngood,+\n", {}, r"line 1: the header names 'text' twice"),
        ("r.csv", "text,label\ngood,+\n", {"label": "text"}, r"cannot hold both"),
        ("r.jsonl", '{"text": "a", "label": 1}\nno\n', {}, r"line 2: it is no JSON"),
        ("r.jsonl", '{"text": "a", "label": 1}\n\n{"text": "b", "label": 1}\n', {}, r"line 2: it is empty"),
        ("r.jsonl", "[1]\n", {}, r"line 1: it is a number, not an object"),
        ("r.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n', {}, r"line 2: its label \('label'\) is missing"),
        ("r.jsonl", '{"text": "a", "label": 1}\n{"text": "b", "label": NaN}\n', {}, r"line 2: its label .* is NaN"),
        ("r.jsonl", '{"text": "a", "label": ["b"]}\n', {}, r"line 1: its label \('label'\) is a list: give a text"),
        ("r.jsonl", '{"text": NaN, "label": 1}\n', {}, r"line 1: its text \('text'\) is NaN"),
        ("r.json", '[{"text": "a", "label": 1},\n{"text": ["b"], "label": 1}]\n', {}, r"line 2: its text .* is a list"),
        ("r.jsonl", '{"text": {"b": 1}, "label": 1}\n', {}, r"line 1: its text \('text'\) is an object"),
        ("r.txt", "one\n", {}, r"a plain text file has no labels"),
    ],
)
def test_refused_with_file_and_line(tmp_path, name, content, options, said):
    with pytest.raises(DataError, match=said):
        read_texts(write(tmp_path / name, content), **options)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_texts(tmp_path / "none.csv")
    with pytest.raises(DataError, match="this is a folder"):
        read_lines(tmp_path)


printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(st.lists(printable, min_size=1).filter(lambda lines: "".join(lines).strip()))
def test_lines_come_back(tmp_path_factory, lines):
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    assert read_lines(write(path, "".join(line + "\n" for line in lines))) == lines
    assert read_lines(write(path, "\r\n".join(lines) + "\r\n")) == lines
