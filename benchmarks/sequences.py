"""Training and inference along sequences: every cell and size, on one and two threads, against its peers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.agreement import check_agreement
from benchmarks.peak import measure_peaks
from benchmarks.quiet import quietly
from benchmarks.settings import SIZES, Settings, say
from benchmarks.tables import markdown
from grunit.cli.contenders import CONTROL, Size, build, contenders, count_flops, peer_of
from grunit.cli.timing import interleave, speedup, use_threads

CONTENDERS = {"c": "C backend", "torch": "torch backend", "eager": "plain loop"}
SAME_AS_TORCH = ("lstm", "gru")
"""Cells that compute what torch.nn's layer computes, from the same start values."""
FEW_STEPS = 10
"""Steps after which results are compared: a cell with layer norm is chaotic, so that a hundred steps make a thousandth
of float32's rounding, the plain loop's own as well."""


def measure(settings: Settings, only: Sequence[str] = ()) -> dict[str, Any]:
    """One row a cell (of those named in ``only``, if any), size, number of threads and kind of work."""
    unknown = [name for name in only if name not in settings.cells]
    if unknown:
        raise SystemExit(f"no cell {', '.join(unknown)} is measured: {', '.join(settings.cells)}")
    rows, before = [], measure_peaks(settings)
    for threads in settings.threads:
        with use_threads(threads):
            for size in settings.sizes:
                for name in only or settings.cells:
                    for training in (True, False):
                        work = "training" if training else "inference"
                        say(f"sequences: {name}, {work}, {size.label}, threads {threads}")
                        rows.append({**measure_one(name, size, training, settings), "threads": threads})
    after = measure_peaks(settings)
    peaks = {count: {kind: max(before[count][kind], after[count][kind]) for kind in after[count]} for count in after}
    return {"peaks": peaks, "rows": rows}


def join(before: dict[str, Any] | None, again: dict[str, Any]) -> dict[str, Any]:
    """A result with the rows of some cells measured again; what was measured when stays with it."""
    if before is None:
        return again
    fresh = {place_of(row): row for row in again["rows"]}
    rows = [fresh.pop(place_of(row), row) for row in before["rows"]]
    part = {"cells": cells_of(again["rows"]), "run": again["run"]}
    parts = [each for each in before.get("parts", []) if set(each["cells"]) - set(part["cells"])]
    return {**before, "rows": [*rows, *fresh.values()], "parts": [*parts, part]}


