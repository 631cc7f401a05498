"""Numbers that others trained for texts: vectors of words to begin from, or features in place of an embedding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from grunit.data.sequences import Sequences
from grunit.data.text.features import SentenceError
from grunit.errors import DataError, InputError

Features = Callable[[list[Any]], Any]
"""From texts, or from sentences as lists of tokens, to an array ``(T_i, E)`` each."""


def check_given(estimator: Any, what: str) -> None:
    """Refuse vectors beside features, and features that are no function.

    Args:
        estimator: has both as attributes.
        what: features are made of.

    Raises:
        InputError: naming the argument.
    """
    if estimator.vectors is not None and estimator.features is not None:
        raise InputError("vectors and features are both given: features bring their own numbers, leave vectors out")
    if estimator.features is not None and not callable(estimator.features):
        raise InputError(f"features is {estimator.features!r}: give a function of a list of {what}")


def read_features(
    given: Sequence[Any],
    features: Features | None,
    *,
    max_length: int | None = None,
    what: str = "text",
    numbers: Iterable[int] | None = None,
) -> Sequences:
    """What a function of the user's gives for texts or sentences.

    Args:
        given: texts, or sentences as lists of tokens, of which each token has one step.
        features: the function.
        max_length: steps that are looked at (default: all).
        what: one of them is called.
        numbers: by which messages call them, where they are part of more (default: counted from 1).

    Raises:
        InputError: there is no such function, or it gave too few.
        DataError: what it gave are no arrays ``(T, E)``, or it refused one.

    >>> read_features([["so", "good"]], lambda rows: [[[1.0], [2.0]] for row in rows], what="sentence").lengths.tolist()
    [2]
    """
    if features is None:
        raise InputError("this model was fitted on features, which are not saved: set its attribute features")
    names = [f"{what} {number}" for number in (range(1, len(given) + 1) if numbers is None else numbers)]
    try:
        answers = list(features(list(given)))
    except SentenceError as error:
        raise SentenceError(error.index, error.reason, names[error.index]) from None
    if len(answers) != len(given):
        raise InputError(f"features gave {len(answers)} arrays for {len(given)} {what}s: give one a {what}")
    found = [_read_one(one, name)[:max_length] for one, name in zip(answers, names, strict=True)]
    for name, one, tokens in zip(names, found, given, strict=True):
        if not isinstance(tokens, str) and len(one) != len(tokens):
            raise InputError(f"features gave {len(one)} rows for the {len(tokens)} tokens of {name}: give one a token")
        if one.ndim == 2 and one.shape[1] != found[0].shape[-1]:
            raise DataError(
                f"features gave {one.shape[1]} numbers a step for {name} and {found[0].shape[-1]} for {names[0]}: "
                "give the same to all"
            )
    return Sequences.of(found, "features", [f"features of {name}" for name in names])


def _read_one(given: Any, name: str) -> np.ndarray:
    try:
        found = np.asarray(given)
    except ValueError as error:
        raise DataError(f"features gave rows of unequal length for {name}: give an array (T, E)") from error
    if not found.ndim:
        raise DataError(f"features gave {given!r} for {name}: give an array (T, E)")
    return found


def require_size(sequences: Sequences, size: int) -> None:
    """Refuse features of another size than those of the fit.

    Raises:
        InputError: naming both sizes.
    """
    if sequences.features != size:
        raise InputError(f"features gave {sequences.features} numbers a step: give {size}, as in fit")
