"""Files of labelled sequences: .ts and .arff of the UEA/UCR archive, its tables of tab-separated numbers, CSV."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from grunit.errors import DataError

LABELS = ("label", "class", "target", "y")
"""Names by which the column of answers is found."""


@dataclass(frozen=True)
class LabelledSequences:
    """Sequences and, where the file has them, the answers.

    Args:
        X: arrays ``(T_i, F)``, NaN where a value is missing.
        y: ``(N,)`` labels as text, or numbers; None where there are none.
        source: the file.
        lines: the line, counted from 1, that each sequence begins at.
        numeric: the file says that the answers are numbers to be predicted.
    """

    X: list[np.ndarray]
    y: np.ndarray | None
    source: str
    lines: list[int] = field(default_factory=list)
    numeric: bool = False

    def numbers(self) -> np.ndarray:
        """The answers as numbers.

        Raises:
            DataError: there are none, or one is no number; the message names file and line.
        """
        if self.y is None:
            raise DataError(f"{self.source}: it holds no answers to learn from: name their column with --target")
        numbers = np.empty(len(self.y))
        for index, value in enumerate(self.y):
            try:
                numbers[index] = float(value)
            except ValueError:
                numbers[index] = np.nan
            if not np.isfinite(numbers[index]):
                raise DataError(
                    f"{self.source}, line {self.lines[index]}: {str(value)!r} is no number to predict: mend it"
                )
        return numbers

    def labels(self) -> np.ndarray:
        """The answers as labels.

        Raises:
            DataError: there are none.
        """
        if self.y is None:
            raise DataError(f"{self.source}: it holds no labels to learn from: name their column with --target")
        return self.y


def read_sequences(
    path: str | os.PathLike,
    *,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    answers: bool = True,
) -> LabelledSequences:
    """Read a file of sequences.

    Args:
        path: ``.ts``, ``.arff``; ``.tsv`` or ``.txt`` without a header, the label first (the UCR archive); or a table
            (``.csv``, ``.tsv`` with a header, ``.parquet``). A table is either wide: a row a sequence, a column a step,
            and a column of answers; or long: a row a step, with a column that tells the sequences apart.
        target: the column of answers in a table (default: ``label``, ``class``, ``target`` or ``y``, where there is
            one).
        identity: the column that tells the sequences of a long table apart (default: ``unique_id``, if there).
        time: a column of a long table that is only held to rise within a sequence (default: ``ds``, if there).

        answers: the column named by ``target`` must be there; False for a file to be answered.

    Raises:
        DataError: the file cannot be used; the message names file and line.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "gestures.ts")
    >>> _ = file.write_text("@classLabel true up down\\n@data\\n1,2,?:0,0,1:up\\n3,1:5,6:down\\n")
    >>> gestures = read_sequences(file)
    >>> gestures.X[0].tolist(), gestures.y.tolist()
    ([[1.0, 0.0], [2.0, 0.0], [nan, 1.0]], ['up', 'down'])
    """
    from grunit.data import sequence_tables
    from grunit.data.sequence_formats import read_arff, read_plain, read_ts

    path = Path(path)
    kind = path.suffix.lower()
    named = [option for option, value in (("target", target), ("id", identity), ("time", time)) if value]
    if kind in (".ts", ".arff") or (kind in (".tsv", ".txt") and not sequence_tables.has_header(path)):
        if named and answers:
            raise DataError(f"{path}: a file of this kind has no named columns: leave {' and '.join(named)} out")
        reader = {".ts": read_ts, ".arff": read_arff}.get(kind, read_plain)
        return reader(path)
    return sequence_tables.read(path, target, identity, time, answers)


def load_ucr(name: str, split: str = "train", folder: str | os.PathLike | None = None) -> LabelledSequences:
    """One of the sets of the UEA/UCR archive that lie on this machine.

    Args:
        name: for example ``"GunPoint"``.
        split: ``"train"`` or ``"test"``.
        folder: what holds ``NAME/NAME_TRAIN.ts`` (or ``.arff``, ``.tsv``, ``.txt``); default ``ucr_uea`` in the folder
            named by the environment variable ``GRUNIT_DATA``.

    Raises:
        DataError: there is no such set; the message names those that are there.
    """
    if split not in ("train", "test"):
        raise DataError(f"split is {split!r}: give 'train' or 'test'")
    root = os.environ.get("GRUNIT_DATA")
    if folder is None and not root:
        raise DataError("set GRUNIT_DATA to the folder that holds ucr_uea, or give folder")
    place = Path(folder) if folder is not None else Path(str(root), "ucr_uea")
    for kind in (".ts", ".arff", ".tsv", ".txt"):
        path = place / name / f"{name}_{split.upper()}{kind}"
        if path.exists():
            return read_sequences(path)
    there = sorted(entry.name for entry in place.iterdir() if entry.is_dir()) if place.is_dir() else []
    raise DataError(f"{place} holds no set {name!r}: there are {', '.join(there) or 'none'}")
