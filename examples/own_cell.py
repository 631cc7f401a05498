"""A cell of your own, written here in a dozen lines, trained beside the LSTM.

python examples/own_cell.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

import grunit
from grunit.tasks.comparison import Comparison, compare


class TwoSpeed(grunit.Cell):
    """Units that forget at a rate of their own, learnt, and a gate that decides what to take in."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 2 * hidden_size)
        self.U = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.rate = nn.Parameter(torch.linspace(-3, 3, hidden_size))

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        take, candidate = (self.W(x) + self.U(h)).chunk(2, -1)
        take = grunit.gate("take", torch.sigmoid(take))
        keep = torch.sigmoid(self.rate)
        return (keep * h + (1 - keep) * take * torch.tanh(candidate),)


def two_waves(length: int) -> pd.DataFrame:
    """A quick and a slow wave with noise."""
    steps = np.arange(length)
    noise = np.random.default_rng(0).normal(scale=0.1, size=length)
    values = np.sin(2 * np.pi * steps / 7) + np.sin(2 * np.pi * steps / 61) + noise
    return pd.DataFrame({"unique_id": "waves", "ds": steps, "y": values})


def main(quick: bool = False) -> Comparison:
    torch.set_num_threads(1)  # networks this small are quicker on one
    print(grunit.compile(TwoSpeed(1, 16)).schedule)
    comparison = compare(
        two_waves(200 if quick else 1000),
        h=7,
        cells=[TwoSpeed, "lstm"],
        seeds=[0] if quick else [0, 1, 2],
        n_windows=2 if quick else 10,
        input_size=28,
        hidden_size=8 if quick else 16,
        max_epochs=1 if quick else 10,
    )
    print("\n" + comparison.to_frame()[["name", "MAE", "MAE spread", "parameters", "seconds"]].to_string(index=False))
    print(comparison.verdict)
    return comparison


if __name__ == "__main__":
    main()
