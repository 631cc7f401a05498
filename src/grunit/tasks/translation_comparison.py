"""Which cell translates my texts: the same pairs for every cell and for a translation memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from grunit.errors import DataError
from grunit.tasks.comparison import Row
from grunit.tasks.held_comparison import HELD, SEEDS, HeldComparison, Progress, choose_metric, compare_held
from grunit.tasks.measures import measure, measure_baselines, metrics_of
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.translation_arguments import read_given
from grunit.tasks.translator import Translator


def compare_translators(
    sources: Sequence[str],
    targets: Sequence[str],
    cells: Sequence[Any],
    *,
    metric: str | None = None,
    seeds: Sequence[int] = SEEDS,
    progress: Progress | None = None,
    keep: str | os.PathLike | None = None,
    **options: Any,
) -> HeldComparison:
    """Fit every cell with every seed on four fifths of the pairs, and judge it on the others.

    Args:
        sources, targets: as for :meth:`Translator.fit`.
        cells: names or classes.
        metric: ``"BLEU"`` (default) or ``"chrF"``.
        seeds, progress, keep: see :func:`grunit.tasks.held_comparison.compare_held`.
        options: of :class:`Translator`.

    Raises:
        InputError: an argument.
        DataError: the texts, or there are too few to judge on.
        MissingExtraError: the package ``sacrebleu`` is not installed.
    """
    translator = Translator(**options)
    metric = choose_metric(metric, metrics_of(translator))
    texts = read_given(sources, targets, None)[0]
    learnt, held = split_rows(len(texts[0]), HELD, 0)
    if not len(held):
        raise DataError(f"{len(texts[0])} pairs are too few to hold any back: give more")
    train, test = (tuple([side[row] for row in rows] for side in texts) for rows in (learnt, held))

    def baselines() -> list[Row]:
        found = measure_baselines(translator, train, test).items()  # type: ignore[arg-type]
        return [Row(name, True, [scores]) for name, scores in found]

    return compare_held(
        Translator,
        cells,
        train,
        lambda model: measure(model, *test),
        baselines,
        data=texts,
        metric=metric,
        facts={"learnt from": len(learnt), "judged on": len(held)},
        seeds=seeds,
        progress=progress,
        keep=keep,
        **options,
    )
