"""BLEU and chrF of translations, by sacreBLEU, whose numbers others can repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grunit.errors import DataError, require


def score_translations(
    translations: Sequence[str], references: Sequence[str], *, lowercase: bool = False, tokenize: str = "13a"
) -> dict[str, Any]:
    """Scores of a whole set of translations, in percent.

    Args:
        translations: N texts, as a reader would read them.
        references: the true translation of each.
        lowercase: whether capitals count alike.
        tokenize: how sacreBLEU cuts words: ``"13a"`` (default), ``"zh"`` for Chinese, ``"char"``, ...

    Returns:
        ``BLEU`` (Papineni et al. 2002) and ``chrF`` (chrF2, Popović 2015), each with its signature.

    Raises:
        DataError: there is nothing to score, or not one reference a translation.
        MissingExtraError: the package ``sacrebleu`` is not installed.

    >>> scores = score_translations(["a dog runs on the grass ."], ["A dog runs on the grass ."], lowercase=True)
    >>> scores["BLEU"], scores["chrF"]
    (100.0, 100.0)
    """
    if len(translations) != len(references) or not references:
        raise DataError(
            f"there are {len(translations)} translations and {len(references)} references: give one a translation"
        )
    metrics = require("sacrebleu.metrics", "translation")
    scorers = {
        "BLEU": metrics.BLEU(lowercase=lowercase, tokenize=tokenize, force=True),
        "chrF": metrics.CHRF(lowercase=lowercase),
    }
    found: dict[str, Any] = {}
    for name, scorer in scorers.items():
        found[name] = round(scorer.corpus_score(list(translations), [list(references)]).score, 10)
        found[f"{name} signature"] = str(scorer.get_signature())
    return found
