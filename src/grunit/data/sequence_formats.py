"""The text formats of the UEA/UCR archive, line by line, so that a refusal can name the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from grunit.data.files import _read_text
from grunit.data.origin import Origin
from grunit.data.sequence_files import LabelledSequences
from grunit.errors import DataError

MISSING = {"?", "nan", ""}


def read_ts(path: Path) -> LabelledSequences:
    """``.ts``: a header of ``@`` lines, then a line a sequence, its features parted by ``:``, the answer last.

    Source: Bagnall et al., *The UEA multivariate time series classification archive* (2018).
    """
    header: dict[str, str] = {}
    X: list[np.ndarray] = []
    y: list[str] = []
    lines: list[int] = []
    begun = False
    for number, line in _lines(path, comments="#%"):
        if not begun:
            word, _, rest = line.partition(" ")
            if not word.startswith("@"):
                raise _refuse(path, number, f"{line[:30]!r} stands before @data: a header line begins with @")
            begun = word.lower() == "@data"
            header[word.lower()] = rest.strip()
            if header.get("@timestamps", "").lower() == "true":
                raise _refuse(path, number, "sequences with time stamps are not read: write the values alone")
            continue
        parts = line.split(":")
        labelled = _says_true(header, "@classlabel") or _says_true(header, "@targetlabel")
        if labelled:
            if len(parts) < 2:
                raise _refuse(path, number, "there is no ':' before the label: write  values:label")
            y.append(_check_label(path, number, parts.pop().strip(), header.get("@classlabel", "")))
        X.append(_side_by_side(path, number, [_numbers(path, number, part) for part in parts]))
        lines.append(number)
    if not begun:
        raise _refuse(path, None, "there is no line @data, so it is not a .ts file of sequences")
    numeric = _says_true(header, "@targetlabel")
    return _collect(path, X, np.array(y) if y else None, lines, numeric)


def read_arff(path: Path) -> LabelledSequences:
    """``.arff``: one feature, a value a column; or several, a quoted block whose lines ``\\n`` parts; the label last.

    Source: Hall et al., *The WEKA data mining software* (2009), for the format.
    """
    X: list[np.ndarray] = []
    y: list[str] = []
    lines: list[int] = []
    last, begun, relational, inside = "", False, False, False
    for number, line in _lines(path, comments="%"):
        low = line.lower()
        if begun:
            values, label = _split_arff(path, number, line, relational)
            X.append(_side_by_side(path, number, [_numbers(path, number, part) for part in values]))
            y.append(label)
            lines.append(number)
        elif low.startswith("@attribute"):
            relational, inside = relational or low.endswith("relational"), inside or low.endswith("relational")
            last = line if not inside else last
        elif low.startswith("@end"):
            inside = False
        elif low.startswith("@data"):
            begun = True
        elif not low.startswith("@relation"):
            raise _refuse(path, number, f"{line[:30]!r} is no line of an .arff header: write @attribute or @data")
    if not begun:
        raise _refuse(path, None, "there is no line @data, so it is not an .arff file of sequences")
    numeric = "{" not in last and bool(re.search(r"\b(real|numeric|integer)\s*$", last, re.I))
    return _collect(path, X, np.array(y) if y else None, lines, numeric)


def read_plain(path: Path) -> LabelledSequences:
    """A line a sequence, the label first, numbers parted by tabs, commas or spaces; NaN at the end of a shorter one."""
    X, y, lines = [], [], []
    for number, line in _lines(path, comments="#"):
        label, *words = re.split(r"\s*[,\t]\s*|\s+", line)
        values = _numbers(path, number, ",".join(words))
        there = np.flatnonzero(~np.isnan(values))
        if not len(there):
            raise _refuse(path, number, "it holds a label and no value: leave it out")
        X.append(values[: there[-1] + 1, None])
        y.append(_tidy(label))
        lines.append(number)
    return _collect(path, X, np.array(y), lines, False)


def _lines(path: Path, comments: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that say something."""
    origin = Origin(str(path))
    if not path.exists():
        raise origin.refuse("there is no such file", "check the path")
    if path.is_dir():
        raise origin.refuse("this is a folder", "give the file in it")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise origin.refuse(f"it cannot be read ({error.strerror or error})", "check its permissions") from error
    # Lines are counted as they stand in the file, so nothing is taken off its start.
    skipped = len(text) - len(text.lstrip(b"\xef\xbb\xbf\r\n"))
    before = text[:skipped].count(b"\n")
    for number, line in enumerate(_read_text(path, origin).decode().splitlines(), 1 + before):
        if line.strip() and line.lstrip()[0] not in comments:
            yield number, line.strip()


def _refuse(path: Path, number: int | None, what: str) -> DataError:
    return DataError(f"{path}, line {number}: {what}" if number is not None else f"{path}: {what}")


def _says_true(header: dict[str, str], name: str) -> bool:
    return header.get(name, "").lower().split(" ")[0] == "true"


def _check_label(path: Path, number: int, label: str, declared: str) -> str:
    names = declared.split()[1:]
    if not label or label == "?":
        raise _refuse(path, number, "the label is missing: give one")
    if names and label not in names:
        raise _refuse(path, number, f"the label {label!r} is none of those that @classLabel names: {', '.join(names)}")
    return label


def _numbers(path: Path, number: int, text: str) -> np.ndarray:
    """Numbers parted by commas, NaN where one is missing."""
    words = [word.strip() for word in text.split(",")]
    values = np.empty(len(words))
    for place, word in enumerate(words):
        try:
            values[place] = np.nan if word.lower() in MISSING else float(word)
        except ValueError:
            raise _refuse(path, number, f"value {place + 1} is {word[:30]!r}: give a number, ? where missing") from None
        if np.isinf(values[place]):
            raise _refuse(path, number, f"value {place + 1} is infinite: give a number, ? where missing")
    return values


def _side_by_side(path: Path, number: int, features: list[np.ndarray]) -> np.ndarray:
    """Features ``(T,)`` each, as ``(T, F)``."""
    steps = [len(values) for values in features]
    if len(set(steps)) > 1:
        other = next(index for index, count in enumerate(steps) if count != steps[0])
        raise _refuse(
            path, number, f"feature {other + 1} has {steps[other]} steps and feature 1 has {steps[0]}: give the same"
        )
    return np.stack(features, 1)


def _split_arff(path: Path, number: int, line: str, relational: bool) -> tuple[list[str], str]:
    if relational:
        found = re.fullmatch(r"""(['"])(.*)\1\s*,\s*(.*)""", line)
        if not found:
            raise _refuse(path, number, "it is not  'block',label  as its header says")
        return found[2].split("\\n"), found[3].strip("'\"")
    values, _, label = line.rpartition(",")
    return [values], label.strip().strip("'\"")


def _tidy(label: str) -> str:
    """Old files write the label 1 as 1.0000000e+00."""
    try:
        number = float(label)
    except ValueError:
        return label
    return str(int(number)) if number.is_integer() else label


def _collect(
    path: Path, X: list[np.ndarray], y: np.ndarray | None, lines: list[int], numeric: bool
) -> LabelledSequences:
    if not X:
        raise _refuse(path, None, "it holds no sequence")
    for array, number in zip(X, lines, strict=True):
        if array.shape[1] != X[0].shape[1]:
            raise _refuse(
                path, number, f"it has {array.shape[1]} features and line {lines[0]} has {X[0].shape[1]}: give the same"
            )
    return LabelledSequences(X, y, str(path), lines, numeric)
