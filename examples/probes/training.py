"""One run: a network of one cell, trained on a probe from one seed, then tested once."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

import grunit
from examples.probes.probe import Probe
from grunit.errors import GrunitError
from grunit.training.randomness import seeded

RECENT = 20
"""Batches whose mean tells whether training may end."""

Watch = Callable[[int, float], None]
"""Called after each step with its number and the mean measure of the recent batches."""


@dataclass(frozen=True)
class Settings:
    """How a network is built and trained.

    Args:
        cell: a name from ``grunit.cells.names()``.
        hidden_size: units of every layer.
        num_layers: layers.
        start: of the parameters: an initialiser's name; ``"auto"`` is chrono where the cell has a gate that keeps its
            state (Tallec & Ollivier 2018), orthogonal for the plain RNN, and the cell's own for any other.
        steps: of the optimiser at most.
        batch_size: sequences a step, drawn anew each time.
        lr: learning rate of Adam; over the last half of the steps it falls to a tenth.
        clip: greatest norm of all gradients together.
        grow: length of the first sequences; it doubles whenever the last batches are good enough to end training, up
            to the probe's own. None: the probe's own from the start. Tests always have the probe's own.
        seed: of the start values and of what is drawn.
    """

    cell: str = "lstm"
    hidden_size: int = 64
    num_layers: int = 1
    start: str = "auto"
    steps: int = 1000
    batch_size: int = 32
    lr: float = 0.003
    clip: float = 1.0
    grow: int | None = None
    seed: int = 0


class Network(nn.Module):
    """A cell in layers, then a linear map of its last outputs."""

    def __init__(self, probe: Probe, settings: Settings):
        super().__init__()
        options = start_options(settings, probe.length)
        sizes = (probe.input_size, settings.hidden_size, settings.num_layers)
        self.core = grunit.Recurrent(settings.cell, *sizes, **options)
        self.head = nn.Linear(self.core.output_size, probe.output_size)
        self.answers = probe.answers

    def forward(self, x: Tensor) -> Tensor:
        """x ``(T, B, F)`` -> ``(answers, B, output_size)``."""
        output, _ = self.core(x)
        return self.head(output[-self.answers :])


def start_options(settings: Settings, length: int) -> dict[str, Any]:
    """The options of the cell that decide its start values."""
    if settings.start not in ("auto", "chrono"):
        return {"initializer": settings.start}
    chrono = {"initializer": "chrono", "max_time": length}
    if settings.start == "chrono" or takes(settings.cell, chrono):
        return chrono
    orthogonal = {"initializer": "orthogonal"}
    return orthogonal if settings.cell == "rnn" else {}


def takes(cell: str, options: dict[str, Any]) -> bool:
    """Whether a cell can be built with these options."""
    try:
        grunit.Recurrent(cell, 2, 4, **options)
    except GrunitError:
        return False
    return True


def train(probe: Probe, settings: Settings, watch: Watch = lambda step, recent: None) -> dict[str, Any]:
    """Train and test.

    Returns:
        ``score`` and ``loss`` on the test, ``steps`` taken, ``seconds`` of training and testing, ``parameters`` of the
        network, and the ``backend`` that ran the cell. A run whose loss is no longer a number ends there.
    """
    with seeded(settings.seed):
        network = Network(probe, settings)
        optimizer = torch.optim.Adam(network.parameters(), lr=settings.lr)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share_of_lr(step, settings.steps))
        generator = torch.Generator().manual_seed(settings.seed)
        compiled = grunit.compile(network.core.cells[0])
        begun = time.perf_counter()
        recent: deque[float] = deque(maxlen=RECENT)
        step, task = 0, probe.at(settings.grow) if settings.grow else probe
        for step in range(1, settings.steps + 1):
            x, target = task.draw(settings.batch_size, generator)
            output = network(x)
            loss = probe.loss(output, target)
            if not math.isfinite(loss.item()):
                break
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            schedule.step()
            recent.append(probe.score(output.detach(), target))
            watch(step, fmean(recent))
            if len(recent) == RECENT and probe.reaches(fmean(recent), probe.stop):
                length, full = (one.sizes().get("length") for one in (task, probe))
                if length == full:
                    break
                task = probe.at(min(2 * length, full))
                recent.clear()
        return {
            **test(probe, network, settings.batch_size),
            "steps": step,
            "seconds": time.perf_counter() - begun,
            "parameters": sum(value.numel() for value in network.parameters()),
            "backend": compiled.backend,
        }


@torch.no_grad()
def test(probe: Probe, network: Network, batch_size: int) -> dict[str, Any]:
    """The measure and the loss on the test, None where they are not numbers."""
    x, target = probe.test()
    output = torch.cat([network(rows) for rows in x.split(4 * batch_size, 1)], 1)
    found = {"score": probe.score(output, target), "loss": probe.loss(output, target).item()}
    finite = bool(output.isfinite().all())
    return {name: value if finite and math.isfinite(value) else None for name, value in found.items()}


def share_of_lr(step: int, steps: int) -> float:
    """1 over the first half, then falling to a tenth.

    >>> [round(share_of_lr(step, 10), 2) for step in (0, 5, 10)]
    [1.0, 1.0, 0.1]
    """
    return 1 - 0.9 * max(0.0, 2 * step / steps - 1)


def time_step(probe: Probe, settings: Settings, steps: int = 3) -> float:
    """Seconds that one step of training takes at the full length, once compiled."""
    settings = replace(settings, grow=None)
    train(probe, replace(settings, steps=1))
    stamps: list[float] = []
    train(probe, replace(settings, steps=steps + 1), lambda *_: stamps.append(time.perf_counter()))
    return (stamps[-1] - stamps[0]) / (len(stamps) - 1) if len(stamps) > 1 else 0.0
