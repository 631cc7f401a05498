"""Lines of text as rows: CSV or JSON, one row a line."""

from __future__ import annotations

import csv
import json
from typing import Any

from grunit.errors import DataError, InputError
from grunit.online.features import LARGEST

FORMATS = ("csv", "json")
LONGEST = 1 << 20
"""Bytes a line may have."""


class LineReader:
    """Turns lines into dictionaries.

    Args:
        form: ``"csv"`` (the first line names the columns) or ``"json"`` (an object a line); None to see from the
            first line.
        header: names of the columns, where the first line has been read already.

    >>> reader = LineReader()
    >>> reader("ds,y"), reader("2024-01-01,3"), reader("2024-01-02,")
    (None, {'ds': '2024-01-01', 'y': '3'}, {'ds': '2024-01-02', 'y': None})
    """

    def __init__(self, form: str | None = None, header: list[str] | None = None):
        if form not in (None, *FORMATS):
            raise InputError(f"the format {form!r} is not known: use one of {', '.join(FORMATS)}")
        self.form, self.header = form, header

    def __call__(self, line: str) -> dict[str, Any] | None:
        """The row of a line; None for an empty one and for the names of the columns.

        Raises:
            DataError: the line is malformed; the message says how.
        """
        text = line.strip("\r\n\ufeff")
        if not text.strip():
            return None
        if self.form is None:
            self.form = "json" if text.lstrip().startswith("{") else "csv"
        return self._json(text) if self.form == "json" else self._csv(text)

    def is_silent(self, line: str) -> bool:
        """Whether a line holds no row: it is empty, or the names of the columns."""
        text = line.strip("\r\n\ufeff")
        named = self.form == "csv" and [value.strip() for value in text.split(",")] == self.header
        return not text.strip() or named

    def _json(self, text: str) -> dict[str, Any]:
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"it is no JSON ({error})") from None
        if not isinstance(row, dict):
            raise DataError(f"it is a {type(row).__name__} where an object is expected, such as {{'y': 1.5}}")
        if "\\u" in text:  # half of a pair stands for no letter, and could not be written again
            try:
                json.dumps(row, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise DataError("it holds half of a pair of \\u codes") from None
        return row

    def _csv(self, text: str) -> dict[str, Any] | None:
        try:
            (values,) = csv.reader([text], strict=True)
        except (csv.Error, ValueError) as error:
            raise DataError(f"it is no line of CSV ({error})") from None
        values = [value.strip() for value in values]
        if self.header is None:
            if len(set(values)) < len(values) or "" in values:
                raise DataError(f"it should name the columns, and holds {text[:60]!r}")
            self.header = values
            return None
        if values == self.header:  # files joined together
            return None
        if len(values) != len(self.header):
            raise DataError(f"it holds {len(values)} values and there are {len(self.header)} columns")
        return {name: value or None for name, value in zip(self.header, values)}


class LineWriter:
    """Turns answers into lines.

    >>> writer = LineWriter("csv")
    >>> writer({"line": 2, "forecast": [1.5, 2.0]})
    'line,forecast-1,forecast-2\\n2,1.5,2.0\\n'
    """

    def __init__(self, form: str = "json", header: list[str] | None = None):
        if form not in FORMATS:
            raise InputError(f"the format {form!r} is not known: use one of {', '.join(FORMATS)}")
        self.form, self.header = form, header

    def __call__(self, answer: dict[str, Any]) -> str:
        """The line of an answer, with its line break; the first in CSV has the names of the columns before it."""
        if self.form == "json":
            return json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n"
        flat: dict[str, Any] = {}
        for name, value in answer.items():
            if isinstance(value, list):
                many = len(value) > 1
                flat.update({f"{name}-{step}" if many else name: one for step, one in enumerate(value, 1)})
            else:
                flat[name] = value
        lines = []
        if self.header is None:
            self.header = list(flat)
            lines.append(_csv_line(self.header))
        lines.append(_csv_line([flat.get(name) for name in self.header]))
        return "".join(lines)


def _one_line(value: Any) -> Any:
    return " ".join(value.splitlines()) if isinstance(value, str) else value


def _csv_line(values: list[Any]) -> str:
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if value is None else _one_line(value) for value in values])
    return text.getvalue()


def number_of(row: dict[str, Any], name: str) -> float | None:
    """A number of a row; None where it is missing.

    Raises:
        DataError: it is no number.
    """
    value = row.get(name)
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "na", "nan", "null", "none")):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"the column {name!r} holds {value!r}, which is no number") from None
    if abs(number) > LARGEST:
        raise DataError(f"the column {name!r} holds {value!r}, which is beyond {LARGEST:g}")
    return None if number != number else number
