"""``grunit predict``: what a kept model expects next."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grunit.cli.cell_files import OwnCell, own_cells
from grunit.cli.digits import records, round_forecast
from grunit.cli.options import Json, Levels, Model
from grunit.cli.output import Output, align
from grunit.cli.replacing import Force, refuse_replacing
from grunit.cli.tasks import KINDS, task_of
from grunit.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def run(
    model: Model,
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="History to go on from [default: what was fitted].")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write a .csv file.")] = None,
    force: Force = False,
    level: Levels = None,
    cell: OwnCell = None,
    as_json: Json = False,
) -> None:
    """What a kept model expects next."""
    levels = read_levels(level)
    if output is not None:
        check_place(output, data)
        refuse_replacing(output, force)
    from grunit.tasks import load

    estimator = load(model, own_cells(cell))
    warn_unfinished(estimator, model)
    frame = task_of(estimator).predict(estimator, data, levels)
    if output is not None:
        write_csv(round_forecast(frame), output)
    text = f"{len(frame):,} rows in {output}" if output is not None else as_text(round_forecast(frame))
    Output(as_json).answer({"model": str(model), "predictions": records(frame)}, text)


def warn_unfinished(estimator: Any, model: Path) -> None:
    """Say that the fit of a model was interrupted, wherever it is asked for anything."""
    if getattr(estimator, "checkpoint_", None) is None:
        return
    moment = estimator.checkpoint_.state()
    done, epochs = moment["position"][0], moment["identity"]["max_epochs"]
    again = f"grunit fit {KINDS.get(estimator.kind, 'TASK')} DATA --resume -o {shlex.quote(str(model))}"
    print(
        f"grunit: note: the fit of {model} was interrupted after {done} of {epochs} epochs: it answers as far as it "
        f"has learnt; to go on, type (DATA: what it learnt from): {again}",
        file=sys.stderr,
    )


def read_levels(text: str | None) -> list[float] | None:
    """``"80,95"`` as numbers.

    >>> read_levels("80,97.5")
    [80, 97.5]
    """
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--level {text}: give percentages, such as 80,95") from None
    return [int(number) if number.is_integer() else number for number in numbers]


def check_place(output: Path, data: str | None) -> None:
    """Refuse a file that cannot be written, before any work."""
    if output.suffix.lower() != ".csv":
        raise InputError(f"{output}: predictions are written as .csv: name it {output.with_suffix('.csv')}")
    if output.is_dir() or not output.parent.is_dir():
        what = "is a folder" if output.is_dir() else f"lies in {output.parent}, which does not exist"
        raise InputError(f"{output} {what}: name a file in a folder that is there")
    if data is not None and output.exists() and Path(data).exists() and output.samefile(data):
        raise InputError(f"{output} is the data itself: name another file to write")


def write_csv(frame: pd.DataFrame, output: Path) -> None:
    """Write a file whole, or not at all.

    Raises:
        InputError: there is no room, or nothing may be written there.
    """
    try:
        handle, draft = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                frame.to_csv(file, index=False)
            os.chmod(draft, 0o644)
            os.replace(draft, output)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        # The system's own words name the draft, which nobody asked for.
        raise InputError(
            f"{output} could not be written ({error.strerror}): free space, or name a file in another folder"
        ) from None


def as_text(frame: pd.DataFrame) -> str:
    """Aligned columns on a terminal, CSV in a pipe."""
    if not sys.stdout.isatty():
        return frame.to_csv(index=False).rstrip("\n")
    shown = frame.copy()
    for name in shown.select_dtypes("float"):
        shown[name] = shown[name].map("{:.4g}".format)
    return align(shown.astype(str).to_numpy().tolist(), [str(name) for name in shown.columns])
