"""Optimisers that move all parameters in one call give what those that go one by one give."""

import pytest
import torch
from torch import nn

from grunit.training.optimizers import make_optimizer


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_one_call_moves_as_many_calls_do(name, dtype):
    options = {"lr": 0.05, "weight_decay": 0.1, **({"momentum": 0.9} if name == "sgd" else {})}
    ours, plain = ([nn.Parameter(torch.linspace(-1, 2, 7, dtype=dtype)) for _ in range(2)] for _ in range(2))
    chosen = make_optimizer(name, [{"params": ours[:1]}, {"params": ours[1:]}], **options)
    one_by_one = make_optimizer(name, plain, **options, foreach=False)
    assert chosen.defaults["fused"]
    assert not one_by_one.defaults.get("fused")
    for _ in range(20):
        for parameters, optimizer in ((ours, chosen), (plain, one_by_one)):
            optimizer.zero_grad()
            sum((p.sin() * (i + 1)).sum() for i, p in enumerate(parameters)).backward()
            optimizer.step()
    near = 1e-12 if dtype == torch.float64 else 2e-6
    torch.testing.assert_close(ours, plain, rtol=near, atol=near)


def test_a_way_that_was_chosen_stays():
    weight = nn.Parameter(torch.zeros(2))
    assert not make_optimizer("adam", [weight], lr=0.1, fused=False).defaults["fused"]
    assert not make_optimizer("rmsprop", [weight], lr=0.1).defaults.get("fused")