def place_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a row is the measurement of."""
    return row["cell"], tuple(row["size"]), row["threads"], row["work"]


def measure_one(name: str, size: Size, training: bool, settings: Settings) -> dict[str, Any]:
    """The contenders for one cell and size."""
    kind, options = settings.cells[name]
    few = contenders(kind, size._replace(steps=min(size.steps, FEW_STEPS)), training, **options)
    check_agreement(few, "eager", ("c", "torch", *(["torch.nn"] if name in SAME_AS_TORCH else [])))
    calls = contenders(kind, size, training, **options)
    times, others = quietly(
        lambda: interleave(calls, seconds=settings.seconds, least_rounds=settings.least_rounds), settings
    )
    ratios = {each: speedup(times, each, "torch.nn") for each in calls if each != "torch.nn"}
    ours, theirs = build(kind, size, **options)
    return {
        "cell": name,
        "peer": peer_of(ours.cells[0]),
        "size": list(size),
        "work": "training" if training else "inference",
        "times": {each: found.to_dict() for each, found in times.items() if each != CONTROL},
        "speedup": {each: ratio.median for each, ratio in ratios.items() if each != CONTROL},
        "spread": {each: ratio.spread for each, ratio in ratios.items() if each != CONTROL},
        "over_eager": speedup(times, "c", "eager").median,
        "noise": abs(ratios[CONTROL].median - 1),
        "others": others,
        "gflop": {"cell": count_flops(ours, size, training) / 1e9, "peer": count_flops(theirs, size, training) / 1e9},
    }


def tell(document: dict[str, Any]) -> str:
    """Tables of ratios, then of GFLOP/s."""
    rows = document["rows"]
    sizes = [list(size) for size in SIZES if any(row["size"] == list(size) for row in rows)] or [rows[0]["size"]]
    parts = []
    for work in ("training", "inference"):
        for threads in sorted({row["threads"] for row in rows}):
            here = [row for row in rows if row["work"] == work and row["threads"] == threads]
            title = f"{work.capitalize()}, {threads} thread{'s' * (threads > 1)}"
            parts.append(f"## {title}: times faster than torch.nn\n\n{ratio_table(here, sizes)}")
            parts.append(f"### {title}: C backend against the cell's own plain loop\n\n{eager_table(here, sizes)}")
            parts.append(f"### {title}: share of the measured peak\n\n{rate_table(here, sizes, document['peaks'])}")
    noise = max(row["noise"] for row in rows)
    others = max(row["others"] or 0 for row in rows)
    note = (
        "Columns are batch, time, units (as many features). Each ratio is the median over rounds in which the "
        "contenders take turns; ± is the distance between the quartiles of the ratio. Cells that torch.nn does not "
        "have are held against its plain LSTM or GRU, the multiplicative LSTM although it computes a quarter more. "
        f"torch.nn against itself, measured the same way, was off by at most {noise:.0%}; other programs used at most "
        f"{others:.2f} cores during a measurement."
    )
    later = [
        f"{', '.join(part['cells'])}: measured again at commit {part['run']['machine']['commit']} with "
        f"`{part['run']['command']}`."
        for part in document.get("parts", [])
    ]
    return "\n\n".join([note, *later, *parts])


def cells_of(rows: list[dict[str, Any]]) -> list[str]:
    """The cells in the order they were measured."""
    return list(dict.fromkeys(row["cell"] for row in rows))


def find(rows: list[dict[str, Any]], cell: str, size: list[int]) -> dict[str, Any]:
    """The row of a cell and size."""
    return next(row for row in rows if row["cell"] == cell and row["size"] == size)


def ratio_table(rows: list[dict[str, Any]], sizes: list[list[int]]) -> str:
    """Each cell on each backend against torch.nn."""
    lines = []
    for cell in cells_of(rows):
        found = [find(rows, cell, size) for size in sizes]
        for name, title in CONTENDERS.items():
            entries = [f"{row['speedup'][name]:.2f} ±{row['spread'][name]:.0%}" for row in found]
            lines.append([cell, title, f"nn.{found[0]['peer']}", *entries])
        reference = [f"{row['times']['torch.nn']['median'] * 1e3:.1f} ms" for row in found]
        lines.append([cell, "torch.nn itself", "", *reference])
    return markdown(lines, ["cell", "on", "against", *(",".join(map(str, size)) for size in sizes)])


def eager_table(rows: list[dict[str, Any]], sizes: list[list[int]]) -> str:
    """Each compiled cell against its loop."""
    lines = [[cell, *(f"{find(rows, cell, size)['over_eager']:.1f}" for size in sizes)] for cell in cells_of(rows)]
    return markdown(lines, ["cell", *(",".join(map(str, size)) for size in sizes)])


def rate_table(rows: list[dict[str, Any]], sizes: list[list[int]], peaks: dict[str, Any]) -> str:
    """GFLOP/s of the products alone over the whole time, and what share of the peak that is."""
    peak = peaks[str(rows[0]["threads"])]
    lines = []
    for cell in cells_of(rows):
        found = [find(rows, cell, size) for size in sizes]
        for name, title, whose in (("c", "C backend", "cell"), ("torch.nn", "torch.nn", "peer")):
            rates = [row["gflop"][whose] / row["times"][name]["median"] for row in found]
            lines.append([cell, title, *(f"{rate:.0f} ({rate / peak['fma']:.0%})" for rate in rates)])
    table = markdown(lines, ["cell", "on", *(",".join(map(str, size)) for size in sizes)])
    return f"Peak: {peak['fma']:.0f} GFLOP/s of fused multiply-adds, {peak['sgemm']:.0f} in torch's matmul.\n\n{table}"
