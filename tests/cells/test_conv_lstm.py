"""A step of the convolutional LSTM against the paper's equations over plain sums, and against the peephole LSTM."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.equations import assert_equal, normal, sigmoid, step

from grunit.cells import ConvLSTM, PeepholeLSTM


def convolve(image, weight):
    """Cross-correlation with zeros around the image, summed place by place: (B, C, h, w) and (D, C, kh, kw)."""
    lines, places = weight.shape[2] // 2, weight.shape[3] // 2
    height, width = image.shape[2:]
    padded = np.pad(image, [(0, 0), (0, 0), (lines, lines), (places, places)])
    result = np.zeros((len(image), len(weight), height, width))
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            result += np.einsum("bchw,dc->bdhw", padded[:, :, i : i + height, j : j + width], weight[:, :, i, j])
    return result


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("kernel", [3, (1, 5)])
def test_a_step_is_the_papers(peepholes, kernel):
    cell = ConvLSTM(2 * 12, 3 * 12, height=3, width=4, kernel=kernel, peepholes=peepholes, dtype=torch.float64)
    w, u, b = (getattr(cell, name).detach().numpy() for name in ("weight_ih", "weight_hh", "bias"))
    x, h, c = normal(2, 2, 3, 4), normal(2, 3, 3, 4), normal(2, 3, 3, 4)
    pi = pf = po = 0.0
    if peepholes:
        peeps = (cell.weight_ci, cell.weight_cf, cell.weight_co)
        pi, pf, po = (value.detach().numpy().reshape(3, 3, 4) for value in peeps)
    i, f, g, o = np.split(convolve(x, w) + convolve(h, u) + b[:, None, None], 4, axis=1)
    new_c = sigmoid(f + pf * c) * c + sigmoid(i + pi * c) * np.tanh(g)
    new_h = sigmoid(o + po * new_c) * np.tanh(new_c)
    found = step(cell, *(value.reshape(2, -1) for value in (x, h, c)))
    assert_equal(found, [new_h.reshape(2, -1), new_c.reshape(2, -1)])


def test_on_an_image_of_one_place_it_is_the_peephole_lstm():
    cell = ConvLSTM(3, 5, width=1, kernel=1, peepholes=True, dtype=torch.float64)
    plain = PeepholeLSTM(3, 5, dtype=torch.float64)
    with torch.no_grad():
        plain.weight_ih.copy_(cell.weight_ih.flatten(1))
        plain.weight_hh.copy_(cell.weight_hh.flatten(1))
        plain.bias_ih.copy_(cell.bias)
        plain.bias_hh.zero_()
        for name in ("weight_ci", "weight_cf", "weight_co"):
            plain.get_parameter(name).copy_(cell.get_parameter(name))
    x, h, c = normal(2, 3), normal(2, 5), normal(2, 5)
    assert_equal(step(cell, x, h, c), step(plain, x, h, c))


def test_what_happens_at_one_place_reaches_its_neighbours_only():
    cell = ConvLSTM(12, 12, height=3, width=4, dtype=torch.float64)
    x, zero = np.zeros((1, 12)), np.zeros((1, 12))
    before = step(cell, x, zero, zero)[0]
    x[0, 0] = 1.0
    moved = np.abs(step(cell, x, zero, zero)[0] - before).reshape(3, 4) > 0
    expected = np.zeros((3, 4), bool)
    expected[:2, :2] = True
    assert (moved == expected).all()
