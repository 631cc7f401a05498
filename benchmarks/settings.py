"""What all suites share: sizes, cells, and how long to measure."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cells import LayerNormLSTM, MultiplicativeLSTM
from grunit.cli.contenders import Size
from grunit.errors import InputError

SIZES = (
    Size(32, 100, 64),
    Size(32, 100, 128),
    Size(32, 100, 256),
    Size(64, 50, 512),
    Size(128, 35, 650),
    Size(16, 500, 128),
)
CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "lstm": ("lstm", {}),
    "gru": ("gru", {}),
    "gru, reset before": ("gru", {"reset_after": False}),
    "peephole_lstm": ("peephole_lstm", {}),
    "peephole_gru": ("peephole_gru", {}),
    "layer-norm LSTM": (LayerNormLSTM, {}),
    "multiplicative LSTM": (MultiplicativeLSTM, {}),
}
"""What is measured, with the options it is built with; the last two are a user's own."""


@dataclass(frozen=True)
class Settings:
    """How a run goes.

    Args:
        seconds: of measuring each comparison, beyond warm-up.
        least_rounds: rounds each comparison has at least.
        patience: seconds to wait, and to try again, while other programs use the processor.
        smoke: tiny sizes, one try: shows that everything runs, its numbers mean nothing.
    """

    seconds: float = 4.0
    least_rounds: int = 5
    patience: float = 120.0
    smoke: bool = False

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Batch, time and units."""
        return (Size(2, 3, 8),) if self.smoke else SIZES

    @property
    def cells(self) -> dict[str, tuple[Any, dict[str, Any]]]:
        """What is measured."""
        return {name: CELLS[name] for name in ("lstm", "multiplicative LSTM")} if self.smoke else CELLS

    @property
    def threads(self) -> tuple[int, ...]:
        """Thread counts."""
        return (1,) if self.smoke else (1, 2)


def say(text: str) -> None:
    """How far a suite is."""
    print(text, file=sys.stderr, flush=True)


def data_folder(name: str) -> Path:
    """The folder of a data set.

    Raises:
        InputError: ``GRUNIT_DATA`` is not set, or has no such folder.
    """
    root = os.environ.get("GRUNIT_DATA")
    if not root or not (Path(root) / name).is_dir():
        raise InputError(f"set the environment variable GRUNIT_DATA to the folder that holds {name}")
    return Path(root) / name
