"""What a search found: the best estimator, every trial, and what mattered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grunit.tuning.space import Space, key_of
from grunit.tuning.trials import FAILED, FINISHED, INTERRUPTED, PRUNED, REASON, outcome_of, show

GIVEN = "as given"
ENDED = "ended"
"""Among the facts: why there are fewer trials than were asked for."""


@dataclass(frozen=True)
class Trial:
    """One setting and what came of it.

    Args:
        number: counted from 0 in the order they began.
        values: of the arguments searched, as the storage holds them.
        outcome: ``"finished"``, ``"cut short"``, ``"failed"`` or ``"running"`` (in another process).
        score: None unless finished.
        reason: why it failed; ``""`` otherwise.
        seconds, epochs, parameters: of its training, None where it did not finish.
        course: score by tenth of the training, where it was watched.
    """

    number: int
    values: dict[str, Any]
    outcome: str
    score: float | None
    reason: str = ""
    seconds: float | None = None
    epochs: int | None = None
    parameters: int | None = None
    course: dict[int, float] = field(default_factory=dict)


@dataclass
class Tuning:
    """What :func:`grunit.tune` found.

    Args:
        best_estimator: fitted anew on all the data.
        best_params: its values of the arguments searched.
        best_score: of its trial.
        metric, direction: what decided, and which way it is better.
        trials: all of them.
        given: the trial of the estimator as it was given; None where the space does not hold it or it did not finish.
        baselines: scores of what does not learn, on the same data.
        importance: share of each argument in how much the scores differ, summing to 1; empty where there are fewer than
            four finished trials, or all score the same.
        space: what was searched.
        facts: method, pruning, seed, storage, how it was judged.
    """

    best_estimator: Any
    best_params: dict[str, Any]
    best_score: float
    metric: str
    direction: str
    trials: list[Trial]
    given: Trial | None
    baselines: dict[str, float]
    importance: dict[str, float]
    space: Space
    facts: dict[str, Any]

    @property
    def best(self) -> Trial:
        """The best trial; of several alike the first."""
        return best_of(self.trials, self.direction)

    def count(self, outcome: str) -> int:
        """Trials that came out so."""
        return sum(trial.outcome == outcome for trial in self.trials)

    def ranked(self) -> list[Trial]:
        """Finished trials, best first, then the others in their order."""
        sign = 1 if self.direction == "minimize" else -1
        return sorted(self.trials, key=lambda one: (one.score is None, 0 if one.score is None else sign * one.score))

    def to_frame(self) -> pd.DataFrame:
        """The table: a row a trial in the order they began, NaN where there is no score."""
        rows = [
            {
                "trial": trial.number,
                "outcome": trial.outcome,
                self.metric: np.nan if trial.score is None else trial.score,
                **{name: trial.values.get(name) for name in self.space.domains},
                "epochs": trial.epochs,
                "parameters": trial.parameters,
                "seconds": trial.seconds,
                "reason": trial.reason,
            }
            for trial in self.trials
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, table and facts as JSON can hold them."""
        return {
            "verdict": self.verdict,
            "metric": self.metric,
            "direction": self.direction,
            "best": {"trial": self.best.number, "score": self.best_score, "values": self.best.values},
            "as given": None if self.given is None else self.given.score,
            "baselines": self.baselines,
            "importance": self.importance,
            "space": self.space.to_json(),
            "trials": [vars(trial) for trial in self.trials],
            **self.facts,
        }

    @property
    def verdict(self) -> str:
        """The answer in words."""
        chosen = ", ".join(f"{name} {show(value)}" for name, value in self.best.values.items())
        beside = []
        if self.given is not None and self.given.score is not None:
            same = self.best.number == self.given.number
            beside.append("no other setting was better than the one given" if same else self._against(self.given.score))
        beside += [f"{name} {show(score)}" for name, score in self.baselines.items()]
        counts = [f"{self.count(FINISHED)} of {len(self.trials)} trials finished"]
        counts += [f"{self.count(kind)} {kind}" for kind in (PRUNED, FAILED) if self.count(kind)]
        told = ", ".join(counts) + (f": {self.facts[ENDED]}" if ENDED in self.facts else "")
        return (
            f"Best: {chosen}, with {self.metric} {show(self.best_score)}"
            + (f" ({'; '.join(beside)})" if beside else "")
            + f". {told}. The best of many flatters: expect a little worse on fresh data."
        )

    def write_report(self, path: str | os.PathLike, title: str = "", facts: dict[str, Any] | None = None) -> Path:
        """Write one self-contained HTML file, whole or not at all; a file of that name is replaced.

        Args:
            path: where.
            title: what was tuned.
            facts: further lines for the end of the report.

        Raises:
            InputError: the folder is missing, or ``path`` is a folder.
        """
        from grunit.tuning.report import write_report

        return write_report(self, Path(path), title, facts or {})

    def _against(self, score: float) -> str:
        if not score:
            return f"as given {show(score)}"
        change = 100 * (self.best_score / score - 1)
        return f"as given {show(score)}, so {abs(change):.1f} % {'lower' if change < 0 else 'higher'}"


def read_trials(study: Any) -> list[Trial]:
    """The trials of a study of Optuna; interrupted ones, whose settings are tried anew, are left out."""
    found = []
    for trial in study.get_trials(deepcopy=False):
        outcome, notes = outcome_of(trial), trial.user_attrs
        if outcome in (INTERRUPTED, "waiting"):
            continue
        found.append(
            Trial(
                trial.number,
                dict(trial.params),
                outcome,
                trial.value if outcome == FINISHED else None,
                notes.get(REASON, ""),
                notes.get("seconds"),
                notes.get("epochs"),
                notes.get("parameters"),
                dict(trial.intermediate_values),
            )
        )
    return found


def best_of(trials: list[Trial], direction: str) -> Trial:
    """The best trial that finished; of several alike the first."""
    finished = [trial for trial in trials if trial.score is not None]
    sign = 1 if direction == "minimize" else -1
    return min(finished, key=lambda trial: (sign * trial.score, trial.number))  # type: ignore[operator]


def given_trial(trials: list[Trial], labels: dict[str, Any]) -> Trial | None:
    """The finished trial with these values."""
    wanted = key_of(labels)
    return next((trial for trial in trials if trial.score is not None and key_of(trial.values) == wanted), None)


def weigh_arguments(optuna: Any, study: Any, trials: list[Trial], seed: int) -> dict[str, float]:
    """Share of each argument in the variance of the scores, the largest first.

    A forest of regression trees is fitted to the finished trials, and the variance of its answer over the space is
    parted among the arguments, each alone (functional ANOVA: Hutter, Hoos and Leyton-Brown, *An efficient approach for
    assessing hyperparameter importance*, ICML 2014). With few trials it is rough.
    """
    scores = [trial.score for trial in trials if trial.score is not None]
    if len(scores) < 4 or len(set(scores)) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in sorted(shares.items(), key=lambda item: -item[1])}
