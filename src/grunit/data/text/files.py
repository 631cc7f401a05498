"""Files of texts, with or without a label each, refused by file and line."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grunit.data.files import find_delimiter
from grunit.data.json_objects import read_objects
from grunit.data.origin import Origin
from grunit.errors import DataError

TEXTS = ("text", "sentence", "review", "content", "question", "document")
LABELS = ("label", "class", "target", "sentiment", "category", "y")
"""Names by which a column is found that was not named."""
_JSON_LINES = (".jsonl", ".ndjson", ".json")
_PLAIN = (".txt", "")

Row = tuple[int, list[Any]]


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and, where the file has them, their labels.

    Args:
        texts: none is empty.
        labels: ``(N,)`` text; None where there are none.
        source: the file.
        lines: the line, counted from 1, that each begins at.
    """

    texts: list[str]
    labels: np.ndarray | None
    source: str
    lines: list[int]

    def __len__(self) -> int:
        return len(self.texts)


def read_lines(path: str | os.PathLike) -> list[str]:
    """The lines of a text file in UTF-8, without their ends; a byte order mark is left out.

    Raises:
        DataError: the file is missing, empty, or not UTF-8; the message names the line.
    """
    return _cut(_read_text(Path(path)))


def read_texts(
    path: str | os.PathLike,
    *,
    text: str | None = None,
    label: str | None = None,
    answers: bool = True,
    again: bool = False,
) -> LabelledTexts:
    """Read a file of texts.

    Args:
        path: ``.csv`` or ``.tsv`` (the delimiter is found in the first line), ``.jsonl`` with an object a line,
            ``.json`` with one list of objects, or ``.txt`` with a text a line and no labels. Between tabs, quotation
            marks enclose fields where every line reads well so by itself, and are text in a file where one does not.
        text: the column of texts (default: one called text, sentence, review, content, question or document); in a
            file without a header the number of the column, counted from 1.
        label: the column of labels (default: one called label, class, target, sentiment, category or y), or its
            number.
        answers: labels must be there; False for a file to be answered.
        again: nobody can choose other columns now, so that a refusal asks for a file with other names.

    Raises:
        DataError: the file cannot be used; the message names file and line.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "reviews.csv")
    >>> _ = file.write_text('review,sentiment\\n"good, short",+\\ndull,-\\n')
    >>> reviews = read_texts(file)
    >>> reviews.texts, reviews.labels.tolist(), reviews.lines
    (['good, short', 'dull'], ['+', '-'], [2, 3])
    """
    path = Path(path)
    origin, kind = Origin(os.fspath(path)), path.suffix.lower()
    content = _read_text(path)
    if kind in _PLAIN and text is None and label is None:
        if answers:
            raise DataError(f"{path}: a plain text file has no labels: give a .csv, .tsv or .jsonl")
        rows: Iterator[Row] = ((number, [line] if line.strip() else []) for number, line in enumerate(_cut(content), 1))
        return _collect(rows, 0, None, ["line"], str(path))
    if kind in _JSON_LINES:
        names, rows = _read_objects(content, path)
    else:
        names, rows = _read_table(content, path, text, label)
    wanted = [name for name in (text, label if answers else None) if name is not None]
    for name in wanted:
        if name not in names:
            mend = "the model reads a column of that name: call the right one so" if again else ""
            raise origin.missing(name, names, mend)
    place = names.index(text) if text is not None else _find(names, TEXTS, origin, "texts", "--text", again)
    answer: int | None = None
    if answers:
        answer = names.index(label) if label is not None else _find(names, LABELS, origin, "labels", "--label", again)
        if answer == place:
            raise DataError(f"{path}: {names[place]!r} cannot hold both texts and labels: name two columns")
    return _collect(rows, place, answer, names, str(path))


def _cut(content: str) -> list[str]:
    # Not str.splitlines, which also cuts at signs that stand within a line of text.
    lines = io.StringIO(content, newline=None).read().split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _read_text(path: Path) -> str:
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise DataError(f"{path}: {what}: check the path")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: it cannot be read ({error.strerror}): check its permissions") from error
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path}, line 1: its text is UTF-16: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: it is not UTF-8 text: save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: it holds binary data, not text: give a text file")
    if not text.strip():
        raise DataError(f"{path}: it is empty: give a file with texts")
    return text


