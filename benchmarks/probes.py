"""The classic probes over five seeds: ``python -m benchmarks.probes`` fills ``benchmarks/results/probes``.

Every table is made by the command of an example. Each run is kept when it is done; what is kept is not run again, so
Ctrl-C costs one run.
"""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.results import FOLDER, read, rounded, tell_run, write
from benchmarks.settings import say
from benchmarks.tables import markdown
from examples.probes.command import Plan, estimate
from examples.probes.runs import Run, Store, carry_out, comparable
from examples.probes.table import tabulate, tell_judgement
from grunit.cli.machine import describe_machine

DENSE, LINEAR = "rnn,lstm,gru,peephole_lstm,janet,mgu", "min_gru,min_lstm,sru,qrnn,rg_lru,hgrn"
TABLES = {
    "The adding problem, 200 steps": f"adding --length 200 --units 32 --lr 0.01 --steps 2000 --cells {DENSE},{LINEAR}",
    "The adding problem, 600 steps": "adding --length 600 --units 32 --lr 0.01 --steps 2000 --cells lstm,gru",
    "Copy memory, 20 steps": "copy_memory --length 20 --lr 0.01 --steps 4000 --cells rnn,lstm,gru",
    "Sequential digits, row by row": "digits --by row --steps 1000 --start orthogonal --cells rnn,lstm,gru",
    "Sequential digits, pixel by pixel": (
        "digits --by pixel --lr 0.005 --steps 2000 --start orthogonal --cells rnn,lstm,gru"
    ),
    "Recall of one value over 10,000 steps": (
        f"recall --length 10000 --grow 100 --units 32 --lr 0.01 --steps 1500 --batch 8 --cells {LINEAR},lstm,gru"
    ),
    "Recall of one of two values over 200 steps": (
        "recall --length 200 --grow 20 --keys 2 --lr 0.01 --steps 2000 --cells rnn,lstm,gru,min_gru"
    ),
}
"""Title and command of each table, in the order of the page."""


def main(arguments: list[str] | None = None) -> None:
    """Make the runs that are missing, and write the results after each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes", description=__doc__)
    parser.add_argument("--rows", type=int, help="networks to run at most, each with all its seeds [all]")
    parser.add_argument("--only", default="", help="tables whose title has this word [all]")
    parser.add_argument("--estimate", action="store_true", help="say how long it would take, and end")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder [benchmarks/results]")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    machine = describe_machine()
    store = Store(options.output / "probes.json", lambda runs: write_all(runs, machine, options.output))
    rows = 0
    for title, plan in plans().items():
        for cell in plan.options.cell if options.only.lower() in title.lower() else []:
            every = [settings for settings in plan.settings if settings.cell == cell]
            missing = [settings for settings in every if store.find(plan.probe, settings) is None]
            if not missing or rows == options.rows:
                continue
            rows += 1
            say(f"{title}: {estimate(plan.probe, missing)}")
            if not options.estimate:
                try:
                    carry_out(plan.probe, every, store)
                except KeyboardInterrupt:
                    sys.exit(130)
    if not rows and store.runs:
        write_all(store.runs, machine, options.output)


def plans() -> dict[str, Plan]:
    """What each command asks for."""
    found = {}
    for title, command in TABLES.items():
        name, *words = shlex.split(command)
        found[title] = importlib.import_module(f"examples.probes.{name}").read(words)
    return found


def write_all(runs: list[Run], machine: dict[str, Any], folder: Path) -> None:
    """The runs of the tables, none of other settings, as JSON and as Markdown."""
    wanted = [key for plan in plans().values() for key in keys(plan)]
    own = [run for run in runs if comparable(run["probe"], run["settings"]) in wanted]
    own.sort(key=lambda run: wanted.index(comparable(run["probe"], run["settings"])))
    commits = {str(run["commit"]) for run in own}
    commit = commits.pop() if len(commits) == 1 else f"of each run in probes.json, {len(commits)} in all"
    run = {
        "command": "python -m benchmarks.probes",
        "wall_seconds": sum(run["result"]["seconds"] for run in own),
        "machine": {**machine, "commit": commit},
        "dtype": "float32",
        "smoke": False,
    }
    document = rounded({"run": run, "runs": own})
    write("probes", document, tell(document), folder)


def keys(plan: Plan) -> list[str]:
    """What tells the runs of a plan from others."""
    return [comparable(plan.probe.describe(), asdict(settings)) for settings in plan.settings]


def tell(document: dict[str, Any]) -> str:
    """Every table, with its command."""
    parts = []
    for title, plan in plans().items():
        wanted = keys(plan)
        runs = [run for run in document["runs"] if comparable(run["probe"], run["settings"]) in wanted]
        done = Counter(run["settings"]["cell"] for run in runs)
        seeds = plan.options.seeds
        left = [f"{cell} ({done[cell]} of {seeds} seeds)" for cell in plan.options.cell if done[cell] < seeds]
        parts.append(f"## {title}\n\n{tell_table(runs, plan)}")
        if left:
            parts.append(f"Not yet complete: {', '.join(left)}.")
        parts.append(f"```\npython -m examples.probes.{TABLES[title]}\n```")
    return "\n\n".join(parts)


def tell_table(runs: Sequence[Run], plan: Plan) -> str:
    """A table and what to hold it against."""
    table = f"{markdown(*tabulate(runs))}\n\n" if runs else ""
    return f"{table}{tell_judgement(plan.probe.describe())}"


def tell_all(folder: Path) -> str:
    """For the documentation: where it was measured, and every table."""
    document = read("probes", folder)
    if document is None:
        return "No results are kept yet: `python -m benchmarks.probes` measures them."
    return f"{tell_run(document['run'])}\n\n{tell(document)}"


if __name__ == "__main__":
    main()
