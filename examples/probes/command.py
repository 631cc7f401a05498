"""The command line that all probes share."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

import grunit
from examples.probes.probe import Probe
from examples.probes.runs import Run, Store, carry_out
from examples.probes.table import summarise, tabulate, tell_judgement
from examples.probes.training import Settings, time_step
from grunit.cli.output import Output, align
from grunit.errors import GrunitError

FOLDER = Path("probes-out")


@dataclass(frozen=True)
class Plan:
    """A probe and how it was asked for."""

    probe: Probe
    options: argparse.Namespace

    @property
    def settings(self) -> list[Settings]:
        """A run each: cell by cell, seed by seed."""
        given = {field.name: getattr(self.options, field.name, None) for field in fields(Settings)}
        return [
            Settings(**{**given, "cell": cell, "seed": seed})
            for cell in self.options.cell
            for seed in range(self.options.seeds)
        ]


def make_parser(name: str, text: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """The options of every probe; ``defaults`` are those of :class:`Settings` that this probe has otherwise."""
    start = {field.name: field.default for field in fields(Settings)} | defaults
    lines = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog=f"python -m examples.probes.{name}", description=text, formatter_class=lines)
    add = parser.add_argument
    add("--cells", dest="cell", type=read_cells, default="rnn,lstm,gru", help="names, with commas [rnn,lstm,gru]")
    add("--layers", dest="num_layers", type=whole, default=start["num_layers"], help="layers [%(default)s]")
    add("--units", dest="hidden_size", type=whole, default=start["hidden_size"], help="of a layer [%(default)s]")
    add("--start", default=start["start"], help="initialiser of the parameters [%(default)s]")
    add("--steps", type=whole, default=start["steps"], help="of the optimiser at most [%(default)s]")
    add("--batch", dest="batch_size", type=whole, default=start["batch_size"], help="sequences a step [%(default)s]")
    add("--lr", type=float, default=start["lr"], help="learning rate of Adam [%(default)s]")
    add("--clip", type=float, default=start["clip"], help="greatest norm of the gradients [%(default)s]")
    add("--seeds", type=whole, default=5, help="runs of each cell [%(default)s]")
    add("--estimate", action="store_true", help="say how long it would take, and end")
    add("--json", action="store_true", help="answer in JSON")
    add("--output", type=Path, default=FOLDER / f"{name}.json", help="where runs are kept [%(default)s]")
    return parser


def add_length(parser: argparse.ArgumentParser, default: int, text: str) -> None:
    """The options of probes whose sequences have any length."""
    parser.add_argument("--length", type=whole, default=default, help=f"{text} [%(default)s]")
    parser.add_argument("--grow", type=whole, metavar="LENGTH", help="begin with this length, double what is learnt")


def read_cells(text: str) -> list[str]:
    """Names of cells, each one known."""
    cells = [name.strip() for name in text.split(",") if name.strip()]
    try:
        for name in cells:
            grunit.cells.get(name)
    except GrunitError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not cells:
        raise argparse.ArgumentTypeError("name at least one cell")
    return cells


def whole(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def main(plan: Plan) -> None:
    """Run what is asked, and tell; after Ctrl-C, tell what there is."""
    torch.set_num_threads(1)  # networks this small are quicker on one
    output = Output(plan.options.json)
    interrupted = False
    try:
        store = Store(plan.options.output)
        missing = [settings for settings in plan.settings if store.find(plan.probe, settings) is None]
        if missing:
            output.say(estimate(plan.probe, missing))
        if plan.options.estimate:
            return
        try:
            carry_out(plan.probe, plan.settings, store)
        except KeyboardInterrupt:
            interrupted = True
    except GrunitError as error:
        raise SystemExit(f"{plan.probe.name}: {error}") from error
    runs = [run for settings in plan.settings if (run := store.find(plan.probe, settings)) is not None]
    output.answer({"runs": runs, "rows": summarise(runs)}, tell(runs) if runs else "Nothing was finished.")
    if interrupted:
        output.say(f"Stopped; {len(runs)} of {len(plan.settings)} runs are kept in {os.fspath(plan.options.output)}.")
        raise SystemExit(130)


def estimate(probe: Probe, missing: list[Settings]) -> str:
    """How long the missing runs take at most, a line a cell; a few steps of each are timed."""
    lines, total = [], 0.0
    for cell in dict.fromkeys(settings.cell for settings in missing):
        own = [settings for settings in missing if settings.cell == cell]
        seconds = time_step(probe, own[0])
        most = seconds * own[0].steps * len(own)
        total += most
        lines.append(f"{cell}: {1000 * seconds:.1f} ms a step, {len(own)} runs in {most:.0f} s at most")
    return "\n".join([*lines, *([f"all: {total / 60:.1f} minutes at most"] if len(lines) > 1 else [])])


def tell(runs: list[Run]) -> str:
    """The table, and what to hold it against."""
    return f"\n{align(*tabulate(runs))}\n\n{tell_judgement(runs[0]['probe'])}"
