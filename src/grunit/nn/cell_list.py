"""The cells of a network, made from what the user named."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from grunit.cells import Cell, get
from grunit.errors import InputError
from grunit.nn.initialize import initialize_cell, take_options
from grunit.nn.options import check_size

CellName = str | type[Cell]


def one_a_layer(cell: CellName | Sequence[CellName], num_layers: int) -> list[type[Cell]]:
    """The kind of cell of each layer.

    Raises:
        InputError: an unknown name, or a list that is not as long as there are layers.

    >>> [kind.__name__ for kind in one_a_layer("gru", 2)]
    ['GRU', 'GRU']
    """
    check_size("num_layers", num_layers)
    if isinstance(cell, (list, tuple)):
        if not cell or num_layers not in (1, len(cell)):
            raise InputError(f"cell lists {len(cell)} layers and num_layers is {num_layers}: leave num_layers out")
        return [get(kind) for kind in cell]
    return [get(cell)] * num_layers  # type: ignore[arg-type]


def build_cell(kind: type[Cell], input_size: int, hidden_size: int, options: dict[str, Any]) -> Cell:
    """One cell.

    Raises:
        InputError: an option that the cell does not know, or a class that cannot be built with two sizes.

    >>> from grunit.cells import GRU
    >>> build_cell(GRU, 3, 5, {"reset_after": False}).hidden_size
    5
    """
    options, start_values = take_options(kind, options)
    signature = inspect.signature(kind)
    for known in ({}, options):
        try:
            signature.bind(input_size, hidden_size, **known)
        except TypeError as error:
            if known:
                unknown = ", ".join(sorted(set(options) - set(signature.parameters)))
                raise InputError(
                    f"{kind.__name__} does not know the option {unknown}: see help({kind.__name__})"
                ) from error
            raise InputError(f"{kind.__name__} cannot be built with (input_size, hidden_size): {error}") from error
    cell = kind(input_size, hidden_size, **options)
    # A cell may leave its sizes out of super().__init__().
    cell.input_size = input_size if cell.input_size is None else cell.input_size
    cell.hidden_size = hidden_size if cell.hidden_size is None else cell.hidden_size
    if start_values:
        initialize_cell(cell, **start_values)
    return cell
