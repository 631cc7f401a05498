"""What the columns of a long frame are called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """Names of the three columns every long frame has.

    Args:
        unique_id: which series a row belongs to.
        ds: when; a date, a date and time, or a whole number.
        y: the number that is forecast.

    >>> Columns(y="sales")
    Columns(unique_id='unique_id', ds='ds', y='sales')
    """

    unique_id: str = "unique_id"
    ds: str = "ds"
    y: str = "y"


STANDARD = Columns()
"""The names that frames inside grunit have."""
