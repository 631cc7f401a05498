"""Columns of text as columns of zeros and ones, one a category."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from grunit.data.origin import DataWarning
from grunit.errors import DataError

MOST = 50
"""Categories of a column; text with more of them is names or notes, which tell a model nothing."""

Known = Mapping[str, Sequence[str]]
"""The categories of each column of text, in alphabetical order."""


def is_text(column: pd.Series) -> bool:
    """Whether a column holds categories rather than numbers or times.

    >>> [is_text(pd.Series(values)) for values in (["rain", "sun"], [1.0, 2.0], [True, False])]
    [True, False, False]
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if isinstance(column.dtype, pd.StringDtype):
        return True
    return bool(column.dtype == object and column.map(lambda value: isinstance(value, str)).any())


def learn_categories(frame: pd.DataFrame, names: Iterable[str], source: str, mend: str) -> dict[str, list[str]]:
    """The categories of those columns that hold text.

    Args:
        frame: any.
        names: columns to look at.
        source: what messages call the frame.
        mend: what to do about a column that has too many.

    Raises:
        DataError: a column has more than 50.

    >>> learn_categories(pd.DataFrame({"sky": ["sun", None, "rain"], "wind": [1.0, 2.0, 3.0]}), ["sky", "wind"], "", "")
    {'sky': ['rain', 'sun']}
    """
    found = {}
    for name in names:
        if not is_text(frame[name]):
            continue
        categories = sorted({spell(value) for value in frame[name].dropna().unique()})
        if len(categories) > MOST:
            raise DataError(
                f"{source}, column {name!r}: it holds {len(categories)} different texts and at most {MOST} are told "
                f"apart; {mend}"
            )
        found[name] = categories
    return found


def expand(names: Iterable[str], known: Known) -> list[str]:
    """The columns that come of ``names``: one a category, and those of numbers as they are.

    >>> expand(["wind", "sky"], {"sky": ["rain", "sun"]})
    ['wind', 'sky=rain', 'sky=sun']
    """
    return [
        column for name in names for column in ([f"{name}={one}" for one in known[name]] if name in known else [name])
    ]


def collapse(columns: Iterable[str], known: Known) -> list[str]:
    """The names that :func:`expand` made ``columns`` of.

    >>> collapse(["wind", "sky=rain", "sky=sun"], {"sky": ["rain", "sun"]})
    ['wind', 'sky']
    """
    whole = {f"{name}={one}": name for name, categories in known.items() for one in categories}
    return list(dict.fromkeys(whole.get(column, column) for column in columns))


def encode(frame: pd.DataFrame, names: Iterable[str], known: Known, source: str) -> np.ndarray:
    """The columns of :func:`expand` as numbers, ``(rows, columns)``; a missing category is zeros.

    Raises:
        DataError: a column holds text and had numbers when the categories were learnt.

    Warns:
        DataWarning: a category that was not learnt, which is zeros too.

    >>> encode(pd.DataFrame({"sky": ["sun", None, "rain"]}), ["sky"], {"sky": ["rain", "sun"]}, "weather")
    array([[0., 1.],
           [0., 0.],
           [1., 0.]])
    """
    parts: list[np.ndarray] = [np.zeros((len(frame), 0))]
    for name in names:
        if name in known:
            parts.append(_one_hot(frame[name], name, list(known[name]), source))
            continue
        if is_text(frame[name]):
            raise DataError(
                f"{source}, column {name!r}: it holds text, and numbers when the model was fitted; give numbers"
            )
        parts.append(frame[name].to_numpy(dtype=np.float64)[:, None])
    return np.concatenate(parts, 1)


def _one_hot(column: pd.Series, name: str, known: list[str], source: str) -> np.ndarray:
    codes, values = pd.factorize(column)
    places = np.array([known.index(text) if text in known else -1 for text in map(spell, values)] + [-1])
    new = [text for text in map(spell, values) if text not in known]
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        message = (
            f"{source}, column {name!r}: {new[0]!r}{more} was not there when the model was fitted: counted as none"
        )
        warnings.warn(message, DataWarning, stacklevel=2)
    chosen = places[codes]
    result = np.zeros((len(column), len(known)))
    rows = np.flatnonzero(chosen >= 0)
    result[rows, chosen[rows]] = 1.0
    return result


def spell(value: object) -> str:
    """A category as text; a number that was read as one is spelt as in the file."""
    return f"{value:g}" if isinstance(value, float) else str(value)
