"""A cell of the user's own, named on the command line as ``file.py:ClassName``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from grunit.errors import InputError, suggest

OwnCell = Annotated[
    str | None, typer.Option("--cell", metavar="FILE.py:CLASS", help="The cell of your own that the model is made of.")
]


def read_cell(word: str) -> Any:
    """The class that ``file.py:ClassName`` names, the file run as a module; any other word as it is.

    Only what was typed on the command line comes here: a model's folder never names a file to run.

    Raises:
        InputError: there is no such file or class, the file fails, or the class is no cell.

    >>> read_cell("gru")
    'gru'
    """
    place, colon, name = word.rpartition(":")
    if not colon or not place.endswith(".py"):
        if word.endswith(".py"):
            raise InputError(f"--cell {word} names no class: write it as {word}:ClassName")
        return word
    path = Path(place)
    if not path.is_file():
        raise InputError(f"--cell {word}: there is no file {place}")
    from grunit.cells import Cell

    spec = importlib.util.spec_from_file_location(f"grunit_user_{path.stem}", path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"--cell {word}: the file {place} cannot be run ({what}): mend it") from error
    found = getattr(module, name, None)
    own = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, Cell)]
    own = [key for key in own if getattr(module, key).__module__ == spec.name]
    if found is None:
        raise InputError(
            f"--cell {word}: there is no class {name!r} in {place}: "
            + (suggest(name, own, "it has " + ", ".join(own)) if own else "it has no subclass of grunit.Cell")
        )
    if not (isinstance(found, type) and issubclass(found, Cell)):
        raise InputError(f"--cell {word}: {name} is no subclass of grunit.Cell: make it one")
    return found


def own_cells(word: str | None) -> list[Any]:
    """The classes that a saved model may be made of, beside those grunit knows."""
    return [kind for kind in ([] if word is None else [read_cell(word)]) if isinstance(kind, type)]
