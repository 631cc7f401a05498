"""How a trial is judged: on data it did not learn from, the same for every trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sklearn.base import is_classifier, is_regressor

from grunit.errors import InputError, suggest
from grunit.tasks.measures import HIGHER, metrics_of
from grunit.tasks.metrics import METRICS
from grunit.tuning.forecast_validation import SEVERAL, ForecastValidation
from grunit.tuning.labelled_validation import LabelledValidation

MINIMIZE, MAXIMIZE = "minimize", "maximize"
DIRECTIONS = {
    **dict.fromkeys((*METRICS, *SEVERAL, "log loss", "perplexity", "bits per character"), MINIMIZE),
    **dict.fromkeys(("accuracy", "balanced accuracy", "macro F1", "R2", "score", *HIGHER), MAXIMIZE),
}
"""Whether less or more of a metric is better."""
CLASSES = ("accuracy", "balanced accuracy", "macro F1", "log loss")
NUMBERS = ("RMSE", "MAE", "R2")

Watch = Callable[[Any, Callable[[], float]], Callable[[Any], None] | None]
"""Given the estimator that is about to be trained and a function that scores it as it stands, what to call with the
history after every epoch; None for nothing."""


class Validation(Protocol):
    """What :func:`grunit.tune` asks of a way to judge."""

    metric: str
    direction: str

    def score(self, estimator: Any, watch: Watch) -> dict[str, Any]:
        """Train a copy of an estimator and judge it.

        Returns:
            ``"score"``, and what else is worth keeping: ``"parameters"``, ``"epochs"``.
        """

    def baselines(self) -> dict[str, float]:
        """Scores of what does not learn, on the same data."""

    def fit(self, estimator: Any) -> Any:
        """Train an estimator on all the data."""

    def checksum(self) -> str:
        """Tells one data set from another."""

    def facts(self) -> dict[str, Any]:
        """How it is judged, as plain data."""


def choose_validation(estimator: Any, data: tuple[Any, ...], metric: Any, direction: str | None, **how: Any) -> Any:
    """The way to judge that fits an estimator.

    Args:
        estimator: any of grunit's.
        data: a table for a forecaster, else ``X, y``, or ``X`` alone where there is nothing to answer.
        metric: a name, a function ``(estimator, X, y)`` whose answer is better the higher it is, or None for the usual.
        direction: ``"minimize"`` or ``"maximize"``, where ``metric`` is a function that is not better the higher.
        how: the arguments of :func:`grunit.tune` that say how it is judged.

    Raises:
        InputError: an unknown metric or direction, or an argument that does not go with this estimator.
        DataError: the data cannot be used.
    """
    if direction not in (None, MINIMIZE, MAXIMIZE):
        raise InputError(f"direction is {direction!r}: use minimize or maximize")
    is_forecaster = hasattr(estimator, "fit_panel")
    known = _metrics(estimator, is_forecaster, data)
    if metric is None:
        metric = known[0]
        if not is_forecaster and metric == "score" and not hasattr(estimator, "score"):
            raise InputError(
                f"{type(estimator).__name__} has no score of its own: give metric as a function (estimator, X, y)"
            )
    elif not callable(metric) and metric not in known:
        whose = type(estimator).__name__ + (" with several targets" if known is SEVERAL else "")
        raise InputError(f"unknown metric {metric!r} of {whose}: {suggest(metric, known)}")
    if callable(metric):
        if is_forecaster:
            raise InputError(f"a forecaster is judged by name: use one of {', '.join(known)}")
        direction = direction or MAXIMIZE
    elif direction not in (None, DIRECTIONS[metric]):
        raise InputError(f"direction is {direction!r}, but {metric} is better the other way: leave direction out")
    else:
        direction = DIRECTIONS[metric]
    ours = FORECAST_ARGUMENTS if is_forecaster else LABELLED_ARGUMENTS
    for name, value in how.items():
        if name not in ours and value is not None:
            raise InputError(
                f"{name} is not for {type(estimator).__name__}, which takes {', '.join(ours)}: leave it out"
            )
    given = {name: value for name, value in how.items() if name in ours and value is not None}
    kind: Any = ForecastValidation if is_forecaster else LabelledValidation
    return kind(estimator, *_unpack(estimator, data, is_forecaster), metric, direction, **given)


FORECAST_ARGUMENTS = ("n_windows", "step_size", "refit_windows", "static_df", "val_size")
LABELLED_ARGUMENTS = ("folds", "holdout", "seed")


def _metrics(estimator: Any, is_forecaster: bool, data: tuple[Any, ...]) -> tuple[str, ...]:
    """Names that an estimator can be judged by, the usual first."""
    if is_forecaster:
        return SEVERAL if len(estimator.targets) > 1 else METRICS
    if is_classifier(estimator):
        return CLASSES
    if is_regressor(estimator):
        return NUMBERS
    own = ("perplexity",) if hasattr(estimator, "perplexity") else ("score",)
    return metrics_of(estimator, *data[:2]) or own


def _unpack(estimator: Any, data: tuple[Any, ...], is_forecaster: bool) -> tuple[Any, ...]:
    """The data as the validation takes it."""
    wanted = "a table" if is_forecaster else "X and y"
    if not data or len(data) > (1 if is_forecaster else 2):
        raise InputError(f"{type(estimator).__name__} learns from {wanted}, and {len(data)} data came: give {wanted}")
    if not is_forecaster and len(data) == 1:
        if is_classifier(estimator) or is_regressor(estimator):
            raise InputError(f"{type(estimator).__name__} learns from X and y, and y is missing: give both")
        return (data[0], None)
    return data
