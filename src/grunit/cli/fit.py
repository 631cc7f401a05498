"""``grunit fit``: train a model on a table and keep it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from grunit.cli.cell_files import own_cells, read_cell
from grunit.cli.options import Data, Horizon, Identity, Json, Seed, Settings, Target, TaskName, Text, Time, Validation
from grunit.cli.output import Output
from grunit.cli.tasks import find_task, name_task, task_of
from grunit.errors import BundleError, DataError, InputError


def run(
    task: TaskName,
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to keep the model in.")] = Path("model"),
    cell: Annotated[
        str | None, typer.Option("--cell", help="A name, see grunit cells, or file.py:Class [default: gru].")
    ] = None,
    h: Horizon = None,
    target: Target = None,
    identity: Identity = None,
    time: Time = None,
    text: Text = None,
    validation: Validation = None,
    seed: Seed = None,
    settings: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the fit that was interrupted in -o.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model on a table and keep it."""
    job = find_task(task)
    named = name_text(job, task, text)
    beside = name_validation(job, task, validation)
    say = Output(as_json)
    own = own_cells(cell)
    if resume:
        options: dict[str, Any] = {"--h": h, "--target": target, "--id": identity, "--time": time, "--seed": seed}
        options |= {"--text": text, "--validation": validation, "--set": settings or None}
        options |= {} if own else {"--cell": cell}
        estimator = open_interrupted(output, task, options, own)
        frame = job.read_again(estimator, data)
    else:
        refuse_taken(output)
        kind, steps = own[0] if own else read_cell(cell or "gru"), job.HORIZON if h is None else h
        estimator = job.create(kind, steps, seed or 0, settings, target, identity, time, **named)
        frame = job.read_data(data, target, identity, time, **named)
    again = ["grunit", "fit", task, data, "--resume", "-o", str(output)]
    again += [*(["--cell", str(cell)] if own else []), *(["--json"] if as_json else [])]
    train(estimator, frame, output, resume, data, shlex.join(again), **beside)
    report = {**job.describe_fit(estimator, frame), "model": str(output)}
    if isinstance(report.get("cell"), type):
        report["cell"] = report["cell"].__name__
    say.answer(report, f"{job.show_fit(report)}\nkept in {output}: grunit {getattr(job, 'NEXT', 'predict')} {output}")


def name_text(job: Any, task: str, text: str | None) -> dict[str, str]:
    """The argument that names the column of texts, for tasks that read texts.

    Raises:
        InputError: the task reads none.
    """
    if text is None:
        return {}
    if not getattr(job, "READS_TEXTS", False):
        raise InputError(f"{task} reads no texts: leave --text out")
    return {"text": text}


def name_validation(job: Any, task: str, validation: str | None) -> dict[str, str]:
    """The argument that names the data of validation, for tasks that take a file of it.

    Raises:
        InputError: the task takes none.
    """
    if validation is None:
        return {}
    if not getattr(job, "TAKES_VALIDATION", False):
        share = getattr(job, "HOLDS_BACK", "a share with --set validation_fraction=0.1")
        raise InputError(f"{task} takes no file for --validation: hold back {share}")
    return {"validation": validation}


def refuse_taken(output: Path) -> None:
    """Refuse a folder that exists, before any work."""
    if output.is_symlink() or output.exists():
        raise BundleError(f"{output} exists already: name another folder with -o, or remove it first")
    near = next(folder for folder in output.absolute().parents if folder.exists())
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        raise BundleError(f"{output} cannot be made in {near}: name a folder with -o where you may write")


def open_interrupted(output: Path, task: str, options: dict[str, Any], own: Iterable[Any] = ()) -> Any:
    """The model that an interrupted fit left behind; it brings its own settings.

    Args:
        output: its folder.
        task: the one that was typed, which must be its own.
        options: what was typed besides, none of which it needs.
        own: cells of the user's that it may be made of.

    Raises:
        InputError: something was typed that it has already, it is of another task, or its fit came to its end.
    """
    from grunit.tasks import load

    given = [name for name, value in options.items() if value is not None]
    if given:
        raise InputError(f"--resume goes on with the settings it began with: leave out {' and '.join(given)}")
    estimator = load(output, own)
    its = name_task(estimator)
    if getattr(estimator, "checkpoint_", None) is None:
        raise InputError(f"{output} holds a model whose fit came to its end: there is nothing to resume")
    if its != task:
        raise InputError(f"{output} is a {its} model: grunit fit {its} ... --resume -o {output} goes on with it")
    return estimator


def train(estimator: Any, frame: Any, output: Path, resume: bool, data: str, again: str, **beside: Any) -> None:
    """Fit and save; after Ctrl-C save what can be resumed, and say how: ``again`` is the command for that."""
    from grunit.tasks.estimator import OtherDataError

    try:
        task_of(estimator).fit(estimator, frame, resume, **beside)
    except OtherDataError as error:
        columns = getattr(estimator, "columns_", None) or {}
        place = data if error.part == "training" else columns.get("validation") or data
        raise DataError(f"{place}: {error}") from None
    except KeyboardInterrupt:
        if getattr(estimator, "checkpoint_", None) is None:
            raise KeyboardInterrupt("stopped before training began: nothing was written") from None
        estimator.save(output, overwrite=resume)
        done = estimator.checkpoint_.state()["position"][0]
        epochs = estimator.checkpoint_.state()["identity"]["max_epochs"]
        where = f"in epoch {done + 1} of {epochs}" if done < epochs else f"after the last of {epochs} epochs"
        raise KeyboardInterrupt(f"stopped {where}: {output} holds the best so far; to go on, type: {again}") from None
    estimator.save(output, overwrite=resume)
