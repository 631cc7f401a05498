"""Small batches train on one thread, large ones on all, and what the user set comes back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grunit.training import Batches, Settings, fit
from grunit.training.threads import WORTHWHILE, Threads

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    """Two threads, as on a machine whose environment says nothing."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def chosen(model, batch, device=CPU):
    with Threads(model, device) as threads:
        threads.observe(batch)
        return torch.get_num_threads()


@pytest.mark.parametrize(("steps", "expected"), [(10, 1), (40_000, 2)])
def test_the_work_of_a_batch_decides(steps, expected):
    # 32 x 32 weights, one row: steps times 1,024 multiplications.
    assert (1024 * steps < WORTHWHILE) == (expected == 1)
    assert chosen(nn.Linear(32, 32), (torch.zeros(1, steps, 32),)) == expected
    assert torch.get_num_threads() == 2


def test_rows_of_an_embedding_are_no_work():
    model = nn.Sequential(nn.Embedding(100_000, 32), nn.Linear(32, 4))
    assert chosen(model, (torch.zeros(32, 20, dtype=torch.int64),)) == 1


def test_only_the_first_batch_is_asked():
    with Threads(nn.Linear(32, 32), CPU) as threads:
        threads.observe((torch.zeros(1, 40_000, 32),))
        threads.observe((torch.zeros(1, 1, 32),))
        assert torch.get_num_threads() == 2


def test_the_environment_has_the_last_word(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert chosen(nn.Linear(2, 2), (torch.zeros(1, 2),)) == 2


def test_other_devices_are_left_alone():
    assert chosen(nn.Linear(2, 2), (torch.zeros(1, 2),), torch.device("meta")) == 2


@pytest.mark.parametrize("fails", [False, True])
def test_a_training_gives_back_what_it_found(fails):
    seen = []

    def loss(model, batch):
        seen.append(torch.get_num_threads())
        if fails:
            raise RuntimeError("stop")
        return model(batch[0]).square().mean()

    batches = Batches((torch.ones(8, 2),), 4)
    settings = Settings(max_epochs=1, verbose=0, device="cpu")
    if fails:
        with pytest.raises(RuntimeError, match="stop"):
            fit(nn.Linear(2, 1), loss, batches, None, settings)
    else:
        fit(nn.Linear(2, 1), loss, batches, None, settings)
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2
