"""What a cell costs beside an LSTM of the same size: the same work by each, in turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grunit.cells import Cell
from grunit.cli.contenders import CONTROL, Size, extra_inputs, work
from grunit.cli.timing import interleave, speedup
from grunit.nn import Recurrent

SIZE = Size(32, 100, 64)
LSTM, TORCH = "lstm", "torch.nn.LSTM"


def calls_beside_lstm(cell: str | type[Cell], size: Size, training: bool) -> dict[str, Callable[[], Any]]:
    """The cell, grunit's LSTM and torch's, each as it runs here when nobody chooses a backend.

    Args:
        cell: a name or a class.
        size: rows, steps and units; as many features.
        training: forward and backward with all gradients; else forward alone.

    >>> list(calls_beside_lstm("gru", Size(2, 3, 4), training=False))
    ['cell', 'lstm', 'torch.nn.LSTM', 'torch.nn again']
    """
    torch.manual_seed(0)
    ours, lstm = (Recurrent(kind, size.units, size.units) for kind in (cell, "lstm"))
    peer = torch.nn.LSTM(size.units, size.units)
    x = torch.randn(size.steps, size.rows, size.units, generator=torch.Generator().manual_seed(1))
    own: Any = ours.cells[0]
    more = extra_inputs(own, size)

    def walk(value: Tensor) -> Tensor:
        return ours(value, **more)[0]

    calls = {
        "cell": work(walk, list(ours.parameters()), x, training),
        LSTM: work(lambda value: lstm(value)[0], list(lstm.parameters()), x, training),
        TORCH: work(lambda value: peer(value)[0], list(peer.parameters()), x, training),
    }
    return {**calls, CONTROL: calls[TORCH]}


def compare_with_lstm(
    cell: str | type[Cell], size: Size = SIZE, *, seconds: float = 1.0, least_rounds: int = 3
) -> list[dict[str, Any]]:
    """Training and inference: seconds of each, and how many times as long as each LSTM the cell takes."""
    rows = []
    for training in (True, False):
        times = interleave(calls_beside_lstm(cell, size, training), seconds=seconds, least_rounds=least_rounds)
        # How many times faster the LSTM is, is how many times as long the cell takes.
        ratios = {each: speedup(times, each, "cell") for each in (LSTM, TORCH)}
        rows.append(
            {
                "work": "training" if training else "inference",
                "size": list(size),
                "times": {each: found.to_dict() for each, found in times.items() if each != CONTROL},
                "ratio": {each: ratio.median for each, ratio in ratios.items()},
                "spread": {each: ratio.spread for each, ratio in ratios.items()},
                "noise": abs(speedup(times, CONTROL, TORCH).median - 1),
            }
        )
    return rows
