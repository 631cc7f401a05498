"""How good an estimator is on examples it did not learn from, by name, where scikit-learn has no name for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grunit.data.tagging_scores import score_tags
from grunit.errors import require
from grunit.tasks.sequence_tagger_arguments import choose_scheme, read_sentences, read_tags
from grunit.tasks.sequence_tagger_baseline import FrequentTags
from grunit.tasks.translation_baseline import NearestTranslation

HIGHER = ("entity F1", "accuracy", "BLEU", "chrF")
"""Metrics of which more is better."""


def metrics_of(estimator: Any, X: Any = None, y: Any = None) -> tuple[str, ...]:
    """Names an estimator can be judged by, the usual first; none where it is not one of these.

    Args:
        estimator: of tags, translations, or one that writes.
        X, y: what it is to learn from; tags say by themselves whether they mark entities.

    Raises:
        DataError: sentences or tags cannot be used.
        MissingExtraError: translations, without the package ``sacrebleu``.

    >>> from grunit.tasks import SequenceTagger
    >>> metrics_of(SequenceTagger(), [["Ada"]], [["B-PER"]]), metrics_of(SequenceTagger(), [["Ada"]], [["NNP"]])
    (('entity F1', 'accuracy'), ('accuracy',))
    """
    kind = getattr(estimator, "kind", None)
    if kind == "SequenceTagger":
        tags = read_tags(y, read_sentences(X))
        return ("accuracy",) if choose_scheme(estimator.scheme, tags) is None else ("entity F1", "accuracy")
    if kind == "Translator":
        require("sacrebleu", "translation")
        return ("BLEU", "chrF")
    return ("perplexity", "bits per character") if kind == "LanguageModel" else ()


def measure(estimator: Any, X: Any, y: Any = None) -> dict[str, float]:
    """All of them, of a fitted estimator."""
    if estimator.kind == "LanguageModel":
        score = estimator.score_text(X)
        return {"perplexity": score.perplexity, "bits per character": score.bits_per_character}
    answers = estimator.predict(X) if estimator.kind == "SequenceTagger" else estimator.translate(X)
    return measure_answers(estimator.kind, answers, y, X)


def measure_answers(kind: str, answers: Sequence[Any], y: Any, X: Any) -> dict[str, float]:
    """All of them, of answers, whoever gave them.

    >>> measure_answers("SequenceTagger", [["B-PER", "O"]], [["B-PER", "B-PER"]], [["Ada", "Kurt"]])["accuracy"]
    0.5
    """
    if kind == "SequenceTagger":
        scores = score_tags(read_tags(y, read_sentences(X)), answers)
        return {"entity F1": scores.total.f1, "accuracy": scores.accuracy}
    from grunit.tasks.translation_scores import score_translations

    found = score_translations(answers, y)
    return {name: float(found[name]) for name in ("BLEU", "chrF")}


def measure_baselines(estimator: Any, learnt: tuple[Any, Any], held: tuple[Any, Any]) -> dict[str, dict[str, float]]:
    """The same of what any such estimator has to beat, by name: it learns from ``learnt`` and is judged on ``held``."""
    kind = getattr(estimator, "kind", None)
    if kind == "SequenceTagger":
        answers = FrequentTags().fit(*learnt).predict(held[0])
        return {FrequentTags.name: measure_answers(kind, answers, held[1], held[0])}
    if kind == "Translator":
        memory = NearestTranslation().fit(*learnt).translate(held[0])
        given = {"untranslated": held[0], NearestTranslation.name: memory}
        return {name: measure_answers(kind, answers, held[1], held[0]) for name, answers in given.items()}
    return {}
