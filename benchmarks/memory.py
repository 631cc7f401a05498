"""Bytes that one forward and backward takes from torch's allocator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile


def peak_bytes(train: Callable[[], Any]) -> int:
    """The most that is allocated at one time while a warm call runs, its results included."""
    train()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        train()
    events = [event for event in record.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def held_bytes(train: Callable[[], Any]) -> int:
    """What is kept from the forward for the backward, inputs and parameters included, each memory counted once."""
    held: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        held[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        train()
    return sum(held.values())
