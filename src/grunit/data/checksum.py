"""Tells one data set from another, whatever it is made of and in whatever it was put."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

_WIDEST = {"b": "?", "i": "<i8", "u": "<i8", "f": "<f8", "c": "<c16", "M": "<M8[ns]", "m": "<m8[ns]"}
"""Of each kind of number, truth value or moment, how it is written."""
_LARGEST = np.iinfo(np.int64).max


def checksum(*parts: Any) -> str:
    """A short text that changes when any value does, but not with what holds the values.

    A list, a tuple, an array of any width and a column of a frame with the same values have the same checksum; whole
    numbers, other numbers and truth values are three kinds.

    Args:
        parts: arrays, frames, texts, numbers, and lists and mappings of these.

    >>> checksum([1.0, 2.0], ["a"]) == checksum(np.array([1.0, 2.0]), np.array(["a"]))
    True
    >>> checksum(["ab"]) == checksum(["a", "b"]), checksum([1]) == checksum([1.0])
    (False, False)
    """
    digest = _Digest()
    for part in parts:
        digest.add(part)
    return digest.text()


class _Digest:
    """Two hashes: of how the values are arranged, and of the values one behind the other.

    The first tells where in the second each value ends, and so the two together cannot be of anything else. Apart, a
    whole list of plain values takes one update of each.
    """

    def __init__(self) -> None:
        self.shape, self.values = hashlib.sha256(), hashlib.sha256()

    def text(self) -> str:
        return hashlib.sha256(self.shape.digest() + self.values.digest()).hexdigest()[:16]

    def add(self, part: Any) -> None:
        if type(part) is list:  # the many sentences of a text are spared the questions
            self._add_list(part)
            return
        if hasattr(part, "columns"):  # pandas and polars
            self.shape.update(f"columns{len(part.columns)};".encode())
            for name in part.columns:
                self.add(str(name))
                self.add(part[name])
            return
        if hasattr(part, "to_numpy"):
            part = part.to_numpy()
        if isinstance(part, np.ndarray):
            numbers = _numbers(part)
            if numbers is not None:
                self._add_numbers(numbers)
                return
        if isinstance(part, dict):
            self.shape.update(b"mapping;")
            self.add(list(part))
            self.add(list(part.values()))
            return
        if hasattr(part, "tolist"):
            part = part.tolist()
        if isinstance(part, (list, tuple)):
            self._add_list(part)
        else:
            self._add_one(part)

    def _add_list(self, items: Sequence[Any]) -> None:
        kinds = set(map(type, items))
        if kinds and all(issubclass(kind, str) for kind in kinds):
            self.shape.update(b"[%ds%b;" % (len(items), _lengths(items)))
            self.values.update(_encode("".join(items)))
        elif (numbers := _numbers_of(items, kinds)) is not None:
            self._add_numbers(numbers)
        else:
            self.shape.update(f"[{len(items)}*;".encode())
            for item in items:
                self.add(item)

    def _add_numbers(self, numbers: np.ndarray) -> None:
        """The same as for a list of lists of their values."""
        rows = f"[{numbers.shape[-1]}{numbers.dtype.kind};" if numbers.shape[-1] else "[0*;"
        for length in reversed(numbers.shape[:-1]):
            rows = f"[{length}*;" + rows * length
        self.shape.update(rows.encode())
        self.values.update(numbers.tobytes())

    def _add_one(self, value: Any) -> None:
        text = _encode(str(value))
        name = "str" if isinstance(value, str) else type(value).__name__
        self.shape.update(f"{name}:{len(text)};".encode())
        self.values.update(text)


def _lengths(texts: Sequence[str]) -> bytes:
    """A byte a text, as most are short, and else in digits."""
    try:
        return b"a" + bytes(map(len, texts))
    except ValueError:
        return b"b" + ",".join(map(str, map(len, texts))).encode()


def _encode(text: str) -> bytes:
    # Half a character cannot be written, but whoever reads the text says so better.
    return text.encode("utf-8", "surrogatepass")


def _numbers_of(items: Sequence[Any], kinds: set[type]) -> np.ndarray | None:
    """A list of numbers alone as an array; None if it is none, or they are too large for one."""
    truth = [issubclass(kind, (bool, np.bool_)) for kind in kinds]
    number = [issubclass(kind, (int, float, np.integer, np.floating)) for kind in kinds]
    if not kinds or any(issubclass(kind, np.timedelta64) for kind in kinds):
        return None
    if not all(truth) and (any(truth) or not all(number)):
        return None
    return _numbers(np.array(items))


def _numbers(array: np.ndarray) -> np.ndarray | None:
    """Numbers of any width in the widest; None if they are none, or too large."""
    if not array.ndim:
        return None
    if array.dtype.kind == "u" and array.size and array.max() > _LARGEST:
        return None
    wide = _WIDEST.get(array.dtype.kind)
    return None if wide is None else array.astype(wide, copy=False)
