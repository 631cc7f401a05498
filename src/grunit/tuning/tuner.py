"""``grunit.tune``: search the arguments of an estimator, and fit the best anew."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sklearn.base import clone

from grunit.errors import GrunitError, InputError, suggest
from grunit.tuning.candidates import enqueue, list_candidates
from grunit.tuning.choices import label
from grunit.tuning.result import ENDED, Tuning, best_of, given_trial, read_trials, weigh_arguments
from grunit.tuning.space import LARGEST, Space, key_of, read_space
from grunit.tuning.study import METHODS, PRUNINGS, open_storage, quiet, read_storage, require_same_question
from grunit.tuning.trials import Job, clear_dead, count_done, open_job, run_trials
from grunit.tuning.validation import choose_validation
from grunit.tuning.workers import run_workers

TRIALS = 20


class NoTrialError(GrunitError):
    """A search of which no trial came to a score."""


def tune(
    estimator: Any,
    space: Any,
    *data: Any,
    trials: int | None = None,
    method: str = "bayesian",
    metric: Any = None,
    direction: str | None = None,
    pruning: str | None = "median",
    storage: Any = None,
    study: str = "grunit",
    resume: bool = True,
    workers: int = 1,
    seed: int = 0,
    timeout: float | None = None,
    n_windows: int | None = None,
    step_size: int | None = None,
    refit_windows: bool | None = None,
    static_df: Any = None,
    val_size: int | None = None,
    folds: int | None = None,
    holdout: float | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Tuning:
    """Try settings of an estimator on data they did not learn from, and fit the best one on all of it.

    Args:
        estimator: any of grunit's; what is not searched stays as it is. It is not changed itself.
        space: what to search, by argument: a list of values, or a range ``(low, high)``, ``(low, high, "log")``,
            ``(low, high, step)``. A range of whole numbers gives whole numbers. ``"cell_options.zoneout"`` names one
            entry of a mapping.
        data: a table for a :class:`grunit.Forecaster`, a text or a list of them for a :class:`grunit.LanguageModel`,
            else ``X, y``.
        trials: how many in all, those in ``storage`` included (default 20); of a grid how many of its combinations
            (default all), whatever else is in ``storage``. No setting is tried twice: where the space holds fewer, the
            search ends with them, and says so.
        method: ``"bayesian"`` (tree-structured Parzen estimator of Optuna: Bergstra et al. 2011), ``"random"`` or
            ``"grid"``.
        metric: forecasts: MAE (default), RMSE, MASE, sMAPE, CRPS; of several targets, whose units may be unlike: MASE
            (default), sMAPE, relative MAE, relative RMSE, relative CRPS, which are means over the targets of each one's
            score divided by that of the seasonal naive forecast. Classes: accuracy (default), balanced accuracy, macro
            F1, log loss. Numbers: RMSE (default), MAE, R2. Tags: entity F1 (default where they mark entities),
            accuracy. Translations: BLEU (default), chrF. Texts that are written: perplexity (default), bits per
            character. Or a function ``(estimator, X, y)``, the higher the better.
        direction: ``"minimize"`` where such a function is the better the lower.
        pruning: ``"median"`` stops a trial that is worse than half of those before it at the same share of its
            training, ``"halving"`` (successive halving: Jamieson and Talwalkar 2016) keeps the better half at each
            doubling of it, ``"none"`` or None trains all to their end. What is compared is the metric itself.
        storage: where trials are kept: the path of a journal, of an SQLite file (``.db``, ``.sqlite``), or the URL of a
            PostgreSQL or MySQL server, which many machines may share. None (default) keeps them in memory.
        study: name of the search within the storage.
        resume: go on with the trials that the storage holds (default), or refuse where it holds any.
        workers: processes, each on one thread (default 1: this process).
        seed: of what is proposed and of what is held back. The trials' own seed is the estimator's.
        timeout: seconds after which no further trial begins.
        n_windows, step_size, refit_windows: for forecasts: rolling windows at the end of the data, see
            :meth:`grunit.Forecaster.cross_validation`; 3 windows by default, one training before the first.
        static_df, val_size: as for :meth:`grunit.Forecaster.fit`.
        folds: for ``X, y``: cross-validation, of classes alike; only its first fold is watched for pruning.
        holdout: for ``X, y`` without folds: the share held back (default 0.25), of every class alike.
        progress: called with (trials done, trials in all, what comes next).

    Returns:
        the best estimator, and what every trial came to.

    A setting whose training diverges, or that is refused, is written down with the reason, and the search goes on.
    After Ctrl-C the finished trials are in the storage, and the same call goes on; the interrupted setting is tried
    again. Where the space holds the estimator's own values, they are tried first.

    Raises:
        InputError: the space names an argument there is none of, an empty range, another argument out of range; or the
            storage holds trials of another question.
        DataError: the data cannot be used.
        NoTrialError: no trial came to a score.
        MissingExtraError: Optuna is not installed.

    >>> import numpy as np
    >>> from grunit.tasks import SequenceClassifier
    >>> waves = [np.sin(np.arange(20) * pace) for pace in np.linspace(0.2, 0.4, 10).tolist() + [1.0] * 10]
    >>> classifier = SequenceClassifier(hidden_size=4, max_epochs=5, verbose=0)
    >>> labels = ["slow"] * 10 + ["quick"] * 10
    >>> found = tune(classifier, {"lr": [1e-6, 0.03]}, waves, labels, method="grid", metric="log loss")
    >>> found.best_params, len(found.to_frame())
    ({'lr': 0.03}, 2)
    """
    _require_whole("workers", workers)
    if trials is not None:
        _require_whole("trials", trials)
    for name, value, known in (("method", method, METHODS), ("pruning", pruning or "none", PRUNINGS)):
        if value not in known:
            raise InputError(f"unknown {name} {value!r}: {suggest(value, known)}")
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout is {timeout!r}: give seconds above 0, or None for no end")
    searched = read_space(space, estimator)
    place = read_storage(storage)
    validation = choose_validation(
        estimator,
        data,
        metric,
        direction,
        n_windows=n_windows,
        step_size=step_size,
        refit_windows=refit_windows,
        static_df=static_df,
        val_size=val_size,
        folds=folds,
        holdout=holdout,
        seed=None if hasattr(estimator, "fit_panel") else int(seed),
    )
    wanted = TRIALS if trials is None and method != "grid" else trials
    listed = list_candidates(searched, estimator, method, wanted, int(seed))
    points, asked = None, wanted
    if method == "bayesian" and searched.count() <= LARGEST:
        points = frozenset(map(key_of, searched.grid()))
        wanted = min(wanted or TRIALS, len(points))
    elif method == "grid" or (method == "random" and len(listed) < (wanted or 0)):
        wanted = len(listed)  # the space holds no more
        points = frozenset(key_of(labels) for labels in listed)
    assert wanted is not None
    until = None if timeout is None else time.time() + timeout
    with quiet() as optuna, tempfile.TemporaryDirectory() as folder:
        if place is None and workers > 1:
            place = str(Path(folder, "study.journal"))
        is_listed = method != "bayesian"
        job = Job(
            clone(estimator),
            searched,
            validation,
            is_listed,
            wanted,
            method,
            pruning or "none",
            int(seed),
            place,
            study,
            until,
            points,
        )
        opened = open_job(optuna, job, open_storage(optuna, place))
        require_same_question(opened, _question(estimator, job), resume, storage)
        clear_dead(optuna, opened)
        enqueue(opened, listed)
        before = count_done(opened)
        if workers > 1:
            run_workers(job, opened, workers, progress)
        else:
            run_trials(optuna, job, opened, progress=progress)
        rows = read_trials(opened)
        ended = _tell_end(searched, asked, count_done(opened, points)) if points else {}
        if progress is not None:
            progress(job.trials, job.trials, "done")
        if not any(row.score is not None for row in rows):
            raise NoTrialError(_no_trial(rows))
        best = best_of(rows, validation.direction)
        importance = weigh_arguments(optuna, opened, rows, int(seed))
    fitted = validation.fit(searched.settle(estimator, best.values))
    return Tuning(
        fitted,
        searched.values(best.values),
        float(best.score or 0.0),
        validation.metric,
        validation.direction,
        rows,
        given_trial(rows, searched.labels_of(estimator)),
        validation.baselines(),
        importance,
        searched,
        {
            "estimator": type(estimator).__name__,
            "method": method,
            "pruning": job.pruning,
            "seed": int(seed),
            "workers": workers,
            "storage": None if storage is None else str(storage),
            "study": study,
            "trials found there": before,
            **ended,
            **validation.facts(),
        },
    )


def _question(estimator: Any, job: Job) -> dict[str, Any]:
    """What must be the same for trials to be held against each other."""
    own = {name: label(value) for name, value in estimator.get_params(deep=False).items()}
    firsts = {name.partition(".")[0] for name in job.space.domains if "." not in name}
    return {
        "estimator": type(estimator).__name__,
        **{name: value for name, value in own.items() if name not in firsts | {"verbose", "device"}},
        "space": job.space.to_json(),
        "metric": job.validation.metric,
        "data": job.validation.checksum(),
        "validation": job.validation.facts(),
    }


def _tell_end(space: Space, asked: int | None, tried: int) -> dict[str, str]:
    """Why a search ended before the trials that were asked for: its space holds no more."""
    if asked is None or not tried == space.count() < asked:
        return {}
    what = f"all {tried} settings of the space were" if tried > 1 else "the only setting of the space was"
    return {ENDED: f"{what} tried, so the search ended before {asked} trials"}


def _no_trial(rows: list[Any]) -> str:
    reasons = [row.reason for row in rows if row.reason]
    if not reasons:
        return "no trial came to its end in the time there was: give more of it, or another timeout"
    return f"none of {len(rows)} trials came to a score; the first said: {reasons[0]}"


def _require_whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} is {value!r}: give a whole number of at least 1")
