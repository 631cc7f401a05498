"""What the arguments of a sequence estimator come to, given the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from grunit.data.sequences import Sequences
from grunit.errors import DataError, InputError
from grunit.nn.options import check_choice, check_part
from grunit.tasks.sequence_model import BRANCHES, FRONTS

STEPS = 600
"""Optimiser steps that the default number of epochs comes to."""


class DataTypeError(DataError, TypeError):
    """Data of a kind that cannot be used at all; also a ``TypeError``, which is what scikit-learn raises for these."""


def is_table(X: Any) -> bool:
    """Whether X is ``(N, T)`` in any form, a list of equally long lists of numbers among them.

    >>> is_table(np.zeros((3, 4))), is_table([[1, 2], [3, 4]]), is_table([[1, 2], [3]]), is_table([np.zeros(4)])
    (True, True, False, False)
    """
    if not isinstance(X, (list, tuple)):
        return getattr(X, "ndim", 2) != 3 and not (
            str(getattr(X, "dtype", "")) == "object" and getattr(X, "ndim", 2) == 1
        )
    if not all(isinstance(item, (list, tuple)) for item in X):
        return not all(getattr(item, "ndim", 0) for item in X)
    return bool(X) and len({len(item) for item in X}) == 1 and not any(np.ndim(value) for value in X[0])


def read_sequences(estimator: Any, X: Any, reset: bool) -> Sequences:
    """What ``fit`` (``reset``) and ``predict`` were given, held against what was fitted.

    Sets ``n_features_in_`` (columns of a table ``(N, T)``, else features of a step), ``steps_`` (T of a table, else
    None) and, from a frame, ``feature_names_in_``.

    Raises:
        DataError: the sequences cannot be used, or differ from those of ``fit``.
    """
    if is_table(X) and (reset or estimator.steps_ is not None):
        table = as_data_error(
            validate_data, estimator, X, reset=reset, dtype="numeric", ensure_all_finite="allow-nan", copy=True
        )
        sequences = Sequences.of(table)
    elif isinstance(X, np.ndarray) and X.dtype != object:
        sequences = Sequences.of(X)
    else:
        sequences = Sequences.of(X.to_numpy() if hasattr(X, "to_numpy") else X)
    if reset:
        estimator.steps_ = int(sequences.lengths[0]) if is_table(X) else None
        estimator.features_ = sequences.features
        if estimator.steps_ is None:
            estimator.n_features_in_ = sequences.features
            vars(estimator).pop("feature_names_in_", None)
    elif sequences.features != estimator.features_:
        raise DataError(
            f"X has {sequences.features} features, but {type(estimator).__name__} is expecting {estimator.features_} "
            "features as input: give what fit was given"
        )
    return sequences


def read_targets(y: Any, rows: int) -> np.ndarray:
    """Numbers ``(N,)`` or ``(N, K)``.

    Raises:
        DataError: they are missing, not numbers, not finite, or not one a sequence.
    """
    require_targets(y, rows)
    return as_data_error(check_array, y, ensure_2d=False, dtype=np.float64, input_name="y")


def require_targets(y: Any, rows: int) -> None:
    """Refuse what is not one answer a sequence.

    Raises:
        DataError: naming both numbers.
    """
    if y is None:
        raise DataError("this estimator requires y to be passed, but the target y is None: give one a sequence")
    values = y if hasattr(y, "__len__") and getattr(y, "ndim", True) else np.atleast_1d(np.asarray(y))
    if len(values) != rows:
        many = "1 value" if len(values) == 1 else f"{len(values)} values"
        raise DataError(f"X has {rows} sequences and y {many}, inconsistent numbers of samples: give one a sequence")


def as_data_error(check: Any, *arguments: Any, **options: Any) -> Any:
    """What a check of scikit-learn answers; what it refuses, as an error of grunit."""
    try:
        return check(*arguments, **options)
    except TypeError as error:
        raise DataTypeError(str(error)) from error
    except ValueError as error:
        raise DataError(str(error)) from error


def check_arguments(estimator: Any) -> None:
    """Refuse values out of range before any work.

    Raises:
        InputError: naming the argument.
    """
    for name in ("batch_size", "hidden_size", "num_layers"):
        value = getattr(estimator, name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise InputError(f"{name} is {value!r}: give a whole number of at least 1")
    check_part("validation_fraction", estimator.validation_fraction)
    check_choice("front", estimator.front, FRONTS)
    check_choice("branch", estimator.branch, BRANCHES)


def count_epochs(asked: int | None, batches: int) -> int:
    """Passes over the data: as asked, or as many as make 600 optimiser steps, at least 20 and at most 300.

    >>> count_epochs(None, 3), count_epochs(None, 100), count_epochs(7, 45)
    (200, 20, 7)
    """
    return min(300, max(20, -(-STEPS // batches))) if asked is None else asked


def split_rows(rows: int, share: float, seed: int, groups: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to validate on, each in ascending order; of every group the same share.

    A group of one row is learnt from; groups too small for their share give none.

    >>> split_rows(6, 0.5, seed=0, groups=np.array([0, 0, 0, 0, 1, 1]))
    (array([1, 3, 4]), array([0, 2, 5]))
    """
    generator = np.random.default_rng(seed)
    held = []
    for group in [None] if groups is None else np.unique(groups):
        members = np.arange(rows) if group is None else np.flatnonzero(groups == group)
        count = min(len(members) - 1, round(share * len(members)))
        held.append(generator.permutation(members)[:count])
    validation = np.sort(np.concatenate(held)).astype(int)
    return np.setdiff1d(np.arange(rows), validation), validation
