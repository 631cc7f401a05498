"""What a layer hands up: its output, mapped to another size and joined with what the layer read."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grunit.cells import Cell

RESIDUALS = (None, "add", "gated", "highway")


class Connection(nn.Module):
    r"""A linear map of a layer's output, and a way around the layer.

    .. math::
        y &\leftarrow P y + p & \text{with projection} \\
        z &= R x + y & \text{"add"} \\
        z &= R x + g \odot y \qquad g = \sigma(G x + b) & \text{"gated"} \\
        z &= (1 - g) \odot R x + g \odot y & \text{"highway"}

    ``R`` is the identity where x and y have the same size, else a learnt matrix. The gate of ``"highway"`` starts with
    a bias of -1: mostly around.

    Args:
        input_size: features of what the layer read.
        output_size: features of what it gave.
        projection: features it shall hand up; None for ``output_size``.
        residual: None, ``"add"``, ``"gated"`` or ``"highway"``.
        device, dtype: of the parameters.

    Source: He et al. (2016), eqs. 1-2; Srivastava, Greff & Schmidhuber (2015), eq. 3 and section 4.

    >>> Connection(3, 5, residual="add")(torch.zeros(7, 2, 3), torch.zeros(7, 2, 5)).shape
    torch.Size([7, 2, 5])
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        projection: int | None = None,
        residual: str | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        self.input_size, self.layer_size, self.residual = input_size, output_size, residual
        self.output_size = size = projection or output_size
        where: dict[str, Any] = {"device": device, "dtype": dtype}
        self.project = nn.Linear(output_size, size, **where) if projection else None
        self.skip = nn.Linear(input_size, size, bias=False, **where) if residual and input_size != size else None
        self.gate = nn.Linear(input_size, size, **where) if residual in ("gated", "highway") else None
        self._favour_the_way_around()

    def reset_parameters(self) -> None:
        """Draw new start values."""
        for part in (self.project, self.skip, self.gate):
            if part is not None:
                part.reset_parameters()
        self._favour_the_way_around()

    def _favour_the_way_around(self) -> None:
        if self.gate is not None and self.residual == "highway":
            nn.init.constant_(self.gate.bias, -1.0)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x ``(..., input_size)``, y ``(..., output_size)`` -> what goes up."""
        if self.project is not None:
            y = self.project(y)
        if self.residual is None:
            return y
        around = x if self.skip is None else self.skip(x)
        if self.gate is None:
            return around + y
        gate = torch.sigmoid(self.gate(x))
        return gate * y + (around if self.residual == "gated" else (1 - gate) * around)

    def extra_repr(self) -> str:
        """Sizes and kind."""
        return f"{self.input_size}, {self.layer_size}, residual={self.residual!r}"


class ConnectionStep(Cell):
    """A connection written as a cell whose state is what it gives, for the compiler.

    >>> step = ConnectionStep(Connection(3, 5, residual="add"))
    >>> (z,) = step.step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> z.shape
    torch.Size([2, 5])
    """

    inputs = ("x", "y")
    state = ("z",)

    def __init__(self, connection: Connection):
        super().__init__(connection.input_size, connection.output_size)
        self.connection = connection

    def input_sizes(self) -> dict[str, int]:
        """Of the layer's output."""
        return {"y": self.connection.layer_size}

    def step(self, x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor]:
        """What the layer read and what it gave -> what goes up."""
        return (self.connection(x, y),)


class JoinStep(Cell):
    """Two vectors side by side, written as a cell, for the compiler.

    >>> JoinStep(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 8))[0].shape
    torch.Size([2, 8])
    """

    inputs = ("x", "y")
    state = ("z",)

    def __init__(self, input_size: int, more: int):
        super().__init__(input_size, input_size + more)
        self.more = more

    def input_sizes(self) -> dict[str, int]:
        """Of the second vector."""
        return {"y": self.more}

    def step(self, x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor]:
        """``x`` and ``y`` side by side."""
        return (torch.cat([x, y], 1),)
