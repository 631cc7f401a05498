"""Arguments that several verbs share, each said once."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from grunit.cli.tasks import TASKS
from grunit.errors import InputError

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="What to learn: " + ", ".join(TASKS) + ".")]
TunedTask = TaskName
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A table (.csv, .parquet), example:seattle_weather, sequences (.ts), or a file of texts."
    ),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="The folder a model was saved in.")]
Horizon = Annotated[int | None, typer.Option("--h", help="Steps ahead to predict [default: 14].", min=1)]
Target = Annotated[str | None, typer.Option("--target", "--label", help="The column to predict, or several: a,b.")]
Text = Annotated[str | None, typer.Option("--text", help="The column of texts.")]
_HELD = "Data that decides which weights are kept (language, text-classification, tagging, translation)."
Validation = Annotated[str | None, typer.Option("--validation", help=_HELD)]
Identity = Annotated[str | None, typer.Option("--id", help="The column that tells series apart.")]
Time = Annotated[str | None, typer.Option("--time", help="The column of time stamps.")]
LARGEST_SEED = 2**32 - 1
"""What every generator that is seeded takes: NumPy's ends there."""
Seed = Annotated[
    int | None, typer.Option("--seed", help="Of all that is drawn at random [default: 0].", min=0, max=LARGEST_SEED)
]
Levels = Annotated[str | None, typer.Option("--level", help="Percent of the intervals, such as 80,95.")]
Windows = Annotated[int | None, typer.Option("--windows", help="Rolling windows at the end of the data.", min=1)]
Baselines = Annotated[
    str | None,
    typer.Option("--baselines", help="Names, such as naive,drift; auto_ets and auto_theta need statsforecast."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model, such as hidden_size=32; may be repeated."),
]


def read_baselines(text: str | None, taker: Any, task: str) -> dict[str, list[str]]:
    """What ``--baselines`` names, as an argument for ``taker``; nothing where it was left out.

    Raises:
        InputError: it names nothing, or the task has no baselines to choose.
    """
    if text is None:
        return {}
    if "baselines" not in inspect.signature(taker).parameters:
        raise InputError(f"{task} has no baselines to choose: leave --baselines out")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise InputError("--baselines names nothing: give names such as naive,seasonal_naive")
    return {"baselines": names}
