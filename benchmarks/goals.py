"""The goals, each with the number measured for it: met or missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.results import FOLDER, read
from benchmarks.settings import Settings
from benchmarks.tables import markdown

SMALL = 128
"""Units up to which a size counts as small."""


class Goal(NamedTuple):
    """One line of the table; ``number`` is None where nothing was measured."""

    what: str
    target: str
    number: float | None
    unit: str
    met: bool | None
    worst: str

    def line(self) -> list[str]:
        """As a row of text."""
        verdict = {True: "met", False: "**missed**", None: "not measured"}[self.met]
        return [
            self.what,
            self.target,
            "-" if self.number is None else f"{self.number:.2f}{self.unit}",
            verdict,
            self.worst,
        ]


def measure(settings: Settings, folder: Path = FOLDER) -> dict[str, Any]:
    """Judge what the other suites have written."""
    sequences, streaming, first = (read(name, folder) for name in ("sequences", "streaming", "first_use"))
    goals: list[Goal] = []
    for threads in sorted({row["threads"] for row in sequences["rows"]}) if sequences else ():
        goals += sequence_goals([row for row in sequences["rows"] if row["threads"] == threads], threads)
    goals += streaming_goals(streaming["rows"]) if streaming else []
    goals += first_goals(first) if first else []
    return {"goals": [goal._asdict() for goal in goals]}


def sequence_goals(rows: list[dict[str, Any]], threads: int) -> list[Goal]:
    """The goals on training and inference."""
    where = f", {threads} thread{'s' * (threads > 1)}"

    def choose(work: str, peer: str | None = None, small: bool = False) -> list[dict[str, Any]]:
        return [
            row
            for row in rows
            if row["work"] == work and peer in (None, row["peer"]) and not (small and row["size"][2] > SMALL)
        ]

    def faster(row: dict[str, Any]) -> float:
        return row["speedup"]["c"]

    def over_eager(row: dict[str, Any]) -> float:
        return row["over_eager"]

    def medians(work: str, peer: str) -> list[dict[str, Any]]:
        found: dict[str, list[float]] = {}
        for row in choose(work, peer):
            found.setdefault(row["cell"], []).append(faster(row))
        return [{"cell": cell, "median": median(ratios)} for cell, ratios in found.items()]

    def usual(row: dict[str, Any]) -> float:
        return row["median"]

    training = choose("training")
    return [
        at_least(f"LSTM-class training / nn.LSTM, every size{where}", 1.0, choose("training", "LSTM"), faster),
        at_least(f"LSTM-class training / nn.LSTM, median of each cell{where}", 1.1, medians("training", "LSTM"), usual),
        at_least(f"GRU-class training / nn.GRU, every size{where}", 1.3, choose("training", "GRU"), faster),
        at_least(f"GRU-class training / nn.GRU, H <= {SMALL}{where}", 2.5, choose("training", "GRU", True), faster),
        at_least(f"training / own plain loop, every size{where}", 1.5, training, over_eager),
        at_least(f"training / own plain loop, H <= {SMALL}{where}", 3.0, choose("training", None, True), over_eager),
        at_least(f"inference / nn.LSTM, median of each cell{where}", 1.05, medians("inference", "LSTM"), usual),
        at_least(f"inference / nn.GRU, median of each cell{where}", 1.5, medians("inference", "GRU"), usual),
    ]


def streaming_goals(rows: list[dict[str, Any]]) -> list[Goal]:
    """The goals on one step; ONNX Runtime in the quicker of its two ways."""
    small = [row for row in rows if row["units"] <= SMALL]
    long_memory = [row for row in small if "gru" not in row["cell"]]  # the others stand beside nn.GRU

    def over_torch(row: dict[str, Any]) -> float:
        return row["speedup"]["torch.nn"]

    def over_onnx(row: dict[str, Any]) -> float:
        return min(row["speedup"]["onnxruntime"], row["speedup"]["onnxruntime, bound"])

    def from_int8(row: dict[str, Any]) -> float:
        return row["times"]["Session"]["median"] / row["times"]["Session, int8"]["median"]

    return [
        at_least(f"one step / nn.LSTM, H <= {SMALL}", 20.0, long_memory, over_torch),
        at_least(f"one step / ONNX Runtime, H <= {SMALL}", 3.0, small, over_onnx),
        at_least(
            "one step, int8 weights / float32 weights, 256 units (beyond)",
            2.5,
            [r for r in rows if r["units"] == 256],
            from_int8,
        ),
    ]


def first_goals(document: dict[str, Any]) -> list[Goal]:
    """The goals on waiting."""
    uses = document["uses"]
    cold, cached = (lambda row: row["cold"]), (lambda row: row["cached, not the first cell"])
    return [
        at_most("compiling a new cell", 3.0, uses, lambda row: cold(row)["build"], " s"),
        at_most("the same from the cache", 0.05, uses, lambda row: cached(row)["build"], " s"),
        at_most("whole first use of a new cell, tracing included", 3.0, uses, lambda row: cold(row)["first"], " s"),
        at_most("the same from the cache, after another cell", 0.05, uses, lambda row: cached(row)["first"], " s"),
        at_most("import grunit beyond import torch", 0.3, [{"cell": ""}], lambda _: document["beyond_torch"], " s"),
    ]


def at_least(
    what: str,
    target: float,
    rows: list[dict[str, Any]],
    number: Callable[[dict[str, Any]], float],
    choose: Callable[[Iterable[float]], float] = min,
) -> Goal:
    """A goal that the number chosen of all rows must reach."""
    if not rows:
        return Goal(what, f">= {target:g}x", None, "x", None, "")
    reached = choose([number(row) for row in rows])
    return Goal(
        what, f">= {target:g}x", reached, "x", reached >= target, name_row(min(rows, key=number), rows, number, target)
    )


def at_most(
    what: str, target: float, rows: list[dict[str, Any]], number: Callable[[dict[str, Any]], float], unit: str
) -> Goal:
    """A goal that no row may exceed."""
    worst = max(rows, key=number)
    return Goal(what, f"< {target:g}{unit}", number(worst), unit, number(worst) < target, worst["cell"])


def name_row(
    row: dict[str, Any], rows: list[dict[str, Any]], number: Callable[[dict[str, Any]], float], target: float
) -> str:
    """The slowest case, and how many of all reach the target."""
    reach = sum(number(each) >= target for each in rows)
    if "median" in row:
        return f"{row['cell']}: {number(row):.2f}x; {reach} of {len(rows)} cells reach it"
    place = ",".join(map(str, row["size"])) if "size" in row else f"{row['units']} units"
    return f"{row['cell']} at {place}: {number(row):.2f}x; {reach} of {len(rows)} reach it"


def tell(document: dict[str, Any]) -> str:
    """One table."""
    lines = [Goal(**goal).line() for goal in document["goals"]]
    if not lines:
        return "Nothing is measured yet."
    return markdown(lines, ["goal", "target", "measured", "", "slowest case"])
