"""What the tasks on texts say alike of a comparison, see :mod:`grunit.cli.tasks`."""

from __future__ import annotations


def unit_of(data: str) -> str:
    """Shares, perplexities and BLEU have no unit."""
    return ""


def words_for(data: str, target: str | None) -> str:
    """The file, for a title.

    >>> words_for("folder/reviews.csv", None)
    'reviews.csv'
    """
    return data.rpartition("/")[2]
