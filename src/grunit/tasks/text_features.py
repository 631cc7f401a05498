"""Numbers that others trained for texts: vectors of words to begin from, or features in place of an embedding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grunit.data.sequences import Sequences
from grunit.errors import InputError

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
    given: Sequence[Any], features: Features | None, *, max_length: int | None = None, what: str = "text"
) -> Sequences:
    """What a function of the user's gives for texts or sentences.

    Args:
        given: texts, or sentences as lists of tokens, of which each token has one step.
        features: the function.
        max_length: steps that are looked at (default: all).
        what: one of them is called.

    Raises:
        InputError: there is no such function, or it gave too few.
        DataError: what it gave are no arrays ``(T, E)``.

    >>> read_features([["so", "good"]], lambda rows: [[[1.0], [2.0]] for row in rows], what="sentence").lengths.tolist()
    [2]
    """
    if features is None:
        raise InputError("this model was fitted on features, which are not saved: set its attribute features")
    found = [np.asarray(one)[:max_length] for one in features(list(given))]
    if len(found) != len(given):
        raise InputError(f"features gave {len(found)} arrays for {len(given)} {what}s: give one a {what}")
    for index, (one, tokens) in enumerate(zip(found, given, strict=True)):
        if not isinstance(tokens, str) and len(one) != len(tokens):
            raise InputError(
                f"features gave {len(one)} rows for the {len(tokens)} tokens of {what} {index + 1}: give one a token"
            )
    return Sequences.of(found, "features")


def require_size(sequences: Sequences, size: int) -> None:
    """Refuse features of another size than those of the fit.

    Raises:
        InputError: naming both sizes.
    """
    if sequences.features != size:
        raise InputError(f"features gave {sequences.features} numbers a step: give {size}, as in fit")
