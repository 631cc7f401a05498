"""Tables in Markdown."""

from __future__ import annotations

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
