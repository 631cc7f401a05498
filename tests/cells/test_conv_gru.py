"""A step of the convolutional GRU against the paper's equations over torch's conv2d, and against the plain GRU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.equations import assert_equal, normal, sigmoid, step

from grunit.cells import GRU, ConvGRU


def convolve(image, weight):
    """torch's convolution of one kernel, on numpy arrays."""
    padding = [size // 2 for size in weight.shape[2:]]
    result = torch.nn.functional.conv2d(torch.from_numpy(image), torch.from_numpy(weight), padding=padding)
    return result.numpy()


@pytest.mark.parametrize("kernel", [3, (5, 1)])
def test_a_step_is_the_papers(kernel):
    cell = ConvGRU(2 * 12, 3 * 12, height=3, width=4, kernel=kernel, dtype=torch.float64)
    wz, wr, wn = np.split(cell.weight_ih.detach().numpy(), 3)
    uz, ur, un = np.split(cell.weight_hh.detach().numpy(), 3)
    bz, br, bn = np.split(cell.bias.detach().numpy()[:, None, None], 3)
    x, h = normal(2, 2, 3, 4), normal(2, 3, 3, 4)
    z = sigmoid(convolve(x, wz) + convolve(h, uz) + bz)
    r = sigmoid(convolve(x, wr) + convolve(h, ur) + br)
    n = np.tanh(convolve(x, wn) + convolve(r * h, un) + bn)
    found = step(cell, x.reshape(2, -1), h.reshape(2, -1))
    assert_equal(found, [((1 - z) * h + z * n).reshape(2, -1)])


def test_on_an_image_of_one_place_it_is_the_gru_of_2014_with_its_update_gate_turned_round():
    cell = ConvGRU(3, 5, width=1, kernel=1, dtype=torch.float64)
    plain = GRU(3, 5, reset_after=False, dtype=torch.float64)

    def turned(value):
        z, r, n = value.flatten(1).chunk(3) if value.dim() > 1 else value.chunk(3)
        return torch.cat([r, -z, n])

    with torch.no_grad():
        plain.weight_ih.copy_(turned(cell.weight_ih))
        plain.weight_hh.copy_(turned(cell.weight_hh))
        plain.bias_ih.copy_(turned(cell.bias))
        plain.bias_hh.zero_()
    x, h = normal(2, 3), normal(2, 5)
    assert_equal(step(cell, x, h), step(plain, x, h))
