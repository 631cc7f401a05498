"""Tables in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def markdown(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """A table; columns after the first are right-aligned where they hold numbers.

    >>> print(markdown([["gru", "1.5"]], ["cell", "ratio"]))
    | cell | ratio |
    |---|---:|
    | gru | 1.5 |
    """
    right = [all(row[i][:1].isdigit() or row[i][:1] in "-" for row in rows) for i in range(len(header))]
    rule = "|" + "|".join("---:" if to_right else "---" for to_right in right) + "|"
    return "\n".join(["| " + " | ".join(header) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)])


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Mean and standard deviation over seeds; the number alone where there is one.

    >>> spread([1.0, 2.0]), spread([93.0], 1)
    ('1.50 ± 0.71', '93.0')
    """
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def verdict(mean: float, target: float) -> str:
    """Met or missed, to the digit the target is given in."""
    return "met" if round(mean, 1) >= target else "**missed**"
