"""Tables to tensors: validated frames, panels of series, scaling, windows without leakage."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from grunit.data.columns import Columns
from grunit.data.examples import load_example
from grunit.data.origin import DataWarning
from grunit.data.panel import Panel, future_times, require_length, season_length, to_panel
from grunit.data.parallel_texts import TextPairs, read_pairs
from grunit.data.scaling import Scaler
from grunit.data.sequence_files import LabelledSequences, load_ucr, read_sequences
from grunit.data.sequences import Sequences
from grunit.data.tables import read_table, to_long
from grunit.data.tagging import TaggedSentences, read_tagged

if TYPE_CHECKING:
    from grunit.data.windows import Windows, split_tail

__all__ = [
    "Columns",
    "DataWarning",
    "LabelledSequences",
    "Panel",
    "Scaler",
    "Sequences",
    "TaggedSentences",
    "TextPairs",
    "Windows",
    "future_times",
    "load_example",
    "load_ucr",
    "read_pairs",
    "read_sequences",
    "read_table",
    "read_tagged",
    "require_length",
    "season_length",
    "split_tail",
    "to_long",
    "to_panel",
]


def __getattr__(name: str) -> Any:
    # Windows need torch; a table is refused without waiting for that.
    if name in ("Windows", "split_tail"):
        return getattr(importlib.import_module("grunit.data.windows"), name)
    raise AttributeError(f"module 'grunit.data' has no attribute {name!r}")
