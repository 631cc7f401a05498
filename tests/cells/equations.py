"""What the tests of equations share: numpy in double precision, parameters of a cell cut into its blocks."""

from __future__ import annotations

import numpy as np
import torch


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def silu(x):
    """``x`` times its sigmoid."""
    return x * sigmoid(x)


def normal(*shape):
    """Normal numbers."""
    return torch.randn(*shape, dtype=torch.float64).numpy()


def cut(cell, name, blocks):
    """A parameter as numpy, cut into its blocks."""
    return np.split(cell.get_parameter(name).detach().numpy(), blocks)


def step(cell, *arguments):
    """One step of a cell on numpy arrays."""
    with torch.no_grad():
        return [value.numpy() for value in cell.step(*(torch.from_numpy(value) for value in arguments))]


def assert_equal(found, expected):
    """Lists of arrays that are equal to the rounding of double precision."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
