"""Where a value came from, so that a refusal can name the file, the column and the row."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from grunit.errors import DataError

SHOWN = 12
"""Columns that a message lists; of a very wide table it lists no more."""


class DataWarning(UserWarning):
    """Something in a table was left out or read in one of several ways; said once."""


@dataclass(frozen=True)
class Origin:
    """A table's name and how its rows are counted.

    Args:
        source: what the user calls the table: a file's path, or ``"data"``.
        labels: row labels of a frame; ``None`` for a file, whose rows below the header are counted from 1.

    >>> str(Origin("weather.csv").refuse("'abc' is not a number", "correct it", column="wind", position=6))
    "weather.csv, column 'wind', row 7: 'abc' is not a number; correct it"
    """

    source: str
    labels: pd.Index | None = None

    def row(self, position: int) -> str:
        """The row's name for a person: its number in the file, or its label in the frame."""
        return f"row {position + 1 if self.labels is None else self.labels[position]}"

    def mark(self, frame: pd.DataFrame, rows: int) -> pd.DataFrame:
        """Note in a new frame where its rows came from, for refusals that come later; returns the frame.

        Args:
            frame: with row labels 0, 1, 2, ...
            rows: rows of the table it was made from; a wide table gives each row once a series.
        """
        frame.attrs["grunit_origin"] = {"source": self.source, "rows": rows, "first": int(self.labels is None)}
        return frame

    @staticmethod
    def of(frame: pd.DataFrame, position: int) -> tuple[str, str]:
        """The source of a frame and the name of one of its rows, as far as :meth:`mark` noted them."""
        label = frame.index[position]
        origin = frame.attrs.get("grunit_origin")
        if origin is None:
            return "data", f"row {label}"
        if isinstance(label, int | np.integer):
            label = label % origin["rows"] + origin["first"]
        return origin["source"], f"row {label}"

    def refuse(self, what: str, mend: str, *, column: object = None, position: int | None = None) -> DataError:
        """The error to raise: where, what is wrong, how to mend it."""
        where = [self.source]
        if column is not None:
            where.append(f"column {column!r}")
        if position is not None:
            where.append(self.row(position))
        return DataError(f"{', '.join(where)}: {what}; {mend}")

    def refuse_nearly(self, name: str, present: list[str]) -> None:
        """Refuse columns of which one looks like a misspelling of ``name``."""
        if _nearest(name, present):
            raise self.missing(name, present)

    def missing(self, name: str, present: Iterable[object], mend: str = "") -> DataError:
        """The error for a column that is not there, with the nearest name that is."""
        names = [str(column) for column in present]
        nearest = _nearest(name, names)
        if nearest:
            mend = f"did you mean {nearest!r}?{' ' + mend if mend else ''}"
        listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        return DataError(
            f"{self.source}: there is no column {name!r}; {mend or 'name the right one'} (columns: {listed})"
        )


def _nearest(name: str, names: list[str]) -> str | None:
    """The column most like ``name``, in any case of letters; ``None`` if none is."""
    near = difflib.get_close_matches(name.lower(), [column.lower() for column in names], n=1, cutoff=0.6)
    return next((column for column in names if column.lower() == near[0]), None) if near else None
