"""Whole sequences, of equal or unequal length, as examples: one block of numbers and where each begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grunit.errors import DataError


@dataclass(frozen=True)
class Sequences:
    """N sequences of F features, one behind the other.

    Args:
        values: ``(steps of all, F)``, float64; NaN where a value is missing.
        lengths: ``(N,)`` steps of each, at least 1.

    >>> ragged = Sequences.of([[1.0, 2.0], [3.0]])
    >>> len(ragged), ragged.features, ragged.lengths.tolist(), ragged[0].ravel().tolist()
    (2, 1, [2, 1], [1.0, 2.0])
    """

    values: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, X: Any, name: str = "X", names: Sequence[str] | None = None) -> Sequences:
        """From an array ``(N, T)`` or ``(N, T, F)``, or a list of ``(T_i,)`` or ``(T_i, F)``.

        Args:
            X: the sequences.
            name: of all of them, for messages.
            names: of each of a list (default: the name of all and a number).

        Raises:
            DataError: there is no sequence, one has no steps, text or complex numbers in it, infinity, or other
                features than the first; without names the message counts sequences from 0.
        """
        if isinstance(X, np.ndarray) and X.dtype != object:
            return cls._of_array(X, name)
        items = list(X)
        if not items:
            raise DataError(f"{name} has 0 sample(s) while a minimum of 1 is required: give at least one sequence")
        each = [f"{name}, sequence {index}" for index in range(len(items))] if names is None else names
        arrays = [_read_one(item, where) for item, where in zip(items, each, strict=True)]
        width = arrays[0].shape[1]
        for index, array in enumerate(arrays):
            if array.shape[1] != width:
                both = (f"{name}: sequence {index}", "sequence 0") if names is None else (names[index], names[0])
                raise DataError(
                    f"{both[0]} has {array.shape[1]} features and {both[1]} has {width}: give the same to all"
                )
        return cls(np.concatenate(arrays), np.array([len(array) for array in arrays]))

    @classmethod
    def _of_array(cls, X: np.ndarray, name: str) -> Sequences:
        if X.ndim not in (2, 3):
            raise DataError(f"{name} has shape {X.shape}: give (N, T), (N, T, F) or a list of (T_i, F)")
        X = X[..., None] if X.ndim == 2 else X
        if 0 in X.shape:
            raise DataError(f"{name} has shape {X.shape}, which holds nothing: give at least one sequence of one step")
        values = _numbers(X, name).reshape(-1, X.shape[2])
        return cls(values, np.full(len(X), X.shape[1]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        """One sequence, ``(T_i, F)``."""
        start = int(self.starts[index])
        return self.values[start : start + int(self.lengths[index])]

    @property
    def features(self) -> int:
        """F, the numbers of one step."""
        return self.values.shape[1]

    @property
    def starts(self) -> np.ndarray:
        """``(N,)``: the row of ``values`` at which each sequence begins."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]])

    def take(self, rows: Sequence[int] | np.ndarray) -> Sequences:
        """Some of the sequences, in the order asked for.

        >>> Sequences.of([[1.0, 2.0], [3.0]]).take([1]).values.tolist()
        [[3.0]]
        """
        chosen = [self[int(row)] for row in rows]
        return Sequences(np.concatenate(chosen), np.array([len(one) for one in chosen]))


def _read_one(item: Any, where: str) -> np.ndarray:
    try:
        array = np.asarray(item)
    except ValueError as error:
        raise DataError(f"{where}: its steps differ in their number of features: give an array (T, F)") from error
    if array.ndim not in (1, 2):
        raise DataError(f"{where} has shape {array.shape}: give (T,) or (T, F)")
    if 0 in array.shape:
        raise DataError(
            f"{where} has shape {array.shape}, which holds nothing: leave it out, or give at least one step"
        )
    return _numbers(array.reshape(len(array), -1), where)


def _numbers(array: np.ndarray, where: str) -> np.ndarray:
    """A copy in double precision; NaN may be in it, infinity not."""
    if np.iscomplexobj(array):
        raise DataError(f"{where}: complex data not supported: give real and imaginary part as two features")
    try:
        values = np.array(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{where} holds something that is not a number ({error}): give numbers, NaN where missing"
        ) from error
    if np.isinf(values).any():
        place = tuple(int(axis[0]) for axis in np.nonzero(np.isinf(values)))
        raise DataError(f"{where} contains infinity at {place}: give finite numbers, NaN where missing")
    return values
