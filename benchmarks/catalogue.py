"""Every cell of the catalogue at one size: training and inference beside grunit's LSTM and torch.nn.LSTM, in turns."""

from __future__ import annotations

from typing import Any

from benchmarks.agreement import check_agreement
from benchmarks.quiet import quietly
from benchmarks.settings import Settings, Size, say
from benchmarks.tables import markdown
from grunit import cells
from grunit.cli.catalogue import read_catalogue
from grunit.cli.cell_speed import SIZE, compare_with_lstm
from grunit.cli.contenders import contenders
from grunit.cli.timing import use_threads
from grunit.compiler import compile

FEW_STEPS = 10
"""Steps after which the backends' results are compared; see :data:`benchmarks.sequences.FEW_STEPS`."""


def measure(settings: Settings) -> dict[str, Any]:
    """Two rows a cell, training and inference, on one thread."""
    size = settings.sizes[0] if settings.smoke else SIZE
    names = cells.names()[:: 10 if settings.smoke else 1]
    entries = read_catalogue(names, size.units, size.units)
    rows = []
    with use_threads(1):
        for name, entry in zip(names, entries, strict=True):
            say(f"catalogue: {name}, {size.label}")
            facts = {"cell": name, "class": entry["speed_class"], "parameters": entry["parameters"]}
            rows += [{**facts, "threads": 1, **row} for row in measure_one(name, size, settings)]
    return {"rows": rows}


def measure_one(name: str, size: Size, settings: Settings) -> list[dict[str, Any]]:
    """Training and inference of one cell, on the backend it gets here."""
    backend = compile(cells.get(name)(size.units, size.units)).backend
    for training in (True, False):
        few = contenders(name, size._replace(steps=min(size.steps, FEW_STEPS)), training)
        check_agreement(few, "eager", ("torch", *(["c"] if backend == "c" else [])))
    rows, others = quietly(
        lambda: compare_with_lstm(name, size, seconds=settings.seconds / 2, least_rounds=settings.least_rounds),
        settings,
    )
    return [{"backend": backend, "others": others, **row} for row in rows]


def tell(document: dict[str, Any]) -> str:
    """One table."""
    rows = document["rows"]
    noise = max(row["noise"] for row in rows)
    others = max(row["others"] or 0 for row in rows)
    steps = "{} rows, {} steps, {} units and as many features".format(*rows[0]["size"])
    note = (
        f"{steps}, one thread. How many times as long as an LSTM of the same size each cell takes, on the backend it "
        "gets by itself: below 1 is quicker. Each ratio is the median over rounds in which the contenders take turns; "
        "± is the distance between its quartiles. torch.nn.LSTM against itself was off by at most "
        f"{noise:.0%}; other programs used at most {others:.2f} cores during a measurement."
    )
    return f"{note}\n\n{ratios(rows)}"


def ratios(rows: list[dict[str, Any]]) -> str:
    """Each cell in a line."""
    lines = []
    for name in dict.fromkeys(row["cell"] for row in rows):
        found = {row["work"]: row for row in rows if row["cell"] == name}
        one = found["training"]
        line = [name, one["class"] or "-", one["backend"], f"{one['parameters']}"]
        for work in ("training", "inference"):
            row = found[work]
            line.append(f"{row['times']['cell']['median'] * 1e3:.2f}")
            line += [f"{row['ratio'][peer]:.2f} ±{row['spread'][peer]:.0%}" for peer in ("lstm", "torch.nn.LSTM")]
        lines.append(line)
    columns = [f"{work} {what}" for work in ("training", "inference") for what in ("ms", "/ lstm", "/ torch.nn.LSTM")]
    return markdown(lines, ["cell", "class", "backend", "parameters", *columns])
