"""What may be drawn, token by token as the definitions say, and how often it is."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grunit.errors import InputError
from grunit.tasks.language_model_sampling import Sampling, draw

WEIGHTS = st.lists(st.floats(0.01, 10), min_size=2, max_size=9)


def by_hand(shares: list[float], temperature: float, top_k: int | None, top_p: float | None) -> list[float]:
    """The definitions, with lists."""
    powers = [share ** (1 / temperature) for share in shares]
    found = [power / sum(powers) for power in powers]
    order = sorted(range(len(found)), key=lambda token: (-found[token], token))[:top_k]
    found = [value if token in order else 0.0 for token, value in enumerate(found)]
    found = [value / sum(found) for value in found]
    if top_p is not None:
        kept: list[int] = []
        for token in order:
            if sum(found[one] for one in kept) >= top_p:
                break
            kept.append(token)
        found = [value if token in kept else 0.0 for token, value in enumerate(found)]
    return [value / sum(found) for value in found]


@given(
    st.lists(WEIGHTS, min_size=1, max_size=1),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.one_of(st.none(), st.integers(1, 12)),
    st.one_of(st.none(), st.floats(0.05, 0.95)),
)
def test_temperature_then_k_then_p(rows, temperature, top_k, top_p):
    shares = [value / sum(rows[0]) for value in rows[0]]
    found = Sampling(temperature, top_k, top_p).probabilities(torch.tensor([shares], dtype=torch.float64).log())
    expected = by_hand(shares, temperature, top_k, top_p)
    # Where sums meet the share to the last bit, either answer is right.
    if top_p is not None:
        loose = [by_hand(shares, temperature, top_k, top_p + change) for change in (-1e-12, 1e-12)]
        if loose[0] != loose[1]:
            return
    torch.testing.assert_close(found[0], torch.tensor(expected, dtype=torch.float64))


def test_temperature_zero_takes_the_first_of_the_best():
    found = torch.tensor([[0.1, 0.45, 0.45]], dtype=torch.float64).log()
    assert Sampling(0).probabilities(found).tolist() == [[0.0, 1.0, 0.0]]


def test_the_penalty_multiplies_what_was_there():
    found = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]], dtype=torch.float64).log()
    changed = Sampling(repetition_penalty=2.0).penalize(found, [[1, 0, 0, 2, 1], [0]], end=1)
    expected = [[0.5**2, 0.25, 0.25**2], [0.5, 0.25, 0.25]]
    torch.testing.assert_close(changed.exp(), torch.tensor(expected, dtype=torch.float64))


@given(WEIGHTS, st.integers(0, 9), st.floats(0, 1, exclude_max=True))
def test_a_draw_is_the_first_class_whose_sum_passes_the_number(weights, hole, number):
    weights = [0.0 if place == hole and len(weights) > 2 else weight for place, weight in enumerate(weights)]
    shares = torch.tensor([weights], dtype=torch.float64) / sum(weights)
    sums = list(itertools.accumulate(shares[0].tolist()))
    scaled = number * sums[-1]
    expected = next((place for place, total in enumerate(sums) if total > scaled), None)
    found = draw(shares, torch.tensor([number], dtype=torch.float64)).item()
    assert weights[found] > 0
    if expected is not None:
        assert found == expected


def test_draws_come_as_often_as_they_should():
    shares = torch.tensor([[0.7, 0.0, 0.2, 0.1]], dtype=torch.float64).expand(100_000, 4)
    found = draw(shares, torch.rand(100_000, dtype=torch.float64)).bincount(minlength=4) / 100_000
    assert found[1] == 0
    assert float((found - shares[0]).abs().max()) < 0.006  # four standard errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature is -1: give 0"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0: give at least 1"),
        ({"top_k": 2.5}, "top_k is 2.5"),
        ({"top_p": 0}, "top_p is 0: give a share above 0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"repetition_penalty": 0}, "repetition_penalty is 0"),
    ],
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Sampling(**options)
