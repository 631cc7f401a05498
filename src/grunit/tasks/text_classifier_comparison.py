"""Which cell for my texts: the same texts for every cell and for a bag of words, several seeds, a plain verdict."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from grunit.cells import get, name_of
from grunit.errors import DataError, InputError
from grunit.tasks.comparison import Row
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.text_classifier import TextClassifier
from grunit.tasks.text_classifier_arguments import make_encoder, read_pairs
from grunit.tasks.verdict import judge
from grunit.training import DivergenceError, History

HELD = 0.2
"""Share of the texts, of every class alike, that the answers are judged on."""
METRICS = ("error", "log loss")
BASELINE = "bag of words"


@dataclass
class TextComparison:
    """What a comparison found; see :class:`grunit.tasks.Comparison` for what has the same name.

    Args:
        rows: cells in the order given, then the baselines.
        metric: the score that decided.
        winner: the best cell if it beats every baseline by more than the spread over seeds; else None.
        best: the cell with the best mean; None where all failed.
        verdict: the answer in plain words.
        histories: training curves by cell, one a seed.
        failures: cells whose training broke down, with the reason.
        facts: texts learnt from and judged on, classes, seeds.
    """

    rows: list[Row]
    metric: str
    winner: str | None
    best: str | None
    verdict: str
    histories: dict[str, list[History]]
    failures: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self, name: str) -> Row:
        """The row of a cell or baseline."""
        return next(row for row in self.rows if row.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, table and curves as JSON can hold them."""
        rows = [
            {
                "name": row.name,
                "is_baseline": row.is_baseline,
                "scores": {name: {"mean": mean, "spread": spread} for name, (mean, spread) in row.scores.items()},
                "by_seed": row.by_seed,
                "seconds": row.seconds,
                "parameters": row.parameters,
            }
            for row in self.rows
        ]
        curves = {name: [history.to_dict() for history in runs] for name, runs in self.histories.items()}
        found = {"verdict": self.verdict, "winner": self.winner, "best": self.best, "metric": self.metric}
        return {**found, "rows": rows, "curves": curves, "failures": self.failures, "facts": self.facts}


def bag_of_words(encoder: Any) -> Pipeline:
    """TF-IDF of tokens and pairs of tokens, and a logistic regression: what to hold any network against.

    >>> texts, labels = ["so good", "good film", "so bad", "bad film"], ["+", "+", "-", "-"]
    >>> from grunit.data.text import TextEncoder
    >>> bag_of_words(TextEncoder()).fit(texts, labels).predict(["a good one"]).tolist()
    ['+']
    """
    words = TfidfVectorizer(tokenizer=encoder.split, token_pattern=None, lowercase=False, ngram_range=(1, 2))
    return make_pipeline(words, LogisticRegression(C=10.0, max_iter=1000))


def compare_texts(
    texts: Sequence[str],
    labels: Any,
    cells: Sequence[Any],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    metric: str = "error",
    progress: Any = None,
    **options: Any,
) -> TextComparison:
    """Fit every cell with every seed on four fifths of the texts, and judge it on the others.

    Args:
        texts, labels: as for :meth:`TextClassifier.fit`.
        cells: names or classes.
        seeds: of the training; the share that is judged on is the same for all.
        metric: ``"error"``, the share of wrong answers, or ``"log loss"``.
        progress: called with (trainings done, trainings in all, what comes next).
        options: of :class:`TextClassifier`.

    Raises:
        InputError: an argument.
        DataError: the texts or labels, or there are too few to judge on.
    """
    if metric not in METRICS:
        raise InputError(f"metric is {metric!r}: use one of {', '.join(METRICS)}")
    found, given = read_pairs(texts, labels)
    codes = np.unique(given, return_inverse=True)[1]
    learnt, held = split_rows(len(found), HELD, 0, codes)
    if not len(held):
        raise DataError(f"{len(found)} texts are too few to hold any back: give more of each class")
    train, test = [found[row] for row in learnt], [found[row] for row in held]
    names = [name_of(get(cell)) or get(cell).__name__ for cell in cells]
    rows: list[Row] = []
    histories: dict[str, list[History]] = {}
    failures: dict[str, str] = {}
    total = len(cells) * len(seeds)
    for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
        scores: list[dict[str, float]] = []
        runs: list[History] = []
        seconds: list[float] = []
        try:
            for index, seed in enumerate(seeds):
                if progress is not None:
                    progress(place * len(seeds) + index, total, f"{name}, seed {seed}")
                begun = time.perf_counter()
                model = TextClassifier(cell=cell, seed=seed, **{"verbose": 0, **options}).fit(train, given[learnt])
                seconds.append(time.perf_counter() - begun)
                scores.append(_score(model.classes_, model.predict_proba(test), given[held]))
                runs.append(model.history_)
        except DivergenceError as error:
            failures[name] = str(error)
            continue
        parameters = sum(parameter.numel() for parameter in model.model_.parameters())
        rows.append(Row(name, False, scores, statistics.fmean(seconds), parameters))
        histories[name] = runs
    encoder = make_encoder(TextClassifier(**options))
    baseline = bag_of_words(encoder if encoder.unit != "bpe" else make_encoder(TextClassifier()))
    baseline.fit(train, given[learnt])
    score = _score(baseline.classes_, baseline.predict_proba(test), given[held])
    baselines = [Row(BASELINE, True, [score])]
    winner, best, verdict = judge(rows, baselines, metric, len(seeds), failures, 2)
    verdict = verdict.replace(" on these windows", "").replace(" This rests on 2 windows.", "")
    facts = {"learnt from": len(train), "judged on": len(test), "classes": len(np.unique(given)), "seeds": list(seeds)}
    return TextComparison([*rows, *baselines], metric, winner, best, verdict, histories, failures, facts)


def _score(classes: np.ndarray, probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    codes = np.searchsorted(classes, truth)
    likely = probabilities[np.arange(len(codes)), codes]
    wrong = float((probabilities.argmax(1) != codes).mean())
    return {"error": wrong, "log loss": float(-np.log(np.clip(likely, 1e-15, None)).mean())}
