"""Sequences in tables: a row each, or a row a step."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from grunit.data.files import read_file
from grunit.data.origin import Origin
from grunit.data.sequence_files import LABELS, LabelledSequences
from grunit.errors import DataError

IDENTITY, TIME = "unique_id", "ds"


def has_header(path: Path) -> bool:
    """Whether the first line of a text file names columns: most of it is words, not numbers."""
    if not path.is_file():
        return False
    with open(path, encoding="utf-8", errors="replace") as file:
        words = [word for word in re.split(r"[,;\t| ]+", file.readline().strip()) if word]
    return sum(not _is_number(word) for word in words) > max(1, len(words) // 2)


def read(
    path: Path, target: str | None, identity: str | None, time: str | None, answers: bool = True
) -> LabelledSequences:
    """A table, long where it tells sequences apart, else wide; see :func:`grunit.data.read_sequences`."""
    origin = Origin(str(path))
    texts = tuple(name for name in (target, identity, IDENTITY, *LABELS) if name)
    frame = read_file(path, text_columns=texts)
    present = list(frame.columns)
    for name in (target, identity, time):
        if name is not None and name not in present and not (name == target and not answers):
            raise origin.missing(name, present)
    named = target if target in present else None
    answer = named or next((name for name in present if str(name).lower() in LABELS and not target), None)
    series = identity or (IDENTITY if IDENTITY in present else None)
    if series is None:
        if time is not None:
            raise DataError(f"{path}: a column of times goes with a column that tells sequences apart: add --id")
        return _wide(frame, answer, origin)
    times = time or (TIME if TIME in present else None)
    return _long(frame, answer, series, times, origin)


def _wide(frame: pd.DataFrame, answers: str | None, origin: Origin) -> LabelledSequences:
    steps = [name for name in frame.columns if name != answers]
    if not steps:
        raise DataError(f"{origin.source}: there is no column beside {answers!r}: give a column a step")
    values = _numbers(frame, steps, origin)
    X, lines = [], []
    for row, line in zip(values, _line_numbers(frame), strict=True):
        there = np.flatnonzero(~np.isnan(row))
        if not len(there):
            raise DataError(f"{origin.source}, line {line}: it has no value: leave it out")
        X.append(row[: there[-1] + 1, None])  # what is empty at the end is a shorter sequence
        lines.append(line)
    return LabelledSequences(X, _answers(frame, answers, origin), origin.source, lines)


def _long(
    frame: pd.DataFrame, answers: str | None, series: str, times: str | None, origin: Origin
) -> LabelledSequences:
    features = [name for name in frame.columns if name not in (answers, series, times)]
    if not features:
        raise DataError(f"{origin.source}: no column is left to look at: give one a feature")
    values, numbers = _numbers(frame, features, origin), _line_numbers(frame)
    given = _answers(frame, answers, origin)
    X, y, lines = [], [], []
    for name, found in frame.groupby(series, sort=False).indices.items():
        places = np.asarray(found)
        places = np.asarray(places)
        first = int(places[0])
        if times is not None:
            _check_order(frame[times].iloc[places], numbers, places, origin, times)
        if given is not None:
            other = next((place for place in places if given[place] != given[first]), None)
            if other is not None:
                raise DataError(
                    f"{origin.source}, line {numbers[other]}: sequence {name!r} is {str(given[other])!r} here and "
                    f"{str(given[first])!r} in line {numbers[first]}: give one answer a sequence"
                )
            y.append(given[first])
        X.append(values[places])
        lines.append(numbers[first])
    return LabelledSequences(X, np.array(y) if given is not None else None, origin.source, lines)


def _check_order(times: pd.Series, numbers: list[int], places: np.ndarray, origin: Origin, name: str) -> None:
    stamps = times if pd.api.types.is_numeric_dtype(times) else pd.to_datetime(times, errors="coerce", format="mixed")
    ticks = stamps.to_numpy()
    not_later = np.concatenate([[False], ~(ticks[1:] > ticks[:-1])])  # also where one is missing
    wrong = np.flatnonzero(stamps.isna().to_numpy() | not_later)
    if len(wrong):
        line = numbers[int(places[int(wrong[0])])]
        raise DataError(f"{origin.source}, line {line}: column {name!r} does not rise within its sequence: sort it")


def _numbers(frame: pd.DataFrame, names: list[str], origin: Origin) -> np.ndarray:
    """Columns as ``(rows, n)``, NaN where one is empty."""
    numbers = _line_numbers(frame)
    columns = []
    for name in names:
        given = frame[name]
        there = given.notna() & (given.astype(str) != "?")
        values = pd.to_numeric(given.where(there), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong = np.flatnonzero((np.isnan(values) & there.to_numpy()) | np.isinf(values))
        if len(wrong):
            place = int(wrong[0])
            raise DataError(
                f"{origin.source}, line {numbers[place]}: column {name!r} holds {str(given.iloc[place])!r}, which is "
                "no finite number: mend it, leave it empty where missing, or name the answers with --target"
            )
        columns.append(values)
    return np.stack(columns, 1)


def _answers(frame: pd.DataFrame, name: str | None, origin: Origin) -> np.ndarray | None:
    if name is None:
        return None
    empty = np.flatnonzero(frame[name].isna())
    if len(empty):
        line = _line_numbers(frame)[int(empty[0])]
        raise DataError(f"{origin.source}, line {line}: column {name!r} is empty: give every sequence its answer")
    return frame[name].astype(str).to_numpy(dtype=str)


def _line_numbers(frame: pd.DataFrame) -> list[int]:
    """The line of the file that each row stands in, below a header in line 1."""
    return list(range(2, len(frame) + 2))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
