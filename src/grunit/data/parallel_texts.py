"""Texts and their translations in files: two columns of one, or two files line by line."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grunit.data.json_objects import read_objects
from grunit.errors import DataError

TABLES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json")
"""Endings of files that hold both sides; all others hold one text a line."""
SOURCE, TARGET = "source", "target"


@dataclass(frozen=True)
class TextPairs:
    """Texts and their translations.

    Args:
        sources, targets: N texts each; no targets where a file of texts alone was read.
        place: the file, or both.
        lines: the line, counted from 1, that each pair stands in.
    """

    sources: list[str]
    targets: list[str]
    place: str
    lines: list[int] = field(default_factory=list)


def read_pairs(
    path: str | os.PathLike, target: str | None = None, *, text: str | None = None, answers: bool = True
) -> TextPairs:
    """Read texts and their translations.

    Args:
        path: a table, ``.tsv`` (two columns, text and translation, without a header or with the header ``source``,
            ``target``), ``.csv`` with a header, ``.jsonl`` with one object a line or ``.json`` with one list of
            objects; or the texts alone, one a line. Text is UTF-8; a file may also be packed, as in ``train.de.gz``.
            Two files may be named with a comma between them, as in ``train.de,train.en``.
        target: of a ``.csv`` or ``.jsonl`` the column of translations (default ``target``); of a file of texts the
            file of their translations.
        text: of a ``.csv`` or ``.jsonl`` the column of texts (default ``source``).
        answers: translations must be there; False for a file to be translated.

    Raises:
        DataError: a file is missing or no UTF-8, a line is empty or has not two fields, or two files have not the
            same number of lines; the message names file and line.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "pairs.tsv")
    >>> _ = file.write_text("Ein Hund.\\tA dog.\\nEine Katze.\\tA cat.\\n")
    >>> pairs = read_pairs(file)
    >>> pairs.sources, pairs.targets
    (['Ein Hund.', 'Eine Katze.'], ['A dog.', 'A cat.'])
    """
    given = os.fspath(path)
    if target is None and given.count(",") == 1 and not Path(given).exists():
        given, target = (part.strip() for part in given.split(","))
    path = Path(given)
    if is_table(path):
        return _read_table(path, text or SOURCE, target or TARGET, answers)
    if text is not None:
        raise DataError(f"{path}: a file of one text a line has no columns: leave --text out")
    sources = read_lines(path)
    numbers = list(range(1, len(sources) + 1))
    if target is None or not answers:
        if answers:
            raise DataError(
                f"{path}: it holds one text a line: name the file of translations too, as in train.de,train.en"
            )
        return TextPairs(sources, [], str(path), numbers)
    targets = read_lines(Path(target))
    if len(sources) != len(targets):
        longer, line = (path, len(targets) + 1) if len(sources) > len(targets) else (Path(target), len(sources) + 1)
        raise DataError(
            f"{path} has {len(sources)} lines and {target} {len(targets)}: line {line} of {longer} and those after it "
            "stand alone; give both files the same number of lines"
        )
    return TextPairs(sources, targets, f"{path} and {target}", numbers)


def read_lines(path: str | os.PathLike) -> list[str]:
    """The lines of a file of texts, UTF-8, without the spaces around them.

    Raises:
        DataError: the file is missing, empty, no UTF-8 text, or a line is empty.
    """
    lines = [line.strip() for line in split_lines(read_text(Path(path)))]
    require_texts(lines, str(path))
    return lines


def split_lines(text: str) -> list[str]:
    r"""Lines as other tools count them: parted by line feeds alone, not by signs that a text may hold.

    >>> split_lines("one\r\ntwo\u2028still two\n")
    ['one', 'two\u2028still two']
    """
    return text.removesuffix("\n").replace("\r\n", "\n").removesuffix("\r").split("\n") if text else []


def require_texts(lines: list[str], place: str) -> None:
    """Refuse a file without texts, or with an empty line.

    Raises:
        DataError: naming the line.
    """
    if not any(lines):
        raise DataError(f"{place}: it is empty: give one text a line")
    for number, line in enumerate(lines, 1):
        if not line:
            raise DataError(f"{place}, line {number} is empty: fill it in, or take it out")


def decode_text(content: bytes, place: str) -> str:
    """Bytes as text.

    Raises:
        DataError: they are no UTF-8; the message names the line.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{place}: its text is UTF-16: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{place}, line {line} is not UTF-8 text: save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{place}, line {line} holds binary data: give a file of text")
    return text


