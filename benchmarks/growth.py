"""How time and memory grow with steps, rows, units and threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.memory import held_bytes, peak_bytes
from benchmarks.plots import draw
from benchmarks.quiet import quietly
from benchmarks.settings import Settings, Size, say
from benchmarks.tables import markdown
from grunit.cli.contenders import CONTROL, contenders
from grunit.cli.timing import interleave, use_threads

MIDDLE = Size(32, 100, 128)
AXES: dict[str, tuple[int, ...]] = {
    "steps": (25, 50, 100, 200, 400, 800, 1600),
    "rows": (1, 4, 8, 16, 32, 64, 128, 256),
    "units": (16, 32, 64, 128, 256, 512, 768),
    "threads": (1, 2),
}
CONTENDERS = ("c", "torch", "torch.nn")


def measure(settings: Settings) -> dict[str, Any]:
    """One row a point of an axis: seconds of training and inference, and bytes of training, by contender."""
    rows = []
    for axis, values in AXES.items():
        for value in values[:2] if settings.smoke else values:
            say(f"growth: {axis} {value}")
            threads = value if axis == "threads" else 1
            size = settings.sizes[0] if settings.smoke else MIDDLE
            if axis != "threads":
                size = size._replace(**{axis: value})
            with use_threads(min(threads, max(settings.threads))):
                rows.append({"axis": axis, "value": value, "size": list(size), **measure_one(size, settings)})
    return {"cell": "lstm", "rows": rows}


def measure_one(size: Size, settings: Settings) -> dict[str, Any]:
    """Every contender at one size."""
    found: dict[str, Any] = {}
    for work in ("training", "inference"):
        calls = contenders("lstm", size, work == "training", eager=False)
        del calls[CONTROL]
        times, found[f"{work}_others"] = quietly(
            lambda calls=calls: interleave(calls, seconds=settings.seconds / 2, least_rounds=3), settings
        )
        found[work] = {name: each.to_dict() for name, each in times.items()}
        if work == "training":
            found["peak_bytes"] = {name: peak_bytes(calls[name]) for name in CONTENDERS}
            found["held_bytes"] = {name: held_bytes(calls[name]) for name in CONTENDERS}
    return found


def illustrate(document: dict[str, Any], folder: Path) -> None:
    """The plots beside the report."""
    draw(document, AXES, MIDDLE, folder)


def tell(document: dict[str, Any]) -> str:
    """The plots, then their numbers."""
    header = ["at", "C training ms", "torch.nn training ms", "C inference ms", "torch.nn inference ms"]
    header += ["C peak MB", "torch.nn peak MB", "C held MB", "torch.nn held MB"]
    lines = []
    for row in document["rows"]:
        entries = [
            f"{row[work][name]['median'] * 1e3:.2f}" for work in ("training", "inference") for name in ("c", "torch.nn")
        ]
        entries += [
            f"{row[kind][name] / 1e6:.1f}" for kind in ("peak_bytes", "held_bytes") for name in ("c", "torch.nn")
        ]
        lines.append([f"{row['axis']} = {row['value']}", *entries])
    return (
        f"An LSTM; what does not vary is {MIDDLE.rows} rows, {MIDDLE.steps} steps, {MIDDLE.units} units, one thread. "
        "Peak: the most that torch's allocator gives out at once during a forward and backward; held: what is kept "
        "between the two, input and weights included.\n\n"
        f"![Time and memory of training](growth.png)\n\n![Time of inference](growth_inference.png)\n\n"
        f"{markdown(lines, header)}"
    )
