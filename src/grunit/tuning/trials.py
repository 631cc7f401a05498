"""One trial after another: claimed from the study, trained, judged, and written down, whatever comes of it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from grunit.errors import GrunitError, InputError
from grunit.tuning.space import Space, key_of
from grunit.tuning.study import RUNGS, make_pruner, make_sampler, open_storage, open_study
from grunit.tuning.untried import Untried

FAILURES = (GrunitError, ArithmeticError, MemoryError, RuntimeError, ValueError)
"""What a setting may end in without ending the search: a loss that is no number, memory that does not suffice."""
FINISHED, PRUNED, FAILED, INTERRUPTED = "finished", "cut short", "failed", "interrupted"
ASKED, OUTCOME, REASON, PROCESS = "asked", "outcome", "reason", "process"
UNNAMED = 60.0
"""Seconds after which a trial whose process has not said its name is taken for dead."""


class Pruned(Exception):  # noqa: N818 - it is no error
    """A trial that is not worth going on with."""


@dataclass(frozen=True)
class Job:
    """What every process that runs trials must know.

    Args:
        estimator: with the arguments that are not searched.
        space: of those that are.
        validation: how a trial is judged.
        is_listed: whether the settings to try stand in the study beforehand, and the sampler proposes none.
        trials: how many in all, those that are in the study included.
        method, pruning, seed, storage, name: see :func:`grunit.tune`.
        points: keys of the settings that count, each once, where all of them are known beforehand; None where every
            trial of the study counts.
        until: time (of ``time.time``) after which no trial begins; None for none.
    """

    estimator: Any
    space: Space
    validation: Any
    is_listed: bool
    trials: int
    method: str
    pruning: str
    seed: int
    storage: str | None
    name: str
    until: float | None = None
    points: frozenset[str] | None = None


def open_job(optuna: Any, job: Job, storage: Any = None, worker: int = 0) -> Any:
    """The study of a job, with its sampler and its pruner."""
    storage = open_storage(optuna, job.storage) if storage is None else storage
    study = open_study(optuna, storage, job.name, job.validation.direction, pruner=make_pruner(optuna, job.pruning))
    begun = len(study.get_trials(deepcopy=False))
    sampler = make_sampler(optuna, job.method, job.seed, begun, worker, job.trials)
    if not job.is_listed:
        probe = optuna.create_study().ask()
        job.space.ask(probe)
        sampler = Untried(sampler, job.space, probe.distributions, keys_beside, job.seed)
    study.sampler = sampler
    return study


def keys_beside(study: Any, trial: Any) -> set[str]:
    """Keys of the settings that a study holds besides those of one trial: tried, running, or in the line."""
    return {
        other.user_attrs.get(ASKED) or key_of(other.params)
        for other in study.get_trials(deepcopy=False)
        if other.number != trial.number and outcome_of(other) != INTERRUPTED
    }


def run_trials(
    optuna: Any,
    job: Job,
    study: Any,
    lock: AbstractContextManager[Any] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> None:
    """Run trials until there are enough, or the time is over.

    Args:
        lock: held while a trial is claimed, where several processes do so.
        progress: called with (trials done, trials in all, what comes next).
    """
    while job.until is None or time.time() < job.until:
        with lock or nullcontext():
            trial = claim(optuna, job, study)
            if trial is None:
                break
            try:
                # Before another process claims one: what is asked here must not be asked there.
                labels = job.space.ask(trial)
                trial.set_user_attr(ASKED, key_of(labels))
            except BaseException:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                raise
        if progress is not None:
            progress(
                count_done(study, job.points),
                job.trials,
                ", ".join(f"{name} {show(value)}" for name, value in labels.items()),
            )
        run_trial(optuna, job, study, trial, labels)


def claim(optuna: Any, job: Job, study: Any) -> Any:
    """The next trial, or None where there are enough or none is left of a list."""
    state = optuna.trial.TrialState
    trials = study.get_trials(deepcopy=False)
    counted = _count([trial for trial in trials if outcome_of(trial) not in (INTERRUPTED, "waiting")], job.points)
    is_waiting = any(trial.state == state.WAITING for trial in trials)
    if counted >= job.trials or (job.is_listed and not is_waiting):
        return None
    trial = study.ask()
    trial.set_user_attr(PROCESS, [socket.gethostname(), os.getpid()])
    return trial


def run_trial(optuna: Any, job: Job, study: Any, trial: Any, labels: dict[str, Any]) -> None:
    """Train and judge one setting, and write down what came of it."""
    state = optuna.trial.TrialState
    started = time.perf_counter()
    try:
        estimator = job.space.settle(job.estimator, labels)
        if "verbose" in estimator.get_params(deep=False):
            estimator.set_params(verbose=0)
        found = job.validation.score(estimator, watcher(trial) if job.pruning != "none" else _watch_nothing)
        if not np.isfinite(found["score"]):
            raise InputError(f"its {job.validation.metric} is {found['score']}")
    except Pruned:
        end(study, trial, state.PRUNED, PRUNED, started)
    except FAILURES as error:
        # The sampler learns nothing from what Optuna calls a failure; as one cut short it is to be avoided.
        reason: dict[str, Any] = {REASON: " ".join(str(error).split()) or type(error).__name__}
        end(study, trial, state.PRUNED, FAILED, started, **reason)
    except BaseException:
        end(study, trial, state.FAIL, INTERRUPTED, started)
        retry(study, labels)
        raise
    else:
        score = found.pop("score")
        end(study, trial, state.COMPLETE, FINISHED, started, score, **found)


def end(
    study: Any, trial: Any, state: Any, outcome: str, started: float, score: float | None = None, **more: Any
) -> None:
    """Write down how a trial ended."""
    for name, value in {OUTCOME: outcome, "seconds": time.perf_counter() - started, **more}.items():
        trial.set_user_attr(name, value)
    study.tell(trial, score, state=state)


def retry(study: Any, labels: dict[str, Any]) -> None:
    """Put settings whose trial was interrupted back in the line."""
    study.enqueue_trial(labels, user_attrs={ASKED: key_of(labels)})


def clear_dead(optuna: Any, study: Any) -> None:
    """Trials of processes of this machine that are no more, or of this one, are taken for interrupted."""
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        named = trial.user_attrs.get(PROCESS)
        if named is None:
            is_dead = (datetime.now() - trial.datetime_start).total_seconds() > UNNAMED
        else:
            is_dead = named[0] == socket.gethostname() and (named[1] == os.getpid() or not _is_alive(named[1]))
        if is_dead:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            if trial.params:
                study.enqueue_trial(trial.params, user_attrs={ASKED: key_of(trial.params)})


def outcome_of(trial: Any) -> str:
    """What became of a trial, in a word."""
    written = trial.user_attrs.get(OUTCOME)
    if trial.state.name == "FAIL":
        return INTERRUPTED
    return {"RUNNING": "running", "WAITING": "waiting"}.get(trial.state.name) or written or FINISHED


def count_done(study: Any, points: frozenset[str] | None = None) -> int:
    """Trials that came to an end; of ``points``, where given, how many were tried."""
    trials = study.get_trials(deepcopy=False)
    return _count([trial for trial in trials if outcome_of(trial) in (FINISHED, PRUNED, FAILED)], points)


def _count(trials: list[Any], points: frozenset[str] | None) -> int:
    if points is None:
        return len(trials)
    # A storage may hold trials of another method, and a setting twice.
    return len(points.intersection(trial.user_attrs.get(ASKED) for trial in trials))


def watcher(trial: Any) -> Callable[..., Any]:
    """What reports to the study how a trial does while it trains, and stops it where it falls behind."""

    def watch(model: Any, judge: Callable[[], float]) -> Callable[[Any], None]:
        reached = 0

        def after_epoch(history: Any) -> None:
            nonlocal reached
            # By share of the training, not by epoch: trials of unlike lengths are held against each other.
            rung = RUNGS * history.epochs // _epochs_of(model)
            if not reached < rung < RUNGS:
                return
            reached, value = rung, judge()
            if np.isfinite(value):
                trial.report(value, rung)
                if trial.should_prune():
                    raise Pruned

        return after_epoch

    return watch


def show(value: Any) -> str:
    """A value as people write it.

    >>> show(0.0123456), show("gru"), show(None)
    ('0.01235', 'gru', 'none')
    """
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _watch_nothing(model: Any, judge: Callable[[], float]) -> None:
    return None


def _epochs_of(model: Any) -> int:
    """Epochs of the training under way; its checkpoint knows them also where they follow from the data."""
    moment = getattr(model, "checkpoint_", None)
    return int(model.max_epochs if moment is None else moment.state()["identity"]["max_epochs"])


def _is_alive(process: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere asking would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
