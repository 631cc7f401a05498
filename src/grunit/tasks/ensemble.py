"""Several models of one task that answer as one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from torch import Tensor

from grunit.bundle import write_bundle
from grunit.errors import InputError
from grunit.tasks.ensemble_agreement import AGREED, CLASSIFIERS, check_combine, check_models, check_weights
from grunit.tasks.ensemble_checkpoint import EnsembleCheckpoint
from grunit.tasks.ensemble_frames import Joined, join_answers, join_frames
from grunit.tasks.estimator import Estimator, UnfittedError


def _only(*kinds: str) -> Any:
    """Methods that an ensemble has where its members have them."""
    return available_if(lambda ensemble: ensemble.models[0].kind in kinds)


class Ensemble(BaseEstimator):
    """Answers with the mean, or the median, of what several models say.

    Args:
        models: at least one, all of one kind: :class:`grunit.Forecaster` (the same ``h``, ``level`` and column names),
            :class:`grunit.SequenceClassifier` or :class:`grunit.TextClassifier` (the same classes), or
            :class:`grunit.SequenceRegressor` (the same number of targets). Fitted ones answer at once; :meth:`fit`
            trains all.
        weights: of each model, at least 0, in any unit; None (default) for alike.
        combine: ``"mean"`` (default), or ``"median"`` of forecasts and numbers, which one model that is far off does
            not move; it takes no weights and is not for classes.

    Forecasts are means of medians and of the ends of intervals, that is of quantiles, which keeps intervals as sharp as
    those of the members (Lichtendahl, Grushka-Cockayne & Winkler, *Is it better to average probabilities or
    quantiles?*, Management Science 59, 2013); classes are the likeliest by the mean of the probabilities; numbers are
    means.

    Attributes:
        members: the fitted models in use: those that :meth:`fit` trained, else those given.
        h, level, freq_, id_col, time_col, target_col, classes_, features_, targets_: what all members agree on, where
            they have it.

    Raises:
        InputError: models of different tasks, classes, horizons or levels, or weights or ``combine`` that do not fit.

    >>> import numpy as np, grunit
    >>> X, y = [np.linspace(0, side, n) for side in (1, -1) for n in (4, 5, 6)], ["up"] * 3 + ["down"] * 3
    >>> one = grunit.SequenceClassifier(hidden_size=4, max_epochs=20, lr=0.02, verbose=0)
    >>> Ensemble.of_seeds(one, 2).fit(X, y).predict([np.array([0.0, 0.4, 0.8])])
    array(['up'], dtype='<U4')
    """

    kind = "Ensemble"

    def __init__(self, models: Sequence[Estimator], weights: Sequence[float] | None = None, *, combine: str = "mean"):
        self.models = models
        self.weights = weights
        self.combine = combine
        check_models(models)
        check_weights(weights, len(models))
        check_combine(combine, weights, models[0].kind)

    @classmethod
    def of_seeds(cls, estimator: Estimator, seeds: int | Iterable[int] = 5) -> Ensemble:
        """Copies of an estimator, not fitted, that differ in their seed alone.

        Args:
            estimator: fitted or not; it stays as it is.
            seeds: the seeds, or how many, counted from 0.

        >>> import grunit
        >>> [model.seed for model in Ensemble.of_seeds(grunit.Forecaster(h=2), 3).models]
        [0, 1, 2]
        """
        chosen = range(seeds) if isinstance(seeds, int) else list(seeds)
        return cls([clone(estimator).set_params(seed=seed) for seed in chosen])

    @property
    def members(self) -> list[Any]:
        """The fitted models; NotFittedError where one is not."""
        return self._fitted()

    def _fitted(self) -> list[Any]:
        found = list(getattr(self, "models_", self.models))
        for place, model in enumerate(found, 1):
            if not hasattr(model, "model_"):
                raise UnfittedError(f"model {place} of this Ensemble is not fitted: call fit of the ensemble or of it")
        check_models(found)
        check_weights(self.weights, len(found))
        check_combine(self.combine, self.weights, found[0].kind)
        return found

    def __getattr__(self, name: str) -> Any:
        if name == "members":  # a NotFittedError is an AttributeError, after which Python asks here
            return self._fitted()
        if name in {"models", "models_"} or name not in AGREED.get(self.models[0].kind, ()):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(getattr(self, "models_", self.models)[0], name)

    def __sklearn_is_fitted__(self) -> bool:
        return all(hasattr(model, "model_") for model in getattr(self, "models_", self.models))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        kind = self.models[0].kind
        if kind in CLASSIFIERS:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        elif kind == "SequenceRegressor":
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        tags.target_tags.required = kind != "Forecaster"
        tags.input_tags.allow_nan = tags.input_tags.three_d_array = True
        return tags

    def fit(
        self, *data: Any, resume: bool = False, checkpoint: str | os.PathLike | None = None, **options: Any
    ) -> Ensemble:
        """Train a copy of every model on the same data; the models given stay as they are.

        Args:
            data, options: as ``fit`` of the members takes them.
            resume: go on with a fit of the same data that was interrupted: members that are done are not trained
                anew, and the others come to the same weights as without the interruption.
            checkpoint: a folder that keeps members that are done and the checkpoint of the one being trained, and is
                removed at the end, so that even a killed process can be resumed.

        Raises:
            InputError: ``resume`` without a checkpoint, or with one of other settings or data.
            BundleError: there is nothing to resume.
        """
        if checkpoint is None:
            if resume:
                raise InputError("resume goes on from a folder: name it with checkpoint, or call fit without resume")
            self.models_ = [clone(model).fit(*data, **options) for model in self.models]
            return self
        kept = {name: value for name, value in options.items() if name != "watch"}
        folder = EnsembleCheckpoint(checkpoint, list(self.models), [*data, kept], resume)
        self.models_ = list(folder.train(data, options))
        folder.clear()
        return self

    def predict(self, *data: Any, **options: Any) -> Any:
        """As ``predict`` of the members: a frame of forecasts, labels or numbers.

        The columns of forecasts are called ``Ensemble``, ``Ensemble-lo-80`` and so on.

        Raises:
            NotFittedError: a member is not fitted.
            DataError: as the members; or they forecast other series or times than each other.
        """
        kind, members = self.models[0].kind, self.members
        if kind in CLASSIFIERS:
            return self.classes_[self.predict_proba(*data, **options).argmax(1)]
        answers = [member.predict(*data, **options) for member in members]
        if kind == "Forecaster":
            return join_frames(answers, self._shares(), kind, type(self).__name__)
        return join_answers(answers, self._shares())

    @_only(*CLASSIFIERS)
    def predict_proba(self, X: Any) -> np.ndarray:
        """The mean probability of each class, ``(N, classes)`` in the order of ``classes_``."""
        return np.average([member.predict_proba(X) for member in self.members], axis=0, weights=self._shares())

    @_only(*CLASSIFIERS, "SequenceRegressor")
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of a classifier, R2 of a regressor."""
        measure = accuracy_score if self.models[0].kind in CLASSIFIERS else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    @_only("Forecaster")
    def evaluate(self, df: Any, *arguments: Any, **options: Any) -> pd.DataFrame:
        """Scores of the ensemble and of the baselines, as :meth:`grunit.Forecaster.evaluate`.

        All members are judged together on the same windows; by default on those that lie after the training data of
        all of them. The season of MASE and of the baselines is that of the members, or, where theirs differ, of the
        step of time.

        Raises:
            InputError: the members look at different columns.
        """
        return Joined(self.members, self._shares(), type(self).__name__).evaluate(df, *arguments, **options)

    @_only("Forecaster")
    def cross_validation(self, df: Any, *arguments: Any, **options: Any) -> Any:
        """Forecasts of past windows by copies trained before them, as :meth:`grunit.Forecaster.cross_validation`."""
        answers = [model.cross_validation(df, *arguments, **options) for model in self.models]
        return join_frames(answers, self._shares(), self.models[0].kind, type(self).__name__)

    def save(self, path: str | os.PathLike, overwrite: bool = False) -> Path:
        """Write all members to one folder, whole or not at all; :func:`grunit.load` reads it.

        Raises:
            NotFittedError: a member is not fitted.
            InputError: the fit of a member was interrupted.
            BundleError: the folder exists and ``overwrite`` is False, or cannot be written.
        """
        tensors: dict[str, Tensor] = {}
        encoders: dict[str, dict[str, Any]] = {}
        parts = []
        for place, member in enumerate(self.members):
            if getattr(member, "checkpoint_", None) is not None:
                raise InputError(f"the fit of model {place + 1} was interrupted: resume it first, or leave it out")
            config, own, learnt = member.contents()
            parts.append({"kind": member.kind, "config": config})
            tensors |= {f"{place}.{name}": value for name, value in own.items()}
            encoders |= {f"{place}-{name}": value for name, value in learnt.items()}
        weights = None if self.weights is None else np.asarray(self.weights, dtype=float).tolist()
        return write_bundle(
            path,
            self.kind,
            {"members": parts, "weights": weights, "combine": self.combine},
            tensors,
            encoders,
            overwrite=overwrite,
        )

    def _shares(self) -> np.ndarray | None:
        """The weights, to the sum of 1; None for the median."""
        if self.combine == "median":
            return None
        given = np.ones(len(self.models)) if self.weights is None else np.asarray(self.weights, dtype=float)
        return given / given.sum()
