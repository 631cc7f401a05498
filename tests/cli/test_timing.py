"""Contenders take turns, and ratios are formed inside a turn."""

from __future__ import annotations

import gc
import time

import pytest
import torch

from grunit.cli.timing import Times, interleave, speedup, spread, use_threads


def test_a_known_ratio_is_found():
    times = interleave({"once": lambda: time.sleep(0.004), "twice": lambda: time.sleep(0.008)}, seconds=0.1)
    # A sleep lasts at least so long; on a busy machine it lasts longer.
    assert times["once"].least >= 0.004
    assert times["twice"].least >= 0.008
    assert speedup(times, "once", "twice").median == pytest.approx(2, rel=0.5)


def test_a_machine_that_slows_down_does_so_for_both():
    # Each round twice as slow as the one before; the ratio inside each round stays 3.
    times = {"a": Times((1.0, 2.0, 4.0)), "b": Times((3.0, 6.0, 12.0))}
    assert speedup(times, "a", "b").rounds == (3.0, 3.0, 3.0)
    assert speedup(times, "a", "b").spread == 0


def test_every_other_round_goes_the_other_way():
    order: list[str] = []
    # Longer than a turn must last, so that each turn is one call.
    calls = {name: (lambda name=name: (order.append(name), time.sleep(0.06))) for name in "abc"}
    interleave(calls, seconds=0.0, least_rounds=2)
    assert "".join(order[-6:]) == "abccba"


def test_quick_calls_are_repeated_within_a_turn():
    count = 0

    def quick():
        nonlocal count
        count += 1

    times = interleave({"quick": quick}, seconds=0.0, least_rounds=1)
    assert count > 1000
    assert times["quick"].median < 1e-4


def test_the_collector_is_off_in_a_turn_and_on_afterwards():
    states = []
    interleave({"a": lambda: states.append(gc.isenabled())}, seconds=0.0, least_rounds=1)
    assert not states[-1]
    assert gc.isenabled()


def test_spread_is_the_middle_half():
    assert spread((1.0, 2.0, 3.0, 4.0, 5.0)) == pytest.approx((4 - 2) / 3)


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with use_threads(before + 1):
        inside = torch.get_num_threads()
    assert (inside, torch.get_num_threads()) == (before + 1, before)
