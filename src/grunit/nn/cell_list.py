"""The cells of a network, made from what the user named."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from grunit.cells import Cell, get
from grunit.errors import InputError, suggest
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
    num_layers = check_size("num_layers", num_layers)
    if isinstance(cell, (list, tuple)):
        if not cell or num_layers not in (1, len(cell)):
            raise InputError(f"cell lists {len(cell)} layers and num_layers is {num_layers}: leave num_layers out")
        return [get(kind) for kind in cell]
    return [get(cell)] * num_layers  # type: ignore[arg-type]


def near_options(kind: type[Cell], name: str) -> str:
    """What somebody who wrote ``name`` may have meant, an option of the cell or of :class:`grunit.Recurrent`.

    >>> from grunit.cells import GRU
    >>> near_options(GRU, "num_layer"), near_options(GRU, "rset_after")
    ("did you mean 'num_layers'?", "did you mean 'reset_after'?")
    """
    from grunit.nn.recurrent import Recurrent

    others = f"see help(grunit.Recurrent) and help({kind.__name__})"
    return suggest(name, [*options_of(Recurrent), *options_of(kind)], others)


def options_of(kind: type) -> list[str]:
    """Names of the arguments that a class and those it extends take."""
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [
        vars(each)["__init__"] for each in kind.__mro__ if each.__module__ != "builtins" and "__init__" in vars(each)
    ]
    found = [p.name for init in own for p in list(inspect.signature(init).parameters.values())[1:] if p.kind in named]
    return list(dict.fromkeys(found))


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
                unknown = sorted(set(options) - set(signature.parameters))
                hint = " and ".join(near_options(kind, name) for name in unknown)
                raise InputError(f"{kind.__name__} does not know the option {', '.join(unknown)}: {hint}") from error
            raise InputError(f"{kind.__name__} cannot be built with (input_size, hidden_size): {error}") from error
    try:
        cell = kind(input_size, hidden_size, **options)
    except InputError as error:
        unknown = [name for name in options if name not in options_of(kind)]
        if not unknown:
            raise
        hint = " and ".join(near_options(kind, name) for name in unknown)
        raise InputError(f"{str(error).split(': see help')[0]}: {hint}") from error
    # A cell may leave its sizes out of super().__init__().
    cell.input_size = input_size if cell.input_size is None else cell.input_size
    cell.hidden_size = hidden_size if cell.hidden_size is None else cell.hidden_size
    if start_values:
        initialize_cell(cell, **start_values)
    return cell
