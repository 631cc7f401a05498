"""Files that are there already are replaced only when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grunit.errors import InputError

Force = Annotated[bool, typer.Option("--force", help="Replace the file of -o if it is there.")]


def refuse_replacing(output: Path, force: bool) -> None:
    """Refuse a file that exists, before any work, unless ``force``.

    Raises:
        InputError: it is there.
    """
    if not force and (output.exists() or output.is_symlink()):
        raise InputError(f"{output} exists already: name another file with -o, or add --force to replace it")
