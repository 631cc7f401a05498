"""What the arguments of a translator come to, given the texts."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
from torch import Tensor

from grunit.data.text import TextEncoder
from grunit.errors import DataError, InputError
from grunit.nn.decoder import ATTENTIONS
from grunit.nn.options import check_choice, check_part, check_share, check_size
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.token_rows import TokenRows
from grunit.tasks.translation_loss import read_forcing

SPECIALS = ("<start>", "<end>")
START, END = 2, 3
"""Of the target: the token that stands before the first, and the one that ends a translation."""
VALIDATION = 0.05
"""Share of the pairs that decides when to stop, where patience is given and no share."""
ALSO_CALLED = {
    "bahdanau": "additive",
    "concat": "additive",
    "luong": "multiplicative",
    "general": "multiplicative",
    "bilinear": "multiplicative",
}
"""What others call the kinds of attention, by their authors and by how keys and queries meet."""
Pairs = tuple[list[str], list[str]]


def check_arguments(estimator: Any) -> None:
    """Refuse values out of range before any work.

    Raises:
        InputError: naming the argument.
    """
    for name in ("hidden_size", "num_layers", "embedding_size", "batch_size", "max_length", "min_count"):
        check_size(name, getattr(estimator, name))
    for name in get_close_matches(str(estimator.attention).lower(), ALSO_CALLED, n=1, cutoff=0.8):
        raise InputError(f"attention is {estimator.attention!r}: did you mean {ALSO_CALLED[name]!r}?")
    check_choice("attention", estimator.attention, ATTENTIONS)
    check_share("dropout", estimator.dropout)
    read_forcing(estimator.teacher_forcing)
    if estimator.lowercase not in (True, False, "source"):
        raise InputError(f"lowercase is {estimator.lowercase!r}: give True, False or 'source'")
    for name in ("label_smoothing", "validation_fraction"):
        check_part(name, getattr(estimator, name))
    if not estimator.coverage >= 0:
        raise InputError(f"coverage is {estimator.coverage!r}: give a factor of 0 or more")
    if estimator.coverage and estimator.attention is None:
        raise InputError("coverage counts what attention has looked at: choose an attention, or set coverage=0")
    if estimator.input_feeding and estimator.attention is None:
        raise InputError(
            "input_feeding reads again what attention found for the token before: choose an attention, or set "
            "input_feeding=False"
        )


def read_texts(texts: Any, name: str) -> list[str]:
    """Texts as a list of strings that are not empty.

    Raises:
        DataError: naming the first that cannot be used.
    """
    if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
        raise DataError(f"{name} is a {type(texts).__name__}: give a list of strings, one a text")
    found = list(texts)
    for place, text in enumerate(found):
        if not isinstance(text, str):
            raise DataError(f"{name}[{place}] is a {type(text).__name__}: give a string")
        if not text.strip():
            raise DataError(f"{name}[{place}] is empty: leave it out")
    return found


def require_pairs(sources: int, targets: int) -> None:
    """Refuse what is not one translation a text.

    Raises:
        DataError: naming both numbers.
    """
    if sources != targets:
        raise DataError(f"there are {sources} sources and {targets} translations: give one a source")


def read_given(sources: Any, targets: Any, validation: Any) -> tuple[Pairs, Pairs | None]:
    """The pairs that were given, and those that were given for validation, None where none were.

    Raises:
        DataError: the texts cannot be used.
    """
    pairs = read_texts(sources, "sources"), read_texts(targets, "targets")
    require_pairs(*map(len, pairs))
    if not pairs[0]:
        raise DataError("there is no pair to learn from: give texts and their translations")
    if validation is None:
        return pairs, None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise DataError("validation must be two lists: give (sources, targets)")
    held = read_texts(validation[0], "sources of validation"), read_texts(validation[1], "targets of validation")
    require_pairs(*map(len, held))
    return pairs, held


def part_pairs(estimator: Any, pairs: Pairs, held: Pairs | None) -> tuple[Pairs, Pairs | None]:
    """Pairs to learn from and pairs that decide which weights are kept, None where there are none.

    Args:
        estimator: whose arguments count.
        pairs, held: from :func:`read_given`.

    Raises:
        DataError: there are too few to hold any back.
    """
    if held is not None:
        return pairs, held if held[0] else None
    share = estimator.validation_fraction or (VALIDATION if estimator.patience is not None else 0.0)
    if not share:
        return pairs, None
    learn, keep = split_rows(len(pairs[0]), float(share), int(estimator.seed))
    if not len(keep):
        raise DataError(
            f"there are too few pairs to hold any back, {len(pairs[0])}: give more, or validation=..., or leave out "
            "patience and validation_fraction"
        )
    return _take(pairs, learn), _take(pairs, keep)


def fit_encoders(estimator: Any, pairs: Pairs) -> tuple[TextEncoder, TextEncoder]:
    """What each side's tokens are, learnt from the pairs."""
    common = {name: getattr(estimator, name) for name in ("normalization", "min_count", "max_size")}
    source = TextEncoder(estimator.unit, lowercase=bool(estimator.lowercase), **common)
    target = TextEncoder(estimator.unit, lowercase=estimator.lowercase is True, specials=SPECIALS, **common)
    return source.fit(pairs[0]), target.fit(pairs[1])


def encode_pairs(estimator: Any, pairs: Pairs) -> tuple[TokenRows, int]:
    """Pairs as tokens, the target with its end; and how many were too long to be used.

    Raises:
        DataError: all of them are, or a text has no token.
    """
    sources = [encode_text(estimator.source_, text, f"sources[{place}]") for place, text in enumerate(pairs[0])]
    targets = [encode_text(estimator.target_, text, f"targets[{place}]") for place, text in enumerate(pairs[1])]
    most = estimator.max_length
    fits = [place for place in range(len(sources)) if len(sources[place]) <= most and len(targets[place]) <= most]
    if not fits:
        raise DataError(f"every pair has more than max_length={most} tokens on a side: give a larger max_length")
    target_rows = TokenRows([[*targets[place], END] for place in fits])
    return TokenRows([sources[place] for place in fits], target_rows), len(sources) - len(fits)


def encode_text(encoder: TextEncoder, text: str, where: str) -> list[int]:
    """The tokens of a text.

    Raises:
        DataError: it has none.
    """
    tokens = encoder.encode(text)
    if not tokens:
        raise DataError(f"{where} holds no token, it is {text!r}: leave it out")
    return tokens


def order_by(rows: TokenRows) -> Tensor:
    """By what pairs of near lengths are found: the source's, and among equals the target's."""
    (targets,) = rows.targets
    assert isinstance(targets, TokenRows)
    return rows.lengths * (int(targets.lengths.max()) + 1) + targets.lengths


def _take(pairs: Pairs, rows: np.ndarray) -> Pairs:
    return [pairs[0][row] for row in rows], [pairs[1][row] for row in rows]
