"""Where each layer's states lie in the tuple of stacked tensors that users hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from grunit.cells import Cell
from grunit.errors import ShapeError


class StateLayout:
    """Stacks states as torch does: one tensor ``(layers * directions, B, size)`` a name, direction minor.

    With a different cell in each layer the names are the union in order of first appearance, and each tensor holds
    only the layers that have that state.

    Args:
        cells: one a layer and direction, direction minor.

    Raises:
        ShapeError: two cells have states of one name and different sizes, which no tensor can hold.

    >>> from grunit.cells import GRU, LSTM
    >>> layout = StateLayout([LSTM(3, 5), GRU(5, 5)])
    >>> [tensor.shape for tensor in layout.zeros(2)]
    [torch.Size([2, 2, 5]), torch.Size([1, 2, 5])]
    """

    def __init__(self, cells: Sequence[Cell]):
        self.count = len(cells)
        self.rows: dict[str, list[int]] = {}
        self.sizes: dict[str, int] = {}
        for index, cell in enumerate(cells):
            for name in cell.state:
                size = cell.state_sizes().get(name, cell.hidden_size)
                assert size is not None
                if self.sizes.setdefault(name, size) != size:
                    raise ShapeError(
                        f"the state {name!r} has size {self.sizes[name]} in one layer and {size} in "
                        f"{type(cell).__name__}: give states of different sizes different names"
                    )
                self.rows.setdefault(name, []).append(index)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states in the order of the tuple."""
        return tuple(self.rows)

    def zeros(
        self, batch_size: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, ...]:
        """The state before the first step."""
        return tuple(
            torch.zeros(len(rows), batch_size, self.sizes[name], device=device, dtype=dtype)
            for name, rows in self.rows.items()
        )

    def check(self, state: object, batch_size: int | None) -> tuple[Tensor, ...]:
        """The state as a tuple, if it has the shapes it should; ``batch_size`` None for one without batch axis."""
        given = (state,) if isinstance(state, Tensor) else state
        named = ", ".join(self.names)
        if not isinstance(given, (tuple, list)) or not all(isinstance(value, Tensor) for value in given):
            raise ShapeError(f"state must be a tuple of tensors ({named}), got {type(state).__name__}")
        if len(given) != len(self.names):
            raise ShapeError(f"state must hold {len(self.names)} tensors ({named}), got {len(given)}")
        for name, value in zip(self.names, given, strict=True):
            batch = () if batch_size is None else (batch_size,)
            expected = (len(self.rows[name]), *batch, self.sizes[name])
            if tuple(value.shape) != expected:
                raise ShapeError(f"state {name!r} must have shape {expected}, got {tuple(value.shape)}")
        return tuple(given)

    def split(self, state: Sequence[Tensor]) -> list[dict[str, Tensor]]:
        """From the tuple of stacked tensors to one mapping a layer and direction."""
        parts: list[dict[str, Tensor]] = [{} for _ in range(self.count)]
        for (name, rows), stacked in zip(self.rows.items(), state, strict=True):
            for row, value in zip(rows, stacked.unbind(0), strict=True):
                parts[row][name] = value
        return parts

    def join(self, parts: Sequence[Mapping[str, Tensor]]) -> tuple[Tensor, ...]:
        """The reverse of :meth:`split`."""
        return tuple(torch.stack([parts[row][name] for row in rows]) for name, rows in self.rows.items())
