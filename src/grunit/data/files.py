"""Files into raw frames: delimiter, encoding, header; and back, whole or not at all. Meaning is given elsewhere."""

from __future__ import annotations

import codecs
import csv
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from grunit.data.origin import Origin
from grunit.errors import MissingExtraError

DELIMITERS = ",;\t|"
_BINARY: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".parquet": pd.read_parquet,
    ".pq": pd.read_parquet,
    ".feather": pd.read_feather,
}
_LINES = {".json", ".jsonl", ".ndjson"}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; one of that name is replaced.

    Raises:
        OSError: there is no room, or no leave to write.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a.txt"), b"all of it")
    ...     [(file.name, file.read_bytes()) for file in Path(folder).iterdir()]
    [('a.txt', b'all of it')]
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".draft")
    os.close(handle)
    draft = Path(name)
    try:
        draft.write_bytes(content)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_file(path: str | os.PathLike, text_columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """The table in a file as it stands there, one row a data line.

    Args:
        path: ``.csv``, ``.tsv``, ``.txt`` (the delimiter is found in the header), ``.parquet``, ``.feather``, or
            ``.json``/``.jsonl`` with one object a line. Text is UTF-8.
        text_columns: columns kept as text even where they look like numbers (``"007"`` stays ``"007"``).

    Raises:
        DataError: the file is missing, a folder, empty, without rows, not UTF-8, or not a table.
    """
    path, origin = Path(path), Origin(os.fspath(path))
    if not path.exists():
        raise origin.refuse("there is no such file", "check the path")
    if path.is_dir():
        raise origin.refuse("this is a folder, not a table", "give the file in it")
    kind = path.suffix.lower()
    try:
        if kind in _BINARY:
            frame = _BINARY[kind](path)
        else:
            text = _read_text(path, origin)
            frame = _read_lines(text, origin) if kind in _LINES else _read_delimited(text, origin, text_columns)
    except OSError as error:
        raise origin.refuse(f"it cannot be read ({error.strerror or error})", "check its permissions") from error
    except ImportError as error:
        raise MissingExtraError(f"{path}: reading {kind} files needs pyarrow: run  pip install pyarrow") from error
    except (ValueError, TypeError) as error:
        if type(error).__module__.startswith("grunit"):
            raise
        raise origin.refuse(f"it is not a readable table ({_first_line(error)})", "export it again, as CSV") from error
    if frame.empty:
        raise origin.refuse("it has a header and no rows", "give a table with data")
    return frame


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _read_text(path: Path, origin: Origin) -> bytes:
    """The text as UTF-8, which is a quarter of what Python needs for it in memory while it is read."""
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise origin.refuse("its text is UTF-16", "save it as UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise origin.refuse(f"line {line} is not UTF-8 text", "save the file as UTF-8") from error
    if b"\0" in content:
        raise origin.refuse("it holds binary data, not text", "give a CSV file")
    if not content.strip():
        raise origin.refuse("it is empty", "give a table with a header and data")
    if b"\n" not in content:  # lines that end as on old Macintoshes
        content = content.replace(b"\r", b"\n")
    return content.lstrip(b"\r\n").rstrip(b"\r\n") + b"\n"


def find_delimiter(header: str) -> str:
    """The delimiter of a header line: the one that splits it into most columns; a comma if none does.

    >>> find_delimiter("date;price, in euro;volume")
    ';'
    """
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([header], delimiter=sign))))


def _read_delimited(text: bytes, origin: Origin, text_columns: tuple[str, ...]) -> pd.DataFrame:
    delimiter = find_delimiter(text[: text.index(b"\n")].decode())
    lines = io.TextIOWrapper(io.BytesIO(text), "utf-8", newline="")
    names = [name.strip() for name in next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise origin.refuse("the header names it twice", "give every column its own name", column=twice[0])
    try:
        frame = pd.read_csv(
            io.BytesIO(text),
            sep=delimiter,
            skipinitialspace=True,
            skip_blank_lines=False,
            low_memory=False,
            dtype={name: str for name in text_columns if name in names},
        )
    except pd.errors.ParserError as error:
        message = _first_line(error).removeprefix("Error tokenizing data. C error: ")
        mend = "quote fields that hold the delimiter, and give every line as many fields as the header"
        raise origin.refuse(message, mend) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise origin.refuse("its rows have more fields than its header", "name every column in the header")
    # What pandas writes for the row labels of a frame.
    if names[0] == "" and frame.iloc[:, 0].equals(pd.Series(range(len(frame)))):
        frame = frame.iloc[:, 1:]
    return frame.rename(columns=str.strip)


def _read_lines(text: bytes, origin: Origin) -> pd.DataFrame:
    lines = not text.lstrip().startswith(b"[")
    return pd.read_json(io.BytesIO(text), lines=lines, convert_dates=False, dtype=False)
