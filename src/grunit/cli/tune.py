"""``grunit tune``: search the settings of a model, keep the best, with a report."""

from __future__ import annotations

import shlex
import sys
import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grunit.cli.fit import name_text, refuse_taken
from grunit.cli.options import Data, Horizon, Identity, Json, Seed, Settings, Target, Text, Time, TunedTask, Windows
from grunit.cli.output import Output, Steps, align
from grunit.cli.replacing import refuse_replacing
from grunit.cli.space import default_space, read_pairs
from grunit.cli.tasks import find_task

if TYPE_CHECKING:
    from grunit.tuning import Tuning

SHOWN = 10
"""Trials that stand in the table on a terminal; all are in the report and in the JSON."""


def run(
    task: TunedTask,
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to keep the best model in.")] = Path(
        "model"
    ),
    space: Annotated[
        list[str] | None,
        typer.Option(
            "--space",
            metavar="KEY=VALUES",
            help="What to search: hidden_size=16,32,64 or lr=1e-4..1e-1:log; may be repeated.",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", help="How many in all [default: 20; a grid: all].", min=1)
    ] = None,
    method: Annotated[str, typer.Option("--method", help="bayesian, random or grid.")] = "bayesian",
    metric: Annotated[str | None, typer.Option("--metric", help="The score that decides.")] = None,
    pruning: Annotated[str, typer.Option("--pruning", help="median, halving or none.")] = "median",
    storage: Annotated[
        str | None,
        typer.Option("--storage", help="Where trials are kept: a file or a server's URL [default: OUTPUT.journal]."),
    ] = None,
    study: Annotated[str, typer.Option("--study", help="Name of the search within the storage.")] = "grunit",
    workers: Annotated[int, typer.Option("--workers", help="Processes that run trials.", min=1)] = 1,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds after which no trial begins.")] = None,
    cell: Annotated[str | None, typer.Option("--cell", help="Search with this cell alone.")] = None,
    h: Horizon = None,
    target: Target = None,
    identity: Identity = None,
    time: Time = None,
    text: Text = None,
    windows: Windows = None,
    folds: Annotated[
        int | None, typer.Option("--folds", help="Of cross-validation, not for forecasts [default: one share of 0.25].")
    ] = None,
    seed: Seed = None,
    settings: Settings = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML report there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --report if it is there.")] = False,
    as_json: Json = False,
) -> None:
    """Search the settings of a model, keep the best, with a report."""
    from grunit.tuning import tune
    from grunit.tuning.report import check_place

    job = find_task(task)
    refuse_taken(output)
    if report is not None:
        check_place(report)
        refuse_replacing(report, force)
    named = name_text(job, task, text)
    horizon = job.HORIZON if h is None else h
    estimator = job.create(cell or "gru", horizon, seed or 0, settings, target, identity, time, **named, verbose=0)
    fixed = {word.partition("=")[0].strip() for word in settings or ()} | ({"cell"} if cell else set())
    searched = (
        read_pairs(space, type(estimator)) if space else default_space(estimator, fixed, getattr(job, "SPACE", None))
    )
    table = job.read_data(data, target, identity, time, **named)
    place = storage or f"{output}.journal"
    begun = clock.perf_counter()
    try:
        with Steps() as steps:
            found = tune(
                estimator,
                searched,
                *examples_of(job, estimator, table),
                trials=trials,
                method=method,
                metric=metric,
                pruning=pruning,
                storage=place,
                study=study,
                workers=workers,
                seed=seed or 0,
                timeout=timeout,
                n_windows=windows,
                folds=folds,
                progress=steps,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped: the trials that finished are in {place}, and the same command goes on"
        ) from None
    seconds = clock.perf_counter() - begun
    best = found.best_estimator
    best.columns_ = getattr(estimator, "columns_", None)
    best.save(output)
    kept = f"kept in {output}: grunit {getattr(job, 'NEXT', 'predict')} {output}"
    if report is not None:
        facts = {"command": shlex.join(["grunit", *sys.argv[1:]]), "wall time": f"{seconds:.0f} s"}
        found.write_report(report, title=f"Tuning {task} on {data}", facts=facts)
        kept += f"\nreport: {report}"
    document = {**found.to_dict(), "task": task, "seconds": seconds, "model": str(output), "storage": place}
    document["report"] = None if report is None else str(report)
    Output(as_json).answer(document, f"{show(found)}\n\n{found.verdict}\n{kept}")


def examples_of(job: Any, estimator: Any, table: Any) -> tuple[Any, ...]:
    """What a task's estimator learns from, as its ``fit`` takes it.

    Raises:
        DataError: it cannot be learnt from.
    """
    if hasattr(job, "examples"):
        return job.examples(estimator, table)
    return (table.X, job.answers(table)) if hasattr(job, "answers") else (table,)


def show(found: Tuning) -> str:
    """The best trials as text."""
    names = list(found.space.domains)
    from grunit.tuning.trials import show as write

    rows = []
    for trial in found.ranked()[:SHOWN]:
        score = trial.outcome if trial.score is None else f"{trial.score:.4g}"
        spent = "-" if trial.seconds is None else f"{trial.seconds:.1f} s"
        rows.append([str(trial.number), *[write(trial.values.get(name)) for name in names], score, spent])
    return align(rows, ["trial", *names, found.metric, "training"])
