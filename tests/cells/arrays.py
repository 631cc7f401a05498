"""What the tests that write equations anew in NumPy share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


def arrays(cell: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, in NumPy."""
    return {name: value.detach().numpy() for name, value in cell.state_dict().items()}


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def blocks(value: np.ndarray, count: int) -> list[np.ndarray]:
    """A stacked weight or bias, cut into ``count`` pieces by rows."""
    return np.split(value, count)


def step_of(cell, *arguments: np.ndarray) -> list[np.ndarray]:
    """A step of the cell on arrays."""
    with torch.no_grad():
        return [value.numpy() for value in cell(*(torch.from_numpy(np.asarray(a)) for a in arguments))]


def assert_close(got, expected) -> None:
    """Equal to the rounding of double precision."""
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def spread(cell: nn.Module) -> nn.Module:
    """The cell in double precision with normal parameters, so that no bias and no gate is at a special value."""
    with torch.no_grad():
        for parameter in cell.double().parameters():
            parameter.normal_()
    return cell


def columns(*shape: int) -> np.ndarray:
    """Normal numbers in double precision."""
    value: Tensor = torch.randn(*shape, dtype=torch.float64)
    return value.numpy()
