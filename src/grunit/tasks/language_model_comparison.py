"""Which cell for my text: the same text for every cell and for counts of neighbouring tokens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from grunit.tasks import language_model_arguments as arguments
from grunit.tasks.comparison import Row
from grunit.tasks.held_comparison import HELD, SEEDS, HeldComparison, Progress, choose_metric, compare_held
from grunit.tasks.language_model import VALIDATION, LanguageModel
from grunit.tasks.language_model_baseline import CountedTokens
from grunit.tasks.language_model_scores import TextScore
from grunit.tasks.measures import measure, metrics_of

ORDERS = {"char": 6, "bpe": 4}
"""Tokens that the counts look at; of words 3."""


def compare_languages(
    text: str | Sequence[str],
    cells: Sequence[Any],
    *,
    metric: str | None = None,
    seeds: Sequence[int] = SEEDS,
    progress: Progress | None = None,
    keep: str | os.PathLike | None = None,
    **options: Any,
) -> HeldComparison:
    """Fit every cell with every seed on four fifths of a text, and judge how well it foresees the rest.

    Args:
        text: as for :meth:`LanguageModel.fit`; of one text the end is judged on.
        cells: names or classes.
        metric: ``"perplexity"`` (default) or ``"bits per character"``.
        seeds, progress, keep: see :func:`grunit.tasks.held_comparison.compare_held`.
        options: of :class:`LanguageModel`.

    Raises:
        InputError: an argument.
        DataError: the text cannot be used, or is too short to judge on.
    """
    model = LanguageModel(**options)
    metric = choose_metric(metric, metrics_of(model))
    arguments.check_arguments(model)
    single = isinstance(text, str)
    lines = single and model.unit in arguments.LINES
    texts = arguments.read_texts(text, lines)
    learnt, held = arguments.split_texts(texts, HELD, lines or single or bool(model.connected), 0)
    train, test = (("\n".join(part) + "\n" * lines if single else part) for part in (learnt, held))

    def baselines() -> list[Row]:
        return [Row(CountedTokens.name, True, [score_counts(model, learnt, held, lines, single)])]

    return compare_held(
        LanguageModel,
        cells,
        (train,),
        lambda fitted: measure(fitted, test),
        baselines,
        data=texts,
        metric=metric,
        facts={
            "learnt from": f"{sum(map(len, learnt)):,} characters",
            "judged on": f"{sum(map(len, held)):,} characters",
        },
        seeds=seeds,
        progress=progress,
        keep=keep,
        **options,
    )


def score_counts(model: LanguageModel, learnt: list[str], held: list[str], lines: bool, single: bool) -> dict[str, Any]:
    """What counts of tokens make of the same texts, with the vocabulary that the model's fit comes to.

    Args:
        model: unfitted.
        learnt, held: texts.
        lines: they are lines of one text.
        single: they were one text.
    """
    known = learnt
    share = float(model.validation_fraction or (VALIDATION if model.patience is not None else 0.0))
    if share:
        known, _ = arguments.split_texts(learnt, share, lines or bool(model.connected), int(model.seed))
    model.encoder_ = arguments.make_encoder(model).fit(known)
    model.ends_, model.lines_ = lines or not single, lines
    alone = not lines and not single and not model.connected
    streams = [
        [model._stream([one]).tolist() for one in part] if alone else [model._stream(part).tolist()]
        for part in (learnt, held)
    ]
    counts = CountedTokens(len(model.encoder_.vocabulary), ORDERS.get(model.unit, 3)).fit(streams[0])
    characters = sum(map(len, held)) + model.ends_ * len(held)
    score = TextScore(counts.nats(streams[1]), sum(len(stream) - 1 for stream in streams[1]), characters)
    return {"perplexity": score.perplexity, "bits per character": score.bits_per_character}
