"""What a language model is given, checked before any work: texts, and arguments out of range."""

from __future__ import annotations

from typing import Any

from grunit.data.text import TextEncoder
from grunit.errors import DataError, InputError
from grunit.nn.options import check_choice, check_part, check_share, check_size
from grunit.nn.softmax import SOFTMAXES
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.training.settings import plain

END = "<end>"
"""The token that stands behind each text of a list, and behind each line of a text of words."""
LINES = ("word", "space")
"""Units that know no line ends, so that a text is taken line by line."""
STEPS, LEAST, MOST = 3000, 3, 200
"""Optimiser steps that the default number of epochs comes to, and the fewest and most epochs."""


def check_arguments(model: Any) -> None:
    """Refuse values out of range.

    Raises:
        InputError: naming the argument.
    """
    require_plain_inputs(model.cell, "a language model")
    for name in ("hidden_size", "num_layers", "batch_size", "chunk"):
        check_size(name, getattr(model, name))
    for name in ("embedding_size", "carry"):
        if getattr(model, name) is not None:
            check_size(name, getattr(model, name))
    for name in ("dropout", "embedding_dropout", "weight_drop"):
        check_share(name, getattr(model, name))
    check_choice("softmax", model.softmax, list(SOFTMAXES))
    check_part("validation_fraction", model.validation_fraction)


def make_encoder(model: Any) -> TextEncoder:
    """The untrained encoder of a model.

    Raises:
        InputError: an option that it does not have.
    """
    options = dict(model.text_options or {})
    known = ("lowercase", "normalization", "min_count", "max_size")
    for name in options:
        if name not in known:
            raise InputError(f"text_options names {name!r}: it takes {', '.join(known)}")
    return TextEncoder(model.unit, specials=(END,), **options)


def read_texts(text: Any, lines: bool, argument: str = "text") -> list[str]:
    """One text or a list of them, as a list.

    Args:
        text: what was given.
        lines: a single text is taken line by line.
        argument: its name, for messages.

    Raises:
        DataError: it is neither, or empty.

    >>> read_texts("to be", lines=False), read_texts("a b\\n\\nc\\n", lines=True), read_texts(("x", "y"), lines=False)
    (['to be'], ['a b', '', 'c'], ['x', 'y'])
    """
    if isinstance(text, str):
        if not (text.strip() if lines else text):
            raise DataError(f"{argument} is empty: give a text to read")
        return text.removesuffix("\n").split("\n") if lines else [text]
    texts = text.tolist() if hasattr(text, "tolist") else text
    if not isinstance(texts, (list, tuple)) or not texts:
        raise DataError(f"{argument} is {_named(text)}: give a text, or a list of texts")
    for index, one in enumerate(texts):
        if not isinstance(one, str):
            raise DataError(f"{argument} {index} is {_named(one)}: give a string")
        if not one.strip():
            raise DataError(f"{argument} {index} is empty: take it out")
    return list(texts)


def split_texts(texts: list[str], share: float, whole: bool, seed: int) -> tuple[list[str], list[str]]:
    """Texts to learn from and texts to validate on: the end where they go on from one to the next, else any.

    Args:
        texts: a single one is cut near its end.
        share: of the texts, or of the characters of a single one.
        whole: the texts go on from one to the next.
        seed: of the choice.

    Raises:
        DataError: too little is left of either part.

    >>> split_texts(list("abcdefgh"), 0.25, whole=True, seed=0)
    (['a', 'b', 'c', 'd', 'e', 'f'], ['g', 'h'])
    >>> split_texts(["to be or not to be"], 0.3, whole=False, seed=0)
    (['to be or not '], ['to be'])
    """
    if len(texts) == 1:
        text = texts[0]
        cut = len(text) - round(share * len(text))
        learnt, held = [text[:cut]], [text[cut:]]
    else:
        import numpy as np

        count = max(1, round(share * len(texts)))
        order = np.arange(len(texts)) if whole else np.random.default_rng(seed).permutation(len(texts))
        learnt = [texts[row] for row in sorted(order[: len(texts) - count])]
        held = [texts[row] for row in sorted(order[len(texts) - count :])]
    if not "".join(learnt).strip() or not "".join(held).strip():
        raise DataError(
            "the text is too short to hold any back: give more, or validation=..., or set validation_fraction=0"
        )
    return learnt, held


def count_epochs(asked: int | None, steps: int) -> int:
    """Passes over the text: as asked, or as many as make 3,000 optimiser steps, at least 3 and at most 200.

    >>> count_epochs(None, 100), count_epochs(None, 5000), count_epochs(7, 10)
    (30, 3, 7)
    """
    return min(MOST, max(LEAST, -(-STEPS // steps))) if asked is None else asked


def check_count(value: Any, name: str = "max_new_tokens") -> int:
    """A whole number of at least 0.

    Raises:
        InputError: it is none.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name} is {value!r}: give a whole number of at least 0")
    return value


def _named(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}" if not isinstance(value, (list, tuple)) else "empty"
