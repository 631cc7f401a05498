"""Arguments of a layer, checked where they come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from numbers import Integral, Real

from grunit.errors import InputError


def check_size(name: str, value: object) -> int:
    """A whole number of at least 1, NumPy's too.

    Raises:
        InputError: it is none.

    >>> check_size("hidden_size", 5)
    5
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def check_share(name: str, value: object) -> float:
    """A number between 0 and 1, NumPy's too.

    Raises:
        InputError: it is none.

    >>> check_share("dropout", 0.5)
    0.5
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise InputError(f"{name} must be a number between 0 and 1, got {value!r}")
    return float(value)


def check_part(name: str, value: object) -> float:
    """A share of something of which part is left: at least 0 and below 1, NumPy's too.

    Raises:
        InputError: it is none.

    >>> check_part("validation_fraction", 0.1)
    0.1
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 1:
        raise InputError(f"{name} is {value!r}: give a share of at least 0 and below 1")
    return float(value)


def check_choice(name: str, value: object, choices: Sequence[str | None]) -> str | None:
    """One of a few words.

    Raises:
        InputError: it is none of them.

    >>> check_choice("merge", "sum", ["concat", "sum"])
    'sum'
    """
    if (value is not None and not isinstance(value, str)) or value not in choices:
        near = get_close_matches(str(value), [choice for choice in choices if choice is not None], n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise InputError(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}{hint}")
    return value


def check_shares(name: str, value: object, known: Sequence[str], what: str) -> dict[str, float]:
    """One share for all of ``known``, or a mapping that names some of them; shares of 0 are left out.

    Raises:
        InputError: a share is no number between 0 and 1, or a name is unknown.

    >>> check_shares("zoneout", 0.1, ["h", "c"], "states"), check_shares("zoneout", {"c": 0.5}, ["h", "c"], "states")
    ({'h': 0.1, 'c': 0.1}, {'c': 0.5})
    """
    if not isinstance(value, Mapping):
        value = dict.fromkeys(known, check_share(name, value))
    unknown = [key for key in value if key not in known]
    if unknown:
        raise InputError(f"{name} names {', '.join(map(repr, unknown))}: the {what} are {', '.join(known)}")
    shares = {key: check_share(f"{name}[{key!r}]", share) for key, share in value.items()}
    return {key: share for key, share in shares.items() if share}
