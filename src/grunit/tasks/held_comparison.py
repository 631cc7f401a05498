"""Cells side by side on examples held back: the same for every cell and baseline, several seeds, a plain verdict."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grunit.cells import get, name_of
from grunit.data.checksum import checksum
from grunit.errors import InputError, suggest
from grunit.tasks.comparison import Row
from grunit.tasks.comparison_trials import KeptTrials, Trial
from grunit.tasks.measures import HIGHER
from grunit.tasks.verdict import judge
from grunit.training import DivergenceError, History

HELD = 0.2
"""Share of the examples that answers are judged on."""
SEEDS = (0, 1, 2)
"""Each cell is trained once with each."""
Score = Callable[[Any], dict[str, float]]
Progress = Callable[[int, int, str], None]
"""Called with (trainings done, trainings in all, what comes next)."""


@dataclass
class HeldComparison:
    """What a comparison found; see :class:`grunit.tasks.comparison.Comparison` for what has the same name.

    Args:
        rows: cells in the order given, then the baselines.
        metric: the score that decided.
        winner: the best cell if it beats every baseline by more than the spread over seeds; else None.
        best: the cell with the best mean; None where all failed.
        verdict: the answer in plain words.
        histories: training curves by cell, one a seed.
        failures: cells whose training broke down, with the reason.
        facts: what was learnt from and judged on, seeds.
        higher: more of the metric is better.
    """

    rows: list[Row]
    metric: str
    winner: str | None
    best: str | None
    verdict: str
    histories: dict[str, list[History]]
    failures: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    higher: bool = False

    def row(self, name: str) -> Row:
        """The row of a cell or baseline."""
        return next(row for row in self.rows if row.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, table and curves as JSON can hold them; what is not a number is None."""
        rows = [row.to_dict() for row in self.rows]
        curves = {name: [history.to_dict() for history in runs] for name, runs in self.histories.items()}
        found = {"verdict": self.verdict, "winner": self.winner, "best": self.best, "metric": self.metric}
        told = {**found, "higher_is_better": self.higher}
        return {**told, "rows": rows, "curves": curves, "failures": self.failures, "facts": self.facts}


def compare_held(
    kind: type,
    cells: Sequence[Any],
    learnt: tuple[Any, ...],
    score: Score,
    baselines: Callable[[], Sequence[Row]],
    *,
    data: Any,
    facts: dict[str, Any],
    metric: str,
    seeds: Sequence[int] = SEEDS,
    progress: Progress | None = None,
    keep: str | os.PathLike | None = None,
    **options: Any,
) -> HeldComparison:
    """Fit an estimator with every cell and every seed, and judge each.

    Args:
        kind: the class of the estimator.
        cells: names or classes.
        learnt: what its ``fit`` takes.
        score: scores by name of a fitted estimator, on examples it did not learn from.
        baselines: gives the rows of what any cell has to beat; called when all cells are done.
        data: all examples, to tell whether ``keep`` holds trainings of the same.
        facts: for the report; "judged on" is how many examples, or how many of what in words.
        metric: the score that decides.
        seeds: of the training; what is judged on is the same for all.
        progress: called with (trainings done, trainings in all, what comes next).
        keep: a folder that keeps every training as it is done; the same comparison, interrupted, goes on from it, and
            removes it at the end.
        options: of the estimator.

    Raises:
        InputError: no cell, no seed or what is none, or an option that the comparison gives by itself.
    """
    cells, seeds = read_plan(cells, seeds, options)
    names = [name_of(get(cell)) or get(cell).__name__ for cell in cells]
    asked = {"kind": kind.__name__, "data": checksum(data), "settings": options, **facts}
    kept = KeptTrials(keep, json.loads(json.dumps(asked, default=repr)))
    rows: list[Row] = []
    histories: dict[str, list[History]] = {}
    failures: dict[str, str] = {}
    total = len(cells) * len(seeds)
    for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
        trials: list[Trial] = []
        try:
            for index, seed in enumerate(seeds):
                if progress is not None:
                    progress(place * len(seeds) + index, total, f"{name}, seed {seed}")

                def train(cell: Any = cell, seed: int = seed) -> Trial:
                    begun = time.perf_counter()
                    model = kind(cell=cell, seed=seed, **{"verbose": 0, **options}).fit(*learnt)
                    seconds = time.perf_counter() - begun
                    parameters = sum(parameter.numel() for parameter in model.model_.parameters())
                    return Trial([], score(model), seconds, parameters, model.history_, None)

                trials.append(kept.trial(name, seed, False, [], train))
        except DivergenceError as error:
            failures[name] = str(error)
            continue
        seconds = statistics.fmean(trial.seconds for trial in trials)
        rows.append(Row(name, False, [trial.scores for trial in trials], seconds, trials[0].parameters))
        histories[name] = [trial.history for trial in trials]
    beside = list(baselines())
    higher = metric in HIGHER
    winner, best, verdict = judge(rows, beside, metric, len(seeds), failures, None, higher)
    if best is not None and "judged on" in facts:
        verdict += f" This rests on {_count(facts['judged on'])}."
    kept.close()
    facts = {**facts, "seeds": seeds}
    return HeldComparison([*rows, *beside], metric, winner, best, verdict, histories, failures, facts, higher)


def read_plan(cells: Any, seeds: Any, options: dict[str, Any]) -> tuple[list[Any], list[int]]:
    """The cells and seeds of a comparison, a single cell as a list.

    Args:
        cells, seeds: as they were given.
        options: of the estimator, among which neither may be.

    Raises:
        InputError: there is none, or it is something else.

    >>> read_plan("gru", range(2), {})
    (['gru'], [0, 1])
    """
    for one, several in (("seed", "seeds"), ("cell", "cells")):
        if one in options:
            raise InputError(f"{one} is {options[one]!r}, but a comparison takes {several}: give a list of them")
    cells = list(cells) if hasattr(cells, "__iter__") and not isinstance(cells, (str, type)) else [cells]
    found = [] if isinstance(seeds, (str, bytes)) or not hasattr(seeds, "__iter__") else list(seeds)
    if not cells or (not found and hasattr(seeds, "__len__") and not len(seeds)):
        raise InputError(
            "a comparison needs cells and seeds: give at least one of each, as in cells=['gru'], seeds=[0]"
        )
    if not found or not all(isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) for seed in found):
        raise InputError(f"seeds is {seeds!r}: give a list of whole numbers, such as seeds=[0, 1, 2]")
    return cells, [int(seed) for seed in found]


def choose_metric(asked: str | None, known: Sequence[str]) -> str:
    """The metric asked for, or the usual one, which is the first.

    Raises:
        InputError: there is no such metric.

    >>> choose_metric(None, ["BLEU", "chrF"])
    'BLEU'
    """
    if asked is None:
        return known[0]
    if asked not in known:
        raise InputError(f"metric is {asked!r}: {suggest(asked, known, 'use one of ' + ', '.join(known))}")
    return asked


def _count(judged: int | str) -> str:
    if isinstance(judged, str):
        return judged
    return "a single example" if judged == 1 else f"{judged} examples"
