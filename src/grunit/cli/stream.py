"""``grunit stream``: lines in, predictions out, learning as answers arrive."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grunit.cli.options import Identity, Levels, Seed, Settings, Target, Time
from grunit.cli.predict import read_levels
from grunit.cli.settings import read_settings
from grunit.errors import BundleError, InputError

if TYPE_CHECKING:
    from grunit.online.service import StreamService

TASKS = {"forecast": "OnlineForecaster", "regression": "OnlineRegressor", "classification": "OnlineClassifier"}
RESERVED = ("h", "cell", "seed", "level")


def run(
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="The folder a model was saved in; or use --new.")
    ] = None,
    new: Annotated[
        str | None,
        typer.Option("--new", metavar="TASK", help="Begin from nothing: forecast, regression, classification."),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", help="The folder that a restart goes on from; made where it is not there."),
    ] = None,
    cell: Annotated[str | None, typer.Option("--cell", help="Which cell, see grunit cells [default: gru].")] = None,
    h: Annotated[int | None, typer.Option("--h", help="Steps ahead to forecast [default: 1].", min=1)] = None,
    target: Target = None,
    time: Time = None,
    identity: Identity = None,
    key: Annotated[str | None, typer.Option("--key", help="The column by which a late answer names its row.")] = None,
    features: Annotated[str | None, typer.Option("--features", help="Columns to look at, with commas.")] = None,
    level: Levels = None,
    learn: Annotated[bool, typer.Option("--learn/--no-learn", help="Learn from answers.")] = True,
    step: Annotated[
        float | None,
        typer.Option("--step", help="Distance of two steps, seconds for dates [default: the smallest seen]."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file to go on with [default: stdout].")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="csv or json [default: as the first line looks].")
    ] = None,
    output_form: Annotated[
        str | None, typer.Option("--output-format", help="csv or json [default: as the input].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --output-format json.")] = False,
    every: Annotated[int, typer.Option("--every", help="Lines between two snapshots.", min=1)] = 1000,
    replay: Annotated[
        bool | None,
        typer.Option(
            "--replay/--no-replay", help="After a restart the input begins anew [default: as its first row says]."
        ),
    ] = None,
    kafka: Annotated[str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Read a Kafka topic.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Which topic.")] = None,
    seed: Seed = None,
    settings: Settings = None,
) -> None:
    """Lines in, predictions out, learning as answers arrive."""
    import torch

    from grunit.online.journal import Journal
    from grunit.online.lines import LineReader, LineWriter
    from grunit.online.outlet import Outlet
    from grunit.online.service import StreamService
    from grunit.online.sources import InputLines, KafkaLines
    from grunit.online.stream_parts import Columns

    if as_json and output_form not in (None, "json"):
        raise InputError(f"--json and --output-format {output_form} ask for different things: give one of them")
    output_form = "json" if as_json else output_form
    torch.set_num_threads(1)  # a step is far shorter than it takes threads to meet
    for given in (form, output_form):
        if given is not None:
            LineWriter(given)
    journal = None if snapshot is None else Journal(snapshot)
    outlet = Outlet(output)
    service = None if journal is None else StreamService.resume(journal, outlet)
    if service is None:
        names = None if features is None else [name.strip() for name in features.split(",") if name.strip()]
        columns = Columns(target, time, identity, key, names)
        options = {"cell": cell, "h": h, "seed": seed, "level": read_levels(level)}
        options = {name: value for name, value in options.items() if value is not None}
        stream = open_stream(model, new, columns, options, settings, learn, step)
        writer = LineWriter(output_form or form or "json")
        service = StreamService(stream, LineReader(form), writer, outlet, journal, every)
        service.follow_form = output_form is None and form is None
        service.begin()
    else:
        service.say(f"going on after line {service.position:,}, from {snapshot}")
    service.replayed = replay
    source = InputLines() if kafka is None else KafkaLines(kafka, topic or "", service.place)
    serve(service, source, snapshot)


def open_stream(
    model: Path | None,
    new: str | None,
    columns: Any,
    options: dict[str, Any],
    settings: list[str] | None,
    learn: bool,
    step: float | None,
) -> Any:
    """The stream of a saved model, or of a new one."""
    from grunit import online
    from grunit.online.row_stream import RowStream
    from grunit.online.series_stream import SeriesStream

    if (model is None) == (new is None):
        raise InputError("give the folder of a model, or --new forecast, regression or classification")
    if model is not None:
        return open_model(model, columns, options, settings, learn, step)
    if new not in TASKS:
        raise InputError(f"--new {new}: there is no such task: use one of {', '.join(TASKS)}")
    kind = getattr(online, TASKS[new])
    options |= read_settings(settings, kind, RESERVED)
    unknown = [name for name in options if name not in kind.__init__.__annotations__]
    if unknown:
        raise InputError(f"--{unknown[0]} has no meaning for --new {new}: leave it out")
    if new == "forecast":
        kind(**options)  # refuses what cannot be used before anything is read
        return SeriesStream(lambda: kind(**options), columns, learn, step)
    return RowStream(kind(**options), columns, learn)


def open_model(
    path: Path, columns: Any, options: dict[str, Any], settings: list[str] | None, learn: bool, step: float | None
) -> Any:
    """The stream of a saved model."""
    from grunit.online import OnlineClassifier, OnlineForecaster, OnlineRegressor
    from grunit.online.fitted import FittedForecaster
    from grunit.online.fitted_stream import FittedStream
    from grunit.online.row_stream import RowStream
    from grunit.online.series_stream import SeriesStream
    from grunit.tasks import Forecaster, load

    given = [f"--{name}" for name in options] + ["--set"] * bool(settings)
    if given:
        raise InputError(f"{given[0]} is a matter of --new: a saved model has its own; leave it out")
    model = load(path)
    if isinstance(model, OnlineForecaster):
        fresh = model.clone
        stream = SeriesStream(fresh, columns, learn, step)
        stream.first = model
        return stream
    if isinstance(model, (OnlineRegressor, OnlineClassifier)):
        columns.features = columns.features or model.row_.names
        return RowStream(model, columns, learn)
    if isinstance(model, Forecaster):
        return FittedStream(FittedForecaster(model, None if learn else 0))
    raise BundleError(f"{path}: it holds a {type(model).__name__}, which cannot follow a stream; use --new")


def serve(service: StreamService, source: Any, snapshot: Path | None) -> None:
    """Feed every line, until the input ends, a signal comes, or nobody reads any more."""
    from grunit.online.service import StreamService

    signals: list[int] = []

    def stop(number: int, frame: Any) -> None:
        signals.append(number)
        source.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for item in source:
            if isinstance(item, tuple):
                service.take(*item)
            else:
                service.feed(item)
        service.snapshot()
    except BrokenPipeError:
        # The last prediction reached nobody: what is on disk is where it had not been made yet.
        if service.journal is not None:
            again = StreamService.resume(service.journal, service.outlet)
            if again is not None:
                again.snapshot()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if service.journal is not None:
            service.journal.close()
    where = "" if snapshot is None else f"; {snapshot} goes on from there"
    skipped = f", {service.malformed:,} lines skipped" if service.malformed else ""
    words = f"{service.position:,} lines, {service.answers:,} predictions{skipped}: {service.stream.describe()}{where}"
    if signal.SIGINT in signals:
        raise KeyboardInterrupt(f"stopped after {words}")
    service.say(words)
