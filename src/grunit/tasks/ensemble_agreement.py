"""What the models of an ensemble must have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grunit.errors import InputError

AGREED = {
    "Forecaster": ("h", "level", "id_col", "time_col", "target_col", "targets", "freq_"),
    "SequenceClassifier": ("classes_", "features_"),
    "SequenceRegressor": ("targets_", "features_"),
    "TextClassifier": ("classes_",),
}
"""By kind, what must be the same in all models; names that end in ``_`` are there after ``fit``."""


CLASSIFIERS = frozenset({"SequenceClassifier", "TextClassifier"})
"""Kinds whose answer is a class."""


def check_models(models: Any) -> None:
    """Refuse models that cannot answer as one.

    Raises:
        InputError: naming what differs.

    >>> import grunit
    >>> check_models([grunit.Forecaster(h=2), grunit.Forecaster(h=3)])
    Traceback (most recent call last):
        ...
    grunit.errors.InputError: models 1 and 2 of the Ensemble have another h (2 and 3): give models with the same
    """
    if not isinstance(models, Sequence) or isinstance(models, str) or not len(models):
        raise InputError(f"models is {models!r}: give a list of at least one model")
    for model in models:
        if getattr(model, "kind", None) not in AGREED:
            raise InputError(f"models holds a {type(model).__name__}: give models of {', '.join(AGREED)}")
    first = models[0]
    for place, model in enumerate(models[1:], 2):
        if model.kind != first.kind:
            raise InputError(
                f"models 1 and {place} of the Ensemble are a {first.kind} and a {model.kind}: give models of one task"
            )
        for name in AGREED[first.kind]:
            if not (hasattr(first, name) and hasattr(model, name)):
                continue  # not fitted yet
            one, other = (_comparable(name, getattr(each, name)) for each in (first, model))
            if one != other:
                raise InputError(
                    f"models 1 and {place} of the Ensemble have another {name.rstrip('_')} ({one} and {other}): "
                    "give models with the same"
                )


def check_weights(weights: Any, models: int) -> None:
    """Refuse weights that are not one a model, or that leave nothing.

    Raises:
        InputError: naming them.
    """
    if weights is None:
        return
    try:
        values = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (models,) or not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
        raise InputError(f"weights is {weights!r}: give {models} numbers of at least 0, one a model, not all 0")


def check_combine(combine: Any, weights: Any, kind: str) -> None:
    """Refuse a way to join answers that there is not, or not for these models.

    Raises:
        InputError: naming it.
    """
    if combine not in ("mean", "median"):
        raise InputError(f"combine is {combine!r}: give 'mean' or 'median'")
    if combine == "median" and weights is not None:
        raise InputError("combine='median' counts every model alike: leave weights out, or take combine='mean'")
    if combine == "median" and kind in CLASSIFIERS:
        raise InputError("combine='median' is of forecasts and numbers: classes take combine='mean'")


def _comparable(name: str, value: Any) -> Any:
    if name == "level":
        return sorted(set(np.asarray(value, dtype=float).tolist()))
    return value.tolist() if isinstance(value, np.ndarray) else value
