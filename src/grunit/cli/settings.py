"""``--set key=value``: names checked against what the estimator takes, values read as its types."""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any

from grunit.errors import InputError, suggest

WORDS = {bool: "true or false", int: "a whole number", float: "a number", type(None): "none", str: "a word"}
OPTIONS = {"cell": "--cell", "seed": "--seed", "h": "--h", "level": "--level"}
OPTIONS |= {"id_col": "--id", "time_col": "--time", "target_col": "--target"}
"""Arguments that have an option of their own on the command line."""
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_settings(
    pairs: Iterable[str] | None, taker: Callable[..., Any], reserved: Iterable[str] = ()
) -> dict[str, Any]:
    """Settings for ``taker`` from ``key=value`` words.

    Args:
        pairs: the words.
        taker: the class or function whose keyword arguments they are.
        reserved: arguments that have an option of their own on the command line.

    Raises:
        InputError: no ``=``, an unknown key (the message suggests the nearest), or a value of the wrong type.

    >>> def train(hidden_size: int = 32, lr: float = 1e-3, device: str | None = None): ...
    >>> read_settings(["hidden_size=64", "lr=0.01", "device=none"], train)
    {'hidden_size': 64, 'lr': 0.01, 'device': None}
    """
    known = inspect.signature(taker).parameters
    hints = typing.get_type_hints(vars(taker)["__init__"] if isinstance(taker, type) else taker)
    settings: dict[str, Any] = {}
    for pair in pairs or ():
        key, equals, text = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InputError(f"--set {pair!r} is not KEY=VALUE: write it as  --set hidden_size=64")
        if key in reserved:
            own = f"this has an option of its own: write {OPTIONS[key]} {text.strip()}" if key in OPTIONS else ""
            raise InputError(f"--set {key}: {own or 'this is for Python alone: leave it out'}")
        if key not in known:
            hint = suggest(key, known, "it takes " + ", ".join(n for n in known if n not in reserved))
            raise InputError(f"--set {key}: there is no such setting: {hint}")
        if key in settings:
            raise InputError(f"--set {key} is given twice: give it once")
        default = known[key].default
        several = isinstance(default, (list, tuple)) and hints.get(key, Any) is Any
        settings[key] = read_value(key, text.strip(), type(default) if several else hints.get(key, Any))
    return settings


def read_value(key: str, text: str, hint: Any) -> Any:
    """``text`` as the first of the types in ``hint`` that it can be.

    >>> read_value("clip", "1", float), read_value("cell", "gru", str), read_value("quantiles", "[0.1, 0.9]", list)
    (1.0, 'gru', [0.1, 0.9])
    """
    if hint is Any:
        return guess(text)
    kinds = [hint] if typing.get_origin(hint) not in (typing.Union, types.UnionType) else list(typing.get_args(hint))
    plain = [typing.get_origin(kind) or kind for kind in kinds]
    # A class cannot be written in a word; a single word is a list only where it cannot be anything else.
    plain = [
        kind for kind in plain if kind is not type and (kind in WORDS or str not in plain or set("[{,") & set(text))
    ]
    for kind in sorted(plain, key=lambda kind: kind is str):
        try:
            return convert(text, kind)
        except ValueError:
            continue
    allowed = " or ".join(dict.fromkeys(WORDS.get(kind, "a list such as [1, 2]") for kind in plain))
    raise InputError(f"--set {key}={text}: give {allowed}")


def convert(text: str, kind: Any) -> Any:
    """``text`` as one type; ``ValueError`` where it is not."""
    if kind is types.NoneType:
        if text.lower() not in ("none", "null"):
            raise ValueError(text)
        return None
    if kind is bool:
        if text.lower() not in BOOLEANS:
            raise ValueError(text)
        return BOOLEANS[text.lower()]
    if kind in (int, float, str):
        return kind(text)
    if kind is Any:
        return guess(text)
    value = json.loads(text) if text[:1] in "[{" else [guess(part.strip()) for part in text.split(",")]
    if kind in (dict, typing.get_origin(typing.Mapping[str, int])) and not isinstance(value, dict):
        raise ValueError(text)
    return tuple(value) if kind is tuple else value


def guess(text: str) -> Any:
    """A number, true, false or none where it reads as one, a list where there are commas; else the text.

    >>> guess("3"), guess("0.5"), guess("true"), guess("gru"), guess("lstm,gru")
    (3, 0.5, True, 'gru', ['lstm', 'gru'])
    """
    for kind in (int, float, bool, types.NoneType):
        try:
            return convert(text, kind)
        except ValueError:
            continue
    if text[:1] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [guess(part.strip()) for part in text.split(",")] if "," in text else text
