"""Training holds what the schedule says must be saved, and steps leave nothing behind."""

from __future__ import annotations

import gc
import math
import os

import pytest
import torch
from tests.compiler.comparison import example, plan_of, weights_of

import grunit
from grunit import Recurrent, cells
from grunit.cli.catalogue import CLASSIC
from grunit.compiler.run import run

LENGTH, ROWS = 100, 8


# Those keep much of what is made before the loop, or nothing of it.
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("layer_norm_lstm", "nas", "mut1", "rg_lru")]


@pytest.mark.parametrize("backend", ["torch", "c"])
@pytest.mark.parametrize("name", [*CLASSIC, *OTHERS])
def test_a_walk_holds_little_more_than_the_schedule_names(name, backend):
    cell = cells.get(name)(3, 16)
    inputs, states = example(cell, LENGTH, ROWS)
    weights = weights_of(cell)
    step = plan_of(cell)
    named = sum(
        LENGTH * ROWS * math.prod(node.meta["val"].shape[1:]) * node.meta["val"].dtype.itemsize
        for node in step.schedule.saved
    )
    held: dict[int, int] = {}

    def pack(value):
        storage = value.untyped_storage()
        held[storage.data_ptr()] = storage.nbytes()
        return value

    with grunit.backend(backend), torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        output, final = run(cell, weights, inputs, states)
    for value in (*weights.values(), *inputs, *states):
        held.pop(value.untyped_storage().data_ptr(), None)
    assert sum(held.values()) <= 1.3 * named
    # What the caller gets keeps nothing else alive.
    assert output.untyped_storage().nbytes() == output.numel() * output.element_size()
    assert all(value.untyped_storage().nbytes() == value.numel() * value.element_size() for value in final)


def resident() -> int:
    """Bytes of memory this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="this system does not tell the memory of a process")
@pytest.mark.parametrize("backend", ["torch", "c"])
def test_training_steps_leave_nothing_behind(backend):
    model = Recurrent("gru", 4, 8)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    lengths = torch.tensor([10, 7, 3, 1])

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            output, _ = model(torch.randn(10, 4, 4), lengths=lengths)
            output.square().mean().backward()
            optimizer.step()

    with grunit.backend(backend):
        train(50)
        gc.collect()
        objects, growth = len(gc.get_objects()), []
        for _ in range(4):
            memory = resident()
            train(50)
            gc.collect()
            growth.append(resident() - memory)
    assert len(gc.get_objects()) <= objects + 20
    # A leak shows in every stretch; memory that the allocator takes or gives back now and then does not.
    assert min(growth) < 1e6
