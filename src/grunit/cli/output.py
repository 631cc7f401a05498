"""What a verb says: text for people, JSON for machines, a bar on a terminal and plain lines in a pipe."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO


class Output:
    """Where a verb's words go.

    Args:
        as_json: stdout carries one JSON document and nothing else; what is meant for people goes to stderr.
    """

    def __init__(self, as_json: bool = False):
        self.as_json = as_json

    @property
    def people(self) -> TextIO:
        """The stream that people read."""
        return sys.stderr if self.as_json else sys.stdout

    def say(self, text: str = "") -> None:
        """A line for people."""
        print(text, file=self.people, flush=True)

    def answer(self, document: Mapping[str, Any], text: str) -> None:
        """The answer of a verb: ``document`` for machines or ``text`` for people."""
        if self.as_json:
            json.dump(plain(document), sys.stdout, indent=2, ensure_ascii=False)
            sys.stdout.write("\n")
        elif text:
            self.say(text)


class Steps:
    """How far a verb is, on stderr: a bar on a terminal, a line a step elsewhere.

    >>> import sys
    >>> with Steps() as steps:
    ...     steps(1, 12, "lstm, seed 0")
    """

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> Steps:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("", total=None)
            self.bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self.bar:
            self.bar.stop()

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` are done and ``what`` comes next."""
        if self.bar:
            self.bar.update(self.task, completed=done, total=total, description=what)
        elif done < total:
            print(f"{done + 1} of {total}: {what}", file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """``value`` as JSON can carry it: numpy numbers as numbers, NaN and infinity as null, anything else as text.

    >>> plain({"a": (1, float("nan"))})
    {'a': [1, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def align(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """A text table: columns padded to their widest entry, numbers to the right.

    >>> print(align([["gru", "1.5"], ["peephole_lstm", "12.0"]], ["cell", "MAE"]))
    cell            MAE
    gru             1.5
    peephole_lstm  12.0
    """
    table = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    right = [bool(rows) and all(looks_numeric(row[column]) for row in rows) for column in range(len(header))]

    def line(row: list[str]) -> str:
        cells = (
            entry.rjust(width) if to_right else entry.ljust(width)
            for entry, width, to_right in zip(row, widths, right, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in table)


def looks_numeric(entry: str) -> bool:
    """Whether an entry of a table reads as a number, perhaps with a spread, a unit or nothing there."""
    return entry in ("", "-") or entry[0].isdigit() or (entry[0] in "+-" and entry[1:2].isdigit())


def took(report: dict[str, Any]) -> str:
    """How long a training took, for a sentence.

    >>> took({"epochs": 1, "seconds": 2.04}), took({"epochs": 20, "seconds": 3.0})
    ('1 epoch, 2.0 s', '20 epochs, 3.0 s')
    """
    epochs = report["epochs"]
    return f"{epochs} epoch{'s' * (epochs != 1)}, {report['seconds']:.1f} s"
