"""Which cell for my texts: the same texts for every cell and for a bag of words, several seeds, a plain verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from grunit.errors import DataError
from grunit.tasks.comparison import Row
from grunit.tasks.held_comparison import HELD, SEEDS, HeldComparison, Progress, choose_metric, compare_held
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.sequence_scores import score_shares
from grunit.tasks.text_classifier import TextClassifier
from grunit.tasks.text_classifier_arguments import make_encoder, read_pairs

METRICS = ("error", "log loss")
BASELINE = "bag of words"


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
    metric: str | None = None,
    seeds: Sequence[int] = SEEDS,
    progress: Progress | None = None,
    keep: str | os.PathLike | None = None,
    **options: Any,
) -> HeldComparison:
    """Fit every cell with every seed on four fifths of the texts, and judge it on the others.

    Args:
        texts, labels: as for :meth:`TextClassifier.fit`.
        cells: names or classes.
        metric: ``"error"``, the share of wrong answers (default), or ``"log loss"``.
        seeds, progress, keep: see :func:`grunit.tasks.held_comparison.compare_held`.
        options: of :class:`TextClassifier`.

    Raises:
        InputError: an argument.
        DataError: the texts or labels, or there are too few to judge on.
    """
    metric = choose_metric(metric, METRICS)
    found, given = read_pairs(texts, labels)
    classifier = TextClassifier(**options)
    classifier.check_class_arguments()
    codes = classifier.learn_classes(given)
    given = classifier.classes_[codes]  # (N,), also where the labels came as (N, 1)
    if not codes.any():
        raise DataError(f"every text has the label {given.tolist()[0]!r}: give texts of two classes at least")
    learnt, held = split_rows(len(found), HELD, 0, codes)
    if not len(held):
        raise DataError(f"{len(found)} texts are too few to hold any back: give more of each class")
    train, test = [found[row] for row in learnt], [found[row] for row in held]

    def score(model: Any) -> dict[str, float]:
        return score_shares(model.classes_, model.predict_proba(test), given[held])

    def baselines() -> list[Row]:
        encoder = make_encoder(classifier)
        baseline = bag_of_words(encoder if encoder.unit != "bpe" else make_encoder(TextClassifier()))
        return [Row(BASELINE, True, [score(baseline.fit(train, given[learnt]))])]

    return compare_held(
        TextClassifier,
        cells,
        (train, given[learnt]),
        score,
        baselines,
        data=(found, given.tolist()),
        metric=metric,
        facts={"learnt from": len(train), "judged on": len(test), "classes": len(np.unique(given))},
        seeds=seeds,
        progress=progress,
        keep=keep,
        **options,
    )
