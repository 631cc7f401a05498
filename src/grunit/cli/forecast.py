"""The task ``forecast`` for the command line: reading tables, making and asking a Forecaster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from grunit.cli.output import took
from grunit.cli.settings import read_settings
from grunit.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from grunit.tasks import Forecaster
    from grunit.tasks.comparison import Comparison

EXAMPLE = "example:"
RESERVED = ("h", "cell", "seed", "verbose", "id_col", "time_col", "target_col")
"""Settings that have an option of their own."""
HORIZON = 14
HOLDS_BACK = "the last steps of every series with --set patience=10"
"""How a share validates, which no file does."""
SMALL = 128
"""Units up to which a network counts as small."""
UNITS = {"seattle_weather": "°C", "apple_stock": "USD", "airline": "thousand passengers", "ett": "°C"}
"""Of the targets of the examples."""


def read_data(
    data: str, target: str | None = None, identity: str | None = None, time: str | None = None
) -> pd.DataFrame:
    """A table or an example as a validated long frame; columns that were named keep their names.

    Args:
        data: a path, or ``example:`` and the name of one.
        target, identity, time: names of the columns; found by their usual names where None. Several targets are parted
            by commas.
    """
    from grunit.data import Columns, load_example, read_table

    if data.startswith(EXAMPLE):
        named = [option for option, value in (("--target", target), ("--id", identity), ("--time", time)) if value]
        if named:
            raise InputError(f"{data} comes with its columns chosen: leave out {' and '.join(named)}")
        return load_example(data.removeprefix(EXAMPLE))
    columns = Columns(unique_id=identity or "unique_id")
    first = None if target is None else read_targets(target)[0]
    frame = read_table(data, columns, target=first, time=time, missing=True, text=True)
    given = {"unique_id": identity, "ds": time, "y": first}
    return frame.rename(columns={standard: name for standard, name in given.items() if name})


def create(
    cell: str,
    h: int,
    seed: int,
    settings: list[str] | None,
    target: str | None = None,
    identity: str | None = None,
    time: str | None = None,
    verbose: int = 1,
) -> Forecaster:
    """A Forecaster from what was typed, everything checked that can be checked without data."""
    from grunit import cells
    from grunit.tasks import Forecaster

    given = read_settings(settings, Forecaster, RESERVED)
    cells.get(cell)
    columns = {"id_col": identity, "time_col": time, "target_col": target_column(target)}
    given |= {name: value for name, value in columns.items() if value}
    estimator = Forecaster(h, cell=cell, seed=seed, verbose=verbose, **given)
    spare_threads(estimator.hidden_size)
    return estimator


def read_targets(text: str) -> list[str]:
    """The names of the targets in ``--target``.

    >>> read_targets("temp_max, wind")
    ['temp_max', 'wind']
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InputError(f"--target {text}: give names of columns, parted by commas")
    return names


def target_column(text: str | None) -> Any:
    """What a Forecaster is told of ``--target``: a name, or a list of several."""
    if text is None:
        return None
    names = read_targets(text)
    return names if len(names) > 1 else names[0]


def spare_threads(hidden_size: int) -> None:
    """Work on one thread where the network is small, unless the environment says otherwise.

    A step of a small network is shorter than it takes threads to meet: beside other work, two can be many times
    slower than one.
    """
    import torch

    if hidden_size <= SMALL and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)


def largest(estimator: Any) -> int:
    """Units of the network, or of the largest in an ensemble."""
    return max(member.hidden_size for member in getattr(estimator, "members", [estimator]))


def read_again(estimator: Forecaster, data: str) -> pd.DataFrame:
    """A table with the columns that the model was fitted on."""
    names = {"target": ",".join(estimator.targets), "identity": estimator.id_col, "time": estimator.time_col}
    standard = {"target": "y", "identity": "unique_id", "time": "ds"}
    spare_threads(largest(estimator))
    return read_data(data, **{part: None if names[part] == standard[part] else names[part] for part in names})


def fit(estimator: Forecaster, frame: pd.DataFrame, resume: bool) -> None:
    """Learn."""
    estimator.fit(frame, resume=resume)


def describe_fit(estimator: Forecaster, frame: pd.DataFrame) -> dict[str, Any]:
    """What a fit came to, as plain data."""
    history = estimator.history_
    return {
        "task": "forecast",
        "cell": estimator.cell,
        "h": estimator.h,
        "series": int(frame[estimator.id_col].nunique()),
        "rows": len(frame),
        "input_size": estimator.input_size_,
        "parameters": sum(parameter.numel() for parameter in estimator.model_.parameters()),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "loss": history.train[-1],
        "validation_loss": min(history.validation, default=None),
        "seconds": sum(history.seconds),
    }


def show_fit(report: dict[str, Any]) -> str:
    """The same as a sentence."""
    series = "1 series" if report["series"] == 1 else f"{report['series']} series"
    return (
        f"{report['cell']} learned {series} ({report['rows']:,} rows) in {took(report)}: "
        f"it forecasts {report['h']} steps from the last {report['input_size']}"
    )


def predict(estimator: Forecaster, data: str | None, level: list[float] | None) -> pd.DataFrame:
    """The next steps of every series, of the data given or of what was fitted."""
    return estimator.predict(None if data is None else read_again(estimator, data), level=level)


def evaluate(estimator: Forecaster, data: str, windows: int | None, baselines: list[str] | None = None) -> pd.DataFrame:
    """Scores of the model and of the baselines."""
    more: dict[str, Any] = {} if baselines is None else {"baselines": baselines}
    return estimator.evaluate(read_again(estimator, data), n_windows=windows, **more)


def compare(
    data: str,
    cells: list[str],
    h: int,
    seeds: list[int],
    windows: int,
    settings: list[str] | None,
    columns: dict[str, str | None],
    metric: str,
    progress: Any,
    keep: Any = None,
    baselines: list[str] | None = None,
) -> Comparison:
    """Backtest cells beside the baselines; ``columns`` are the names given for target, identity and time."""
    from grunit import cells as known
    from grunit.tasks import Forecaster
    from grunit.tasks.comparison import compare

    given = read_settings(settings, Forecaster, RESERVED)
    for cell in cells:
        known.get(cell)
    spare_threads(given.get("hidden_size", 0))
    names = {"target": "target_col", "identity": "id_col", "time": "time_col"}
    given |= {names[part]: target_column(name) if part == "target" else name for part, name in columns.items() if name}
    frame = read_data(data, **columns)
    given |= {"metric": metric, "progress": progress, "keep": keep} | (
        {} if baselines is None else {"baselines": baselines}
    )
    return compare(frame, h, cells, seeds=seeds, n_windows=windows, **given)


def unit_of(data: str) -> str:
    """The unit of the target of an example; ``""`` for a table, which does not say."""
    return UNITS.get(data.removeprefix(EXAMPLE), "") if data.startswith(EXAMPLE) else ""


TARGETS = {"seattle_weather": "the maximum temperature in Seattle", "apple_stock": "the closing price of Apple"}


def words_for(data: str, target: str | None) -> str:
    """What is forecast, for a title."""
    name = data.removeprefix(EXAMPLE)
    return target or (TARGETS.get(name, name) if data.startswith(EXAMPLE) else data.rpartition("/")[2])
