"""What a text classifier was given, checked before any work."""

from __future__ import annotations

from typing import Any

import numpy as np

from grunit.data.text import TextEncoder
from grunit.errors import DataError, InputError
from grunit.nn.options import check_part
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.tasks.text_features import check_given

STEPS = 600
"""Optimiser steps that the default number of epochs comes to."""


def check_arguments(estimator: Any) -> None:
    """Refuse values out of range.

    Raises:
        InputError: naming the argument.
    """
    for name in ("batch_size", "hidden_size", "num_layers", "embedding_size", "pair_size", "max_length"):
        value = getattr(estimator, name)
        if value is None and name == "max_length":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise InputError(f"{name} is {value!r}: give a whole number of at least 1")
    for name in ("validation_fraction", "dropout", "word_dropout", "embedding_dropout"):
        check_part(name, getattr(estimator, name))
    if estimator.pairs not in (False, True):
        raise InputError(f"pairs is {estimator.pairs!r}: use True or False")
    if estimator.pairs and estimator.features is not None:
        raise InputError("pairs and features are both given: features stand for all embeddings, leave pairs out")
    check_given(estimator, "texts")
    require_plain_inputs(estimator.cell, "a text classifier")


def make_encoder(estimator: Any) -> TextEncoder:
    """An encoder that has learnt nothing yet.

    Raises:
        InputError: an argument of it.
    """
    return TextEncoder(
        estimator.unit,
        lowercase=bool(estimator.lowercase),
        normalization=estimator.normalization,
        min_count=estimator.min_count,
        max_size=estimator.vocabulary_size,
    )


def read_texts(texts: Any, name: str = "texts") -> list[str]:
    """A list of strings.

    Raises:
        DataError: it is one string, or something in it is none; counted from 0.
    """
    if isinstance(texts, (str, bytes)):
        raise DataError(f"{name} is one string: give a list of strings")
    try:
        found = [str(text) if isinstance(text, str) else text for text in texts]  # also strings of NumPy
    except TypeError:
        raise DataError(f"{name} is a {type(texts).__name__}: give a list of strings") from None
    for index, text in enumerate(found):
        if not isinstance(text, str):
            raise DataError(f"{name}[{index}] is {text!r}, a {type(text).__name__}: give a string")
    return found


def read_pairs(texts: Any, labels: Any, where: str = "") -> tuple[list[str], np.ndarray]:
    """Texts and as many labels, none of them missing.

    Raises:
        DataError: there are too few, or one is missing; counted from 0.
    """
    found = read_texts(texts, f"{where}texts")
    if labels is None or isinstance(labels, (str, bytes)) or not hasattr(labels, "__len__"):
        raise DataError(f"{where}labels is {labels!r}: give a list, one label a text")
    if len(labels) != len(found):
        raise DataError(f"there are {len(found)} {where}texts and {len(labels)} {where}labels: give one a text")
    if not found:
        raise DataError(f"there are no {where}texts: give at least one")
    for index, (text, label) in enumerate(zip(found, labels, strict=True)):
        if not text.strip():
            raise DataError(f"{where}texts[{index}] is empty: leave it out")
        if label is None or label != label:
            raise DataError(f"{where}labels[{index}] is missing: give every text its label, or leave it out")
    return found, np.asarray(labels)


def count_epochs(asked: int | None, batches: int) -> int:
    """Passes over the texts: as asked, or as many as make 600 optimiser steps, at least 8 and at most 200.

    >>> count_epochs(None, 3), count_epochs(None, 216), count_epochs(7, 45)
    (200, 8, 7)
    """
    return min(200, max(8, -(-STEPS // batches))) if asked is None else asked
