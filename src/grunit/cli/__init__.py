"""The command line: one verb a job, one file a verb."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see :func:`grunit.cli.app.main`."""
    try:
        from grunit.cli.app import main as run
    except KeyboardInterrupt:
        # Loading the command line takes a moment too, and Ctrl-C in it deserves no traceback.
        sys.stderr.write("grunit: stopped\n")
        return 130
    return run(arguments)
