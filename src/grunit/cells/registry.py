"""Cells by name."""

from __future__ import annotations

import difflib

from grunit.cells.cell import Cell
from grunit.cells.gru import GRU
from grunit.cells.lstm import LSTM
from grunit.cells.peephole_gru import PeepholeGRU
from grunit.cells.peephole_lstm import PeepholeLSTM
from grunit.cells.rnn import RNN
from grunit.errors import InputError

_CELLS: dict[str, type[Cell]] = {
    "rnn": RNN,
    "lstm": LSTM,
    "gru": GRU,
    "peephole_lstm": PeepholeLSTM,
    "peephole_gru": PeepholeGRU,
}


def names() -> list[str]:
    """The names of all cells, in the order of the catalogue.

    >>> "peephole_lstm" in names()
    True
    """
    return list(_CELLS)


def get(cell: str | type[Cell]) -> type[Cell]:
    """The cell class behind a name; a class is returned as it is.

    Raises:
        InputError: no such cell; the message suggests the nearest name.

    >>> get("gru").__name__
    'GRU'
    """
    if isinstance(cell, str):
        if cell in _CELLS:
            return _CELLS[cell]
        near = difflib.get_close_matches(cell.lower(), _CELLS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use one of " + ", ".join(_CELLS)
        raise InputError(f"unknown cell {cell!r}: {hint}")
    if isinstance(cell, type) and issubclass(cell, Cell):
        return cell
    raise InputError(f"cell is {cell!r}: give a name from grunit.cells.names() or a subclass of grunit.Cell")


def register(name: str, cell: type[Cell]) -> None:
    """Make a cell of your own known by a name, for the command line and for loading saved models.

    Args:
        name: the name it shall have; one that is taken by another class is refused.
        cell: the class.
    """
    if not (isinstance(cell, type) and issubclass(cell, Cell)):
        raise InputError(f"{cell!r} is not a cell: register a subclass of grunit.Cell")
    if _CELLS.get(name, cell) is not cell:
        raise InputError(f"the cell name {name!r} is taken by {_CELLS[name].__name__}: choose another")
    _CELLS[name] = cell


def name_of(cell: type[Cell]) -> str | None:
    """The registered name of a class, or None.

    >>> name_of(GRU)
    'gru'
    """
    return next((name for name, known in _CELLS.items() if known is cell), None)
