"""A step of the NAS cell against its tree written out."""

from __future__ import annotations

import numpy as np
import pytest
from tests.cells.arrays import arrays, assert_close, blocks, columns, sigmoid, spread, step_of
from tests.compiler.comparison import assert_equals_the_loop

from grunit.cells import NAS


@pytest.mark.parametrize("proj_size", [0, 2])
def test_a_step_is_the_tree_of_the_paper(proj_size):
    cell = spread(NAS(3, 4, proj_size=proj_size))
    p = arrays(cell)
    x, h, c = columns(2, 3), columns(2, proj_size or 4), columns(2, 4)
    a = [x @ W.T + b for W, b in zip(blocks(p["weight_ih"], 8), blocks(p["bias_ih"], 8), strict=True)]
    u = [h @ U.T + b for U, b in zip(blocks(p["weight_hh"], 8), blocks(p["bias_hh"], 8), strict=True)]
    relu = lambda v: np.maximum(v, 0)  # noqa: E731
    l0 = np.tanh(sigmoid(a[0] + u[0]) * relu(a[1] + u[1]))
    l1 = np.tanh(sigmoid(a[2] + u[2]) + relu(a[3] * u[3]))
    l2 = np.tanh(np.tanh(a[4] + u[4]) * sigmoid(a[5] + u[5]))
    l3 = sigmoid(np.tanh(a[6] + u[6]) + sigmoid(a[7] + u[7]))
    new_c = np.tanh(l0 + c) * l1
    new_h = np.tanh(new_c * np.tanh(l2 + l3))
    assert_close(step_of(cell, x, h, c), [new_h @ p["weight_hr"].T if proj_size else new_h, new_c])


@pytest.mark.parametrize("options", [{}, {"proj_size": 2}, {"bias": False}])
def test_compiled_it_equals_the_loop(options):
    assert_equals_the_loop(NAS(3, 4, **options), lengths=[4, 2, 0])
