"""Pieces of a batch: whole, in order, and of the lengths that were asked for."""

from __future__ import annotations

import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grunit.training.truncation import pieces, random_lengths


@given(steps=st.integers(1, 300), chunk=st.integers(1, 80), seed=st.integers(0, 2**63 - 1))
def test_pieces_of_any_length_are_the_whole_in_its_order(steps, chunk, seed):
    x = torch.arange(2 * steps).view(2, steps)
    lengths = random_lengths(steps, chunk, seed)
    assert lengths == random_lengths(steps, chunk, seed)
    found = [piece for (piece,) in pieces((x,), lengths)]
    assert [piece.shape[1] for piece in found] == lengths
    assert torch.equal(torch.cat(found, 1), x)
    assert all(length >= min(5, chunk) for length in lengths[:-1])
    assert torch.equal(torch.cat([piece for (piece,) in pieces((x,), chunk)], 1), x)


def test_lengths_are_drawn_as_in_the_paper():
    # Merity et al. (2018), section 5: the length with probability 0.95, else half of it, and a deviation of 5.
    lengths = random_lengths(70 * 20_000, 70, seed=0)[:-1]
    whole = [length for length in lengths if length > 52]  # 3.5 deviations of both
    half = [length for length in lengths if length <= 52]
    assert len(half) / len(lengths) == pytest.approx(0.05, abs=0.005)
    # A whole number of steps is the drawn one cut off, half a step less in the mean.
    assert statistics.mean(whole) == pytest.approx(69.5, abs=0.2)
    assert statistics.mean(half) == pytest.approx(34.5, abs=0.8)
    assert statistics.stdev(whole) == pytest.approx(5, abs=0.15)
