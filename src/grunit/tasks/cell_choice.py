"""Which cells a task can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grunit.cells import get
from grunit.errors import InputError


def require_plain_inputs(cell: Any, who: str) -> None:
    """Refuse a cell that needs more at a step than the features.

    Args:
        cell: a name, a class, or a list of these, one a layer.
        who: the task, for the message.

    Raises:
        InputError: a cell has an input beside ``x``, or its name is unknown.

    >>> require_plain_inputs(["gru", "slstm"], "a forecaster")
    """
    layers: Sequence[Any] = cell if isinstance(cell, (list, tuple)) else [cell]
    for kind in map(get, layers):
        if kind.inputs[1:]:
            named = cell if isinstance(cell, str) else kind.__name__
            raise InputError(
                f"the cell {named} needs {' and '.join(kind.inputs[1:])} at every step, which {who} has none of: "
                "choose another cell, or build a network with grunit.Recurrent"
            )
