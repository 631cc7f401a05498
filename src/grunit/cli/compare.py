"""``grunit compare``: which cell for my data, with a report."""

from __future__ import annotations

import inspect
import shlex
import sys
import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grunit.cli.cell_files import read_cell
from grunit.cli.fit import name_text
from grunit.cli.options import (
    Baselines,
    Data,
    Horizon,
    Identity,
    Json,
    Settings,
    Target,
    TaskName,
    Text,
    Time,
    Windows,
    read_baselines,
)
from grunit.cli.output import Output, Steps, align
from grunit.cli.replacing import Force, refuse_replacing
from grunit.cli.tasks import find_task
from grunit.errors import InputError

if TYPE_CHECKING:
    from grunit.tasks.comparison import Comparison
    from grunit.tasks.held_comparison import HeldComparison

WINDOWS = 4
METRIC = "MAE"


def run(
    task: TaskName,
    data: Data,
    cells: Annotated[
        str, typer.Option("--cells", help="Names, see grunit cells, or file.py:Class.")
    ] = "rnn,lstm,gru,peephole_lstm",
    h: Horizon = None,
    target: Target = None,
    identity: Identity = None,
    time: Time = None,
    text: Text = None,
    seeds: Annotated[int, typer.Option("--seeds", help="How often each cell is trained.", min=1, max=1000)] = 3,
    windows: Windows = None,
    baselines: Baselines = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="The score that decides [default: MAE, error, entity F1, BLEU, perplexity]."),
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Of the target, for the report's axes.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the report goes.")] = Path("report.html"),
    force: Force = False,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Which cell for my data, with a report."""
    from grunit.explain.report import check_place, write_report

    job = find_task(task)
    if windows is not None and job.HORIZON is None:
        raise InputError(f"{task} has no windows: leave --windows out")
    check_place(output)
    refuse_replacing(output, force)
    names = [read_cell(name) for name in read_names(cells)]
    columns = {"target": target, "identity": identity, "time": time, **name_text(job, task, text)}
    decides = metric or getattr(job, "METRIC", METRIC)
    begun = clock.perf_counter()
    kept = output.with_name(f"{output.name}.kept")
    more: dict[str, Any] = {"keep": kept} if "keep" in inspect.signature(job.compare).parameters else {}
    more |= read_baselines(baselines, job.compare, task)
    plan = (data, names, h or job.HORIZON, list(range(seeds)), windows or WINDOWS, settings, columns, decides)
    try:
        with Steps() as steps:
            found = job.compare(*plan, steps, **more)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(tell_stop(kept)) from None
    seconds = clock.perf_counter() - begun

    from grunit.explain.report_comparison import tell as tell_forecasts

    tell = getattr(job, "tell", tell_forecasts)
    facts = {"command": shlex.join(["grunit", *sys.argv[1:]]), "wall time": f"{seconds:.0f} s"}
    story = tell(found, job.words_for(data, target), job.unit_of(data) if unit is None else unit, facts)
    write_report(story, output)
    Output(as_json).answer(
        {**found.to_dict(), "seconds": seconds, "report": str(output)},
        f"{show(found)}\n\n{found.verdict}\nreport: {output}",
    )


def tell_stop(kept: Path) -> str:
    """What is left of a comparison that was stopped, and how to go on."""
    done = len(list(kept.glob("*.safetensors"))) if kept.is_dir() else 0
    if not done:
        return "stopped before a training was done: nothing was kept"
    what = "1 training that is" if done == 1 else f"{done} trainings that are"
    return f"stopped: {kept} keeps the {what} done, and the same command goes on from there"


def read_names(text: str) -> list[str]:
    """``"lstm, gru"`` as names; one given twice is refused.

    >>> read_names("lstm, gru")
    ['lstm', 'gru']
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise InputError("--cells names no cell: give names such as lstm,gru")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"--cells names {twice[0]} twice: name each cell once")
    return names


def show(found: Comparison | HeldComparison) -> str:
    """The table as text, best first."""
    rows = sorted(found.rows, key=lambda row: row.mean(found.metric), reverse=getattr(found, "higher", False))
    metrics = list(rows[0].scores)
    lines = []
    for row in rows:
        scores = [f"{mean:.4g}" + (f" ± {spread:.2g}" if spread else "") for mean, spread in row.scores.values()]
        lines.append([row.name, *scores, "-" if row.seconds is None else f"{row.seconds:.1f} s"])
    return align(lines, ["", *metrics, "training"])
