"""Growth as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STYLE = {"c": ("C backend", "C0", "o-"), "torch": ("torch backend", "C1", "s-"), "torch.nn": ("torch.nn", "0.4", "^--")}
WORDS = {"steps": "time steps T", "rows": "rows B", "units": "units H", "threads": "threads"}


def draw(document: dict[str, Any], axes: Mapping[str, Sequence[int]], middle: Any, folder: Path) -> None:
    """Write ``growth.png``, time over memory, and ``growth_inference.png``."""
    times = ("training", "forward and backward, ms", 1e3)
    draw_grid(document, axes, [times, ("peak_bytes", "peak memory, MB", 1e-6)], folder / "growth.png")
    draw_grid(document, axes, [("inference", "forward, ms", 1e3)], folder / "growth_inference.png")


def draw_grid(
    document: dict[str, Any], axes: Mapping[str, Sequence[int]], kinds: Sequence[tuple[str, str, float]], path: Path
) -> None:
    """One row of plots a kind of number, one column an axis, both axes logarithmic."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    figure = Figure(figsize=(3.1 * len(axes), 0.6 + 2.5 * len(kinds)), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(kinds), len(axes), squeeze=False)
    for plots, (kind, label, scale) in zip(grid, kinds):
        for plot, axis in zip(plots, axes):
            rows = [row for row in document["rows"] if row["axis"] == axis]
            values = [row["value"] for row in rows]
            for name, (title, colour, marks) in STYLE.items():
                found = [row[kind][name] for row in rows]
                heights = [scale * (each["median"] if isinstance(each, dict) else each) for each in found]
                plot.plot(values, heights, marks, color=colour, label=title, markersize=3, linewidth=1.2)
            plot.set_xscale("log", base=2)
            plot.set_yscale("log")
            plot.set_xticks(values, [str(value) for value in values])
            plot.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))  # a panel may lie within one power of ten
            plot.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            plot.minorticks_off()
            plot.grid(alpha=0.3)
            plot.set_xlabel(WORDS[axis])
        plots[0].set_ylabel(label)
    grid[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=80, metadata={"Software": None})
