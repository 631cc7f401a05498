"""``grunit bench``: this machine, every backend, against torch.nn."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from typing import Annotated, Any

import typer

from grunit.cli.compare import read_names
from grunit.cli.options import Json
from grunit.cli.output import Output, Steps, align
from grunit.errors import InputError

QUICK_CELLS, QUICK_SIZES, QUICK_SECONDS = "lstm,gru,peephole_lstm", ((32, 100, 128),), 1.0
SIZES, SECONDS = ((32, 100, 64), (32, 100, 256), (64, 50, 512), (16, 500, 128)), 3.0
TITLES = {"c": "C backend", "torch": "torch backend", "eager": "plain loop"}


def run(
    quick: Annotated[bool, typer.Option("--quick", help="One size and three cells, in under a minute.")] = False,
    cells: Annotated[
        str | None, typer.Option("--cells", help="Names, see grunit cells [default: five classics].")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", help="[default: as torch has]", min=1)] = None,
    as_json: Json = False,
) -> None:
    """This machine: every backend against torch.nn."""
    names = read_names(cells) if cells else read_names(QUICK_CELLS) if quick else None

    import torch

    from grunit.cells import get
    from grunit.cli.catalogue import CLASSIC
    from grunit.cli.machine import describe_machine
    from grunit.cli.timing import use_threads

    names = names or list(CLASSIC)
    for name in names:
        get(name)
    count = threads or torch.get_num_threads()
    begun = clock.perf_counter()
    with use_threads(count), Steps() as steps:
        rows = measure(names, QUICK_SIZES if quick else SIZES, QUICK_SECONDS if quick else SECONDS, steps)
    facts = {"machine": describe_machine(), "threads": count, "seconds": clock.perf_counter() - begun}
    Output(as_json).answer({**facts, "rows": rows}, show(rows, facts))


def measure(
    names: list[str],
    sizes: tuple[tuple[int, int, int], ...],
    seconds: float,
    report: Callable[[int, int, str], None],
) -> list[dict[str, Any]]:
    """One row a cell, size and kind of work: each contender's times and how many times faster than torch.nn it is."""
    from grunit.cli.contenders import CONTROL, Size, contenders
    from grunit.cli.timing import interleave, speedup

    jobs = [(name, Size(*size), training) for name in names for size in sizes for training in (True, False)]
    rows = []
    for done, (name, size, training) in enumerate(jobs):
        work = "training" if training else "inference"
        report(done, len(jobs), f"{name}, {work}, {size.label}")
        calls, missing = only_working(contenders(name, size, training))
        times = interleave(calls, seconds=seconds)
        ratios = {each: speedup(times, each, "torch.nn").median for each in calls if each != "torch.nn"}
        rows.append(
            {
                "cell": name,
                "size": list(size),
                "work": work,
                "times": {each: found.to_dict() for each, found in times.items() if each != CONTROL},
                "speedup": {each: ratio for each, ratio in ratios.items() if each != CONTROL},
                "noise": abs(ratios[CONTROL] - 1),
                "missing": missing,
            }
        )
    report(len(jobs), len(jobs), "done")
    return rows


def only_working(calls: dict[str, Callable[[], Any]]) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """The contenders that run here, and why the others do not."""
    working, missing = {}, {}
    for name, call in calls.items():
        try:
            call()
        except InputError as error:
            missing[name] = str(error)
        else:
            working[name] = call
    return working, missing


def show(rows: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """The table as text: milliseconds of torch.nn, then how many times faster each other way is."""
    lines = []
    for row in rows:
        ratios = [f"{row['speedup'][name]:.2f}x" if name in row["speedup"] else "-" for name in TITLES]
        reference = f"{row['times']['torch.nn']['median'] * 1e3:.2f}"
        lines.append([row["cell"], row["work"], ",".join(map(str, row["size"])), reference, *ratios])
    table = align(lines, ["cell", "work", "B,T,H", "torch.nn ms", *TITLES.values()])
    machine = facts["machine"]
    notes = [
        f"Times faster than torch.nn (for cells it lacks: than its LSTM or GRU). Noise: up to "
        f"{max(row['noise'] for row in rows):.0%}.",
        f"{machine['processor']}, {facts['threads']} thread{'s' * (facts['threads'] > 1)}, "
        f"torch {machine['versions']['torch']}; {facts['seconds']:.0f} s",
    ]
    reasons = {reason for row in rows for reason in row["missing"].values()}
    return "\n".join([table, "", *notes, *sorted(reasons)])
