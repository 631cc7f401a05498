"""What the tasks on texts say alike of a comparison, see :mod:`grunit.cli.tasks`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from grunit.cli.settings import read_settings


def unit_of(data: str) -> str:
    """Shares, perplexities and BLEU have no unit."""
    return ""


def words_for(data: str, target: str | None) -> str:
    """The file, for a title.

    >>> words_for("folder/reviews.csv", None)
    'reviews.csv'
    """
    return data.rpartition("/")[2]


def begin(
    create: Callable[..., Any],
    read_data: Callable[..., Any],
    reserved: tuple[str, ...],
    data: str,
    cells: list[str],
    h: int | None,
    seeds: list[int],
    windows: int,
    settings: list[str] | None,
    columns: dict[str, str | None],
    metric: str | None,
    progress: Any,
    *,
    keep: Path | None,
) -> tuple[Any, Any, dict[str, Any]]:
    """What their comparisons begin with: every cell is checked, then the data read.

    Args:
        create, read_data, reserved: of the task.
        data: and what follows: see ``grunit.cli.compare``.

    Returns:
        The estimator of the first cell, the data, and every other argument of the comparison.
    """
    named = [columns[name] for name in ("target", "identity", "time")]
    first, *_ = [create(cell, h, 0, settings, *named) for cell in cells]
    more = {"cells": cells, "seeds": seeds, "metric": metric, "progress": progress, "keep": keep}
    return first, read_data(data, **columns), {**more, **read_settings(settings, type(first), reserved)}