def count_of(found: Sequence[str], what: str) -> str:
    """How many there are, in words.

    >>> count_of(["a"], "field"), count_of(["a", "b"], "field")
    ('1 field', '2 fields')
    """
    return f"{len(found)} {what}" + ("" if len(found) == 1 else "s")


def is_table(path: str | os.PathLike) -> bool:
    """Whether a file of this name holds both sides.

    >>> is_table("pairs.tsv"), is_table("pairs.csv.gz"), is_table("train.de")
    (True, True, False)
    """
    return _kind(Path(path)) in TABLES


def _kind(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def read_text(path: Path) -> str:
    """The text of a file, which may be packed with gzip.

    Raises:
        DataError: it is missing, a folder, packed badly, no UTF-8, or binary; the message names the line.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file: check the path")
    if path.is_dir():
        raise DataError(f"{path}: this is a folder: give the file in it")
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: it cannot be read ({reason}): check the file and its permissions") from error
    return decode_text(content, str(path))


def _read_table(path: Path, source: str, target: str, answers: bool) -> TextPairs:
    content, kind, columns = read_text(path), _kind(path), [source, target] if answers else [source]
    if not content.strip():
        raise DataError(f"{path}: it is empty: give texts and their translations")
    if kind == ".tsv":
        if (source, target) != (SOURCE, TARGET):
            raise DataError(f"{path}: a .tsv has two columns, text and translation: leave --text and --target out")
        rows = _tab_rows(content, path, answers)
    else:
        rows = (_csv_rows if kind == ".csv" else _json_rows)(content, path, columns)
    pairs = TextPairs([], [], str(path), [])
    for line, *fields in rows:
        for name, value in zip(columns, fields, strict=True):
            if not isinstance(value, str) or not value.strip():
                came = "is empty" if value is None or isinstance(value, str) else f"is {value!r}, which is no text"
                raise DataError(f"{path}, line {line}: its {name} {came}: fill it in, or take the line out")
        pairs.lines.append(line)
        pairs.sources.append(fields[0].strip())
        if len(fields) > 1:
            pairs.targets.append(fields[1].strip())
    if not pairs.sources:
        raise DataError(f"{path}: it holds no pair: give texts and their translations")
    return pairs


def _tab_rows(text: str, path: Path, answers: bool) -> Iterator[tuple]:
    for line, row in enumerate(split_lines(text), 1):
        fields = row.split("\t")
        if line == 1 and [field.strip().lower() for field in fields] == [SOURCE, TARGET]:
            continue
        if not row.strip():
            raise DataError(f"{path}, line {line} is empty: take it out")
        if len(fields) != 2 and (answers or len(fields) != 1):
            raise DataError(
                f"{path}, line {line} has {count_of(fields, 'field')} between tabs: give two, text and translation"
            )
        yield line, *fields[: 2 if answers else 1]


def _csv_rows(text: str, path: Path, columns: list[str]) -> Iterator[tuple]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    places = _find_columns(header, f"{path}: its header", columns)
    for row in reader:
        if len(row) != len(header):
            what = "is empty" if not row else f"has {count_of(row, 'field')} and the header {len(header)}"
            raise DataError(f"{path}, line {reader.line_num} {what}: quote fields that hold a comma")
        yield reader.line_num, *(row[place] for place in places)


def _json_rows(text: str, path: Path, columns: list[str]) -> Iterator[tuple]:
    for line, value in read_objects(text, str(path)):
        names = list(value)
        yield line, *(value[names[place]] for place in _find_columns(names, f"{path}, line {line}", columns))


def _find_columns(names: list[str], where: str, columns: list[str]) -> list[int]:
    """Where the text and its translation stand among the names of columns."""
    for name, option in zip(columns, ("--text", "--target"), strict=False):
        if name not in names:
            raise DataError(
                f"{where} names no {name!r} (it names {', '.join(names) or 'nothing'}): name it so, or fit with "
                f"{option}"
            )
    if len(set(columns)) < len(columns):
        raise DataError(f"{where}: {columns[0]!r} cannot hold both texts and translations: name two columns")
    return [names.index(name) for name in columns]
