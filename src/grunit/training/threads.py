"""How many threads a training is worth."""

from __future__ import annotations

import os

import torch
from torch import nn

from grunit.training.batches import Batch

WORTHWHILE = 2e7
"""Multiplications of a batch, forward, below which threads wait for each other longer than they compute."""


class Threads:
    """Within the block, one thread where batches are small; afterwards as many as before.

    The step of a small network is shorter than it takes threads to meet, and beside other work two can be many times
    slower than one. Where the environment sets ``OMP_NUM_THREADS``, that is what the user wants and nothing changes.

    Args:
        model: whose parameters say how much a step computes.
        device: where it trains; only a CPU has threads to spare.

    >>> before = torch.get_num_threads()
    >>> with Threads(nn.Linear(4, 4), torch.device("cpu")) as threads:
    ...     threads.observe((torch.zeros(32, 10, 4),))
    >>> torch.get_num_threads() == before
    True
    """

    def __init__(self, model: nn.Module, device: torch.device):
        self.before = torch.get_num_threads()
        self.open = device.type == "cpu" and self.before > 1 and "OMP_NUM_THREADS" not in os.environ
        # Of an embedding a step reads single rows.
        tables = [id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)]
        self.multiplications = sum(p.numel() for p in model.parameters() if p.dim() > 1 and id(p) not in tables)

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *failure: object) -> None:
        if torch.get_num_threads() != self.before:
            torch.set_num_threads(self.before)

    def observe(self, batch: Batch) -> None:
        """Choose by the first batch, whose first tensor is ``(B, T, ...)`` or ``(B, ...)``."""
        if not self.open:
            return
        self.open = False
        shape = batch[0].shape
        places = shape[0] * (shape[1] if len(shape) > 1 else 1)
        if self.multiplications * places < WORTHWHILE:
            torch.set_num_threads(1)