def _find(names: list[str], known: tuple[str, ...], origin: Origin, what: str, option: str, again: bool) -> int:
    """The place of the one column that is called as such columns are."""
    found = [place for place, name in enumerate(names) if name.lower() in known]
    if len(found) != 1:
        listed = ", ".join(names)
        many = "several columns" if found else "no column"
        mend = f"name it with {option}, or give its number, such as {option} 1, where the first line is no header"
        if again:
            # Nothing on the command line could name a column here.
            mend = f"call the right one {option.lstrip('-')!r} and no other so, in a header line if there is none"
        raise DataError(f"{origin.source}: {many} could hold the {what}: {mend} (columns: {listed})")
    return found[0]


def _read_table(content: str, path: Path, text: str | None, label: str | None) -> tuple[list[str], Iterator[Row]]:
    csv.field_size_limit(2**31 - 1)
    lines = _cut(content)
    if not lines[0].strip():
        raise DataError(f"{path}, line 1: it is empty: leave it out")
    delimiter = "\t" if path.suffix.lower() == ".tsv" or "\t" in lines[0] else find_delimiter(lines[0])
    quoted = delimiter != "\t" or _is_quoted(lines)
    quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    names = [name.strip() for name in next(csv.reader(lines[:1], delimiter=delimiter, quoting=quoting))]
    given = [name for name in (text, label) if name is not None]
    headless = bool(given) and all(name.isdigit() for name in given) and not set(given) <= set(names)
    if headless:
        names = [str(number) for number in range(1, len(names) + 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}, line 1: the header names {twice[0]!r} twice: give every column its own name")

    def rows() -> Iterator[Row]:
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        line = 1
        try:
            for fields in reader:
                begun, line = line, reader.line_num + 1
                if begun == 1 and not headless:
                    continue
                if len(fields) == 1 and not fields[0].strip():
                    fields = []
                if fields and len(fields) != len(names):
                    raise _uneven(path, begun, fields, names, quoted)
                yield begun, [*fields]
        except csv.Error as error:
            raise DataError(f"{path}, line {line}: {error}: close every quotation mark") from error

    return names, rows()


def _is_quoted(lines: list[str]) -> bool:
    """Whether the quotation marks of a table of tabs enclose fields.

    Often they are only that, so each line must read well by itself: no mark may join it to the next ones.
    """
    try:
        return all(len([*csv.reader([line], delimiter="\t", strict=True)]) <= 1 for line in lines if '"' in line)
    except csv.Error:
        return False


def _uneven(path: Path, line: int, fields: list[str], names: list[str], quoted: bool) -> DataError:
    """The refusal of a line that has other fields than the first."""
    mend = "quote fields that hold the delimiter"
    if not quoted and any(field.count('"') % 2 for field in fields):
        mend = "close every quotation mark in its own line, as no text may go on in the next one"
    count = f"{len(fields)} field" + "s" * (len(fields) != 1)
    return DataError(f"{path}, line {line}: it has {count} and the first line {len(names)}: {mend}")


def _read_objects(content: str, path: Path) -> tuple[list[str], Iterator[Row]]:
    objects = list(read_objects(content, str(path)))
    names = list(dict.fromkeys(name for _, found in objects for name in found))
    return names, ((number, [found.get(name) for name in names]) for number, found in objects)


def _spell(value: object, what: str, place: str) -> str:
    """A value of a table as text; empty where there is none.

    Raises:
        DataError: it is a list, an object, or no finite number.
    """
    if isinstance(value, str) or value is None:
        return value or ""
    spelled = json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, dict)) or (isinstance(value, float) and not math.isfinite(value)):
        came = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else spelled
        raise DataError(f"{place}: its {what} is {came}: give a text, or leave the row out")
    return spelled


def _collect(rows: Iterator[Row], place: int, answer: int | None, names: list[str], source: str) -> LabelledTexts:
    texts, labels, lines = [], [], []
    for line, fields in rows:
        if not fields:
            raise DataError(f"{source}, line {line}: it is empty: leave it out")
        text = _spell(fields[place], f"text ({names[place]!r})", f"{source}, line {line}")
        if not text.strip():
            raise DataError(f"{source}, line {line}: its text ({names[place]!r}) is empty: fill it in, or leave it out")
        if answer is not None:
            label = _spell(fields[answer], f"label ({names[answer]!r})", f"{source}, line {line}").strip()
            if not label:
                raise DataError(f"{source}, line {line}: its label ({names[answer]!r}) is missing: give every text one")
            labels.append(label)
        texts.append(text)
        lines.append(line)
    if not texts:
        raise DataError(f"{source}: it has a header and no rows: give a file with texts")
    return LabelledTexts(texts, np.array(labels) if answer is not None else None, source, lines)
