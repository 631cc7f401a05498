"""Training end to end, windows a second, beside neuralforecast's GRU and LSTM on the same windows and sizes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.kept_rows import KeptRows
from benchmarks.results import FOLDER
from benchmarks.settings import Settings
from benchmarks.tables import markdown, spread
from benchmarks.throughput_peer import LEVELS, make_table, timed
from grunit.cli.timing import use_threads

PEER = "NEURALFORECAST_PYTHON"
"""An environment variable: a Python that has neuralforecast, where its versions of packages are not ours."""
CASES: dict[str, dict[str, Any]] = {
    "small": {"series": 100, "points": 100, "h": 7, "input_size": 28, "hidden_size": 32, "batch_size": 32, "epochs": 2},
    "middle": {
        "series": 40,
        "points": 500,
        "h": 14,
        "input_size": 56,
        "hidden_size": 64,
        "batch_size": 128,
        "epochs": 1,
    },
    "wide": {
        "series": 20,
        "points": 500,
        "h": 24,
        "input_size": 96,
        "hidden_size": 128,
        "batch_size": 128,
        "epochs": 1,
    },
}
"""Sizes; ``small`` is where what surrounds the arithmetic counts most."""
SMOKE = {"series": 2, "points": 40, "h": 2, "input_size": 4, "hidden_size": 4, "batch_size": 32, "epochs": 1}
AIMS = {"small": 5.0}
AIM = 3.0
SEEDS = (0, 1, 2)


def measure(settings: Settings, folder: Path = FOLDER) -> dict[str, Any]:
    """One row a case, cell and seed; the two libraries take turns."""
    cases = {"smoke": SMOKE} if settings.smoke else CASES
    python = os.environ.get(PEER) or (sys.executable if importlib.util.find_spec("neuralforecast") else "")

    def measure_row(name: str, cell: str, seed: int) -> dict[str, Any]:
        case = complete({**cases[name], "cell": cell, "seed": seed, "threads": 1})
        return {**case, "grunit": measure_ours(case), **({"peer": measure_peer(python, case)} if python else {})}

    cells, seeds = (("gru",), SEEDS[:1]) if settings.smoke else (("gru", "lstm"), SEEDS)
    wanted = [(name, cell, seed) for name in cases for cell in cells for seed in seeds]
    facts = {"cases": cases, "peer": bool(python)}
    keys = ("case", "cell", "seed")
    rows = KeptRows("throughput.part", keys, wanted, smoke=settings.smoke, folder=folder, facts=facts)
    rows.measure_missing(measure_row)
    why = "" if python else f"neuralforecast is not installed here, and {PEER} names no Python that has it"
    return {"rows": rows.close(), "no_peer": why}


def complete(case: dict[str, Any]) -> dict[str, Any]:
    """The case with the windows of an epoch and the optimiser's steps in all."""
    windows = case["series"] * (case["points"] - case["input_size"] - case["h"] + 1)
    steps = case["epochs"] * -(-windows // case["batch_size"])
    return {**case, "windows": windows, "steps": steps}


def measure_ours(case: dict[str, Any]) -> dict[str, float]:
    """One fit of a Forecaster, after a short one to warm up."""
    import grunit

    table = make_table(case["series"], case["points"])

    def fit(table: Any, epochs: int) -> None:
        grunit.Forecaster(
            case["h"],
            case["input_size"],
            cell=case["cell"],
            hidden_size=case["hidden_size"],
            batch_size=case["batch_size"],
            max_epochs=epochs,
            level=LEVELS,
            calendar=False,
            season=1,
            conformal=0,
            seed=case["seed"],
            verbose=0,
        ).fit(table)

    with use_threads(case["threads"]):
        fit(table[table["unique_id"] == "s0"], 1)
        return timed(lambda: fit(table, case["epochs"]))


def measure_peer(python: str, case: dict[str, Any]) -> dict[str, Any]:
    """The same with neuralforecast, in a process of its own."""
    script = Path(__file__).with_name("throughput_peer.py")
    environment = {**os.environ, "OMP_NUM_THREADS": str(case["threads"]), "PYTHONPATH": ""}
    run = subprocess.run([python, str(script), json.dumps(case)], capture_output=True, text=True, env=environment)
    if run.returncode:
        raise SystemExit(f"neuralforecast did not run: {run.stderr.strip().splitlines()[-1]}")
    return json.loads(run.stdout.splitlines()[-1])


def tell(document: dict[str, Any]) -> str:
    """Windows a second of both, and how many times ours are."""
    rows, lines, verdicts = document["rows"], [], []
    for name, cell in dict.fromkeys((row["case"], row["cell"]) for row in rows):
        own = [row for row in rows if (row["case"], row["cell"]) == (name, cell)]
        one = own[0]
        sizes = f"{one['series']} x {one['points']}, {one['input_size']} to {one['h']}, {one['hidden_size']} units"
        line = [f"{name}, {cell}", sizes, f"{one['steps']} of {one['batch_size']}"]
        for who in ("grunit", "peer"):
            found = [row[who] for row in own if who in row]
            seconds = [spread([row[kind] for row in found]) for kind in ("wall", "processor")] if found else []
            rate = f"{one['epochs'] * one['windows'] / mean(row['wall'] for row in found):,.0f}" if found else "-"
            line += [*(seconds or ["-", "-"]), rate]
        if "peer" in one:
            for kind in ("wall", "processor"):
                ratios = [row["peer"][kind] / row["grunit"][kind] for row in own]
                line.append(spread(ratios))
            aim = AIMS.get(name, AIM)
            reached = mean(row["peer"]["processor"] / row["grunit"]["processor"] for row in own)
            verdicts.append(f"{name}, {cell}: at least {aim:g}x is {'met' if reached >= aim else '**missed**'}")
        lines.append(line)
    header = ["case", "series x points, steps to h", "steps of the optimiser"]
    header += [
        f"{who} {what}" for who in ("grunit", "neuralforecast") for what in ("wall s", "processor s", "windows/s")
    ]
    header += ["times, by the clock", "times, by processor"] if "peer" in rows[0] else []
    versions = rows[0].get("peer", {}).get("versions", "")
    peer = f" The peer: {versions}." if versions else f"\n\nNot measured: {document['no_peer']}."
    return (
        "A whole fit, from the table to the weights, on one thread, mean and standard deviation over seeds; a short "
        "fit before it warms up. Both see windows of the same length, as many a step and as many steps, one recurrent "
        "layer of the same units, and learn the quantiles of 80 and 95 %; neuralforecast draws its windows from 32 "
        "series a step, which is its default. The libraries take turns. Seconds of the processor count what a fit "
        f"itself used, whatever else the machine does.{peer}\n\n{markdown(lines, header)}"
        + (f"\n\nBy processor time: {'; '.join(verdicts)}." if verdicts else "")
    )
