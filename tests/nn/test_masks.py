"""Masks from lengths, and the softmax that the padding does not enter."""

from __future__ import annotations

import math

import pytest
import torch

from grunit.errors import InputError, ShapeError
from grunit.nn.masks import masked_softmax, read_mask, read_rows


def test_softmax_among_the_steps_that_count():
    scores = torch.tensor([[1.0, 2.0, math.nan], [3.0, 4.0, 5.0], [1.0, 1.0, 1.0]])
    mask = torch.tensor([[True, True, False], [True, True, True], [False, False, False]])
    expected = torch.zeros(3, 3)
    expected[0, :2], expected[1] = scores[0, :2].softmax(0), scores[1].softmax(0)
    torch.testing.assert_close(masked_softmax(scores, mask), expected)


def test_softmax_keeps_half_precision_finite():
    scores = torch.zeros(1, 2, dtype=torch.float16)
    assert masked_softmax(scores, torch.tensor([[True, False]])).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("lengths", "mask", "error", "words"),
    [
        ([1, 2], torch.ones(3, 2, dtype=torch.bool), InputError, "both given"),
        (None, torch.ones(3, 2), InputError, "mask must be a bool tensor"),
        (None, torch.ones(2, 3, dtype=torch.bool), ShapeError, r"mask must have shape \(3, 2\)"),
        ([1.0, 2.0], None, InputError, "whole numbers"),
        ([1], None, ShapeError, r"lengths must have shape \(2,\)"),
        ([-1, 2], None, ShapeError, "got -1 to 2"),
    ],
)
def test_what_is_no_mask_is_refused(lengths, mask, error, words):
    with pytest.raises(error, match=words):
        read_mask(lengths, mask, 2, 3, batch_first=False)


def test_rows_without_steps_are_refused():
    with pytest.raises(ShapeError, match="no time steps"):
        read_rows("input", torch.zeros(0, 2, 3))
    with pytest.raises(ShapeError, match=r"input must have shape \(T, B, F\), or \(T, F\)"):
        read_rows("input", torch.zeros(3))
