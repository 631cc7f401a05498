"""``--space key=a,b,c`` and ``--space key=lo..hi:log``: what ``grunit tune`` searches, as typed."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from grunit.cli.settings import guess, read_value
from grunit.errors import InputError

DEFAULT: dict[str, Any] = {
    "cell": ["gru", "lstm"],
    "hidden_size": [16, 32, 64],
    "num_layers": (1, 2),
    "dropout": [0.0, 0.2],
    "lr": (1e-3, 3e-2, "log"),
}
"""What is searched where nothing is named."""


def default_space(estimator: Any, fixed: Collection[str], usual: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is worth searching first, of what the estimator takes and was not set by hand.

    Args:
        estimator: what is to be tuned.
        fixed: arguments set by hand.
        usual: what its task searches (default :data:`DEFAULT`).

    Raises:
        InputError: all of it was set.
    """
    known = estimator.get_params(deep=False)
    space = {name: values for name, values in (usual or DEFAULT).items() if name in known and name not in fixed}
    if not space:
        raise InputError("all that is searched by default was set: name what to search with --space")
    return space


def read_pairs(pairs: Iterable[str], taker: type) -> dict[str, Any]:
    """A space for an estimator's class from ``key=values`` words.

    Args:
        pairs: ``"hidden_size=16,32"`` for one of some, ``"lr=1e-4..1e-1:log"`` or ``"num_layers=1..3"`` for a range,
            ``"dropout=0..0.5:0.1"`` for one in steps, and ``'pooling=["last", ["last", "max"]]'`` for lists.
        taker: whose arguments they are; its annotations say what words mean.

    Raises:
        InputError: no ``=``, a key given twice, a range that is none, or a value of the wrong type.

    >>> from grunit.tasks import Forecaster
    >>> read_pairs(["hidden_size=16,32", "lr=1e-4..1e-1:log", "cell=gru"], Forecaster)
    {'hidden_size': [16, 32], 'lr': (0.0001, 0.1, 'log'), 'cell': ['gru']}
    """
    hints = typing.get_type_hints(vars(taker)["__init__"])
    known = inspect.signature(taker).parameters
    space: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or not key or not text:
            raise InputError(f"--space {pair!r} is not KEY=VALUES: write it as  --space hidden_size=16,32,64")
        if key in space:
            raise InputError(f"--space {key} is given twice: give it once")
        if ".." in text:
            space[key] = _read_range(key, text)
        elif text.startswith("["):
            space[key] = _read_list(key, text)
        else:
            words = [word.strip() for word in text.split(",")]
            # What is unknown is refused where the nearest can be suggested.
            typed = key in known and hints.get(key, Any) is not Any
            space[key] = [_read_word(key, word, hints[key]) if typed else guess(word) for word in words]
    return space


def _read_range(key: str, text: str) -> tuple[Any, ...]:
    ends, _, third = text.partition(":")
    numbers = [guess(end.strip()) for end in ends.split("..")]
    last = [] if not third else ["log" if third == "log" else guess(third)]
    if len(numbers) != 2 or any(isinstance(end, bool) or not isinstance(end, (int, float)) for end in numbers):
        raise InputError(f"--space {key}={text}: a range is LOW..HIGH, LOW..HIGH:log or LOW..HIGH:STEP")
    return (*numbers, *last)


def _read_list(key: str, text: str) -> list[Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(f"--space {key}={text}: this is no list ({error}): write it as JSON") from error
    return values


def _read_word(key: str, word: str, hint: Any) -> Any:
    try:
        return read_value(key, word, hint)
    except InputError as error:
        raise InputError(str(error).replace("--set", "--space", 1)) from error
