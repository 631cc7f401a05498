"""Which cell for my sentences: the same ones for every cell and for the most frequent tag of each word."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from grunit.errors import DataError
from grunit.tasks.comparison import Row
from grunit.tasks.held_comparison import HELD, SEEDS, HeldComparison, Progress, choose_metric, compare_held
from grunit.tasks.measures import measure, measure_baselines, metrics_of
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.sequence_tagger import SequenceTagger
from grunit.tasks.sequence_tagger_arguments import read_examples


def compare_taggers(
    X: Any,
    y: Any,
    cells: Sequence[Any],
    *,
    metric: str | None = None,
    seeds: Sequence[int] = SEEDS,
    progress: Progress | None = None,
    keep: str | os.PathLike | None = None,
    **options: Any,
) -> HeldComparison:
    """Fit every cell with every seed on four fifths of the sentences, and judge it on the others.

    Args:
        X, y: as for :meth:`SequenceTagger.fit`.
        cells: names or classes.
        metric: ``"entity F1"`` (default, where tags mark entities) or ``"accuracy"``.
        seeds, progress, keep: see :func:`grunit.tasks.held_comparison.compare_held`.
        options: of :class:`SequenceTagger`.

    Raises:
        InputError: an argument.
        DataError: the sentences or tags, or there are too few to judge on.
    """
    tagger = SequenceTagger(**options)
    known = metrics_of(tagger, X, y)
    metric = choose_metric(metric, known)
    # Checked as a whole: a part of the tags may not show what scheme they are in.
    scheme, _, _ = read_examples(tagger, X, y, None)
    learnt, held = split_rows(len(X), HELD, 0)
    if not len(held):
        raise DataError(f"{len(X)} sentences are too few to hold any back: give more")
    train, test = (([X[row] for row in rows], [y[row] for row in rows]) for rows in (learnt, held))

    def score(model: Any) -> dict[str, float]:
        found = measure(model, *test)
        return {name: found[name] for name in known}

    def baselines() -> list[Row]:
        found = measure_baselines(tagger, train, test).items()
        return [Row(name, True, [{one: scores[one] for one in known}]) for name, scores in found]

    return compare_held(
        SequenceTagger,
        cells,
        train,
        score,
        baselines,
        data=(X, y),
        metric=metric,
        facts={"learnt from": len(learnt), "judged on": len(held), "tags": len({tag for tags in y for tag in tags})},
        seeds=seeds,
        progress=progress,
        keep=keep,
        **{**options, "scheme": scheme},
    )
