"""``grunit compare``: which cell for my data, with a report."""

from __future__ import annotations


def run() -> None:
    """Which cell for my data, with a report."""
