"""Predict-and-learn steps a second on a stream, beside deep-river's, and where the time goes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.online_peer import FEATURES, UNITS, WINDOWS, make_stream, rounds
from benchmarks.quiet import quietly
from benchmarks.settings import Settings, say
from benchmarks.tables import markdown
from grunit.cli.timing import use_threads

PEER = "DEEP_RIVER_PYTHON"
"""An environment variable: a Python that has deep-river, where its versions of torch and river are not ours."""
AIM = 10_000


def measure(settings: Settings) -> dict[str, Any]:
    """One row a model and window."""
    with use_threads(1):
        say("online: grunit")
        ours, others = quietly(lambda: measure_ours(settings), settings)
        say("online: deep-river")
        peer, why = measure_peer(settings)
    return {"rows": [*ours["rows"], *peer], "parts": ours["parts"], "others": others, "no_peer": why}


def measure_ours(settings: Settings) -> dict[str, Any]:
    """The regressor on dictionaries, and its network alone on arrays."""
    import grunit

    count, turns = (20, 2) if settings.smoke else (2000, 7)
    stream, rows, parts = make_stream((turns + 1) * count), [], {}
    for cell in ("gru", "lstm"):
        for window in WINDOWS:
            model = grunit.OnlineRegressor(cell, UNITS, lookback=window, lr=0.005)

            def step(x: dict[str, float], y: float, model: Any = model) -> float:
                prediction = model.predict_one(x)
                model.learn_one(x, y)
                return prediction

            found = rounds(step, stream, count, turns)
            backend = model.follower_.network.backend
            rows.append({"model": f"grunit.OnlineRegressor, {cell}", "window": window, "backend": backend, **found})
            parts[f"{cell}, {window}"] = measure_parts(model.follower_.network, window, count, turns)
    return {"rows": rows, "parts": parts}


def measure_parts(network: Any, window: int, count: int, turns: int) -> dict[str, float]:
    """Seconds that the parts of a step take, on arrays."""
    from grunit.online.descent import Descent

    descent = Descent(network)
    x, start = np.zeros(FEATURES, np.float32), network.state.copy()
    inputs, gradient = np.zeros((window, FEATURES), np.float32), np.full(1, 1e-3, np.float32)
    calls = {
        "step": lambda: network.step(x),
        "look back": lambda: network.look_back(start, inputs),
        "look back and gradient": lambda: (network.look_back(start, inputs), network.backward(gradient)),
        "Adam, and the weights packed again": lambda: descent.step(1e-9),
    }
    stream = [({}, 0.0)] * ((turns + 1) * count)
    return {
        name: 1 / rounds(lambda x, y, call=call: call(), stream, count, turns)["best"] for name, call in calls.items()
    }


def measure_peer(settings: Settings) -> tuple[list[dict[str, Any]], str]:
    """The same with deep-river, in its own process; or why not."""
    python = os.environ.get(PEER) or (sys.executable if importlib.util.find_spec("deep_river") else "")
    if not python:
        return [], f"deep-river is not installed here, and {PEER} names no Python that has it"
    script = Path(__file__).with_name("online_peer.py")
    count, turns = (5, 2) if settings.smoke else (200, 7)
    run = subprocess.run(
        [python, str(script), str(count), str(turns)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
    )
    if run.returncode:
        return [], f"deep-river did not run: {run.stderr.strip().splitlines()[-1]}"
    return json.loads(run.stdout.splitlines()[-1]), ""


def tell(document: dict[str, Any]) -> str:
    """Updates a second, and the parts of ours."""
    lines = [
        [
            row["model"],
            str(row["window"]),
            row.get("backend", "torch"),
            f"{row['median']:,.0f}",
            f"{row['best']:,.0f}",
            f"{1e6 / row['median']:,.0f}",
            f"{row['error']:.2f}",
        ]
        for row in document["rows"]
    ]
    header = ["model", "steps looked back", "backend", "updates/s, median", "best round", "µs an update", "error"]
    names = list(next(iter(document["parts"].values())))
    parts = [[which, *(f"{found[name] * 1e6:.1f}" for name in names)] for which, found in document["parts"].items()]
    versions = next((f" deep-river {row['versions']}." for row in document["rows"] if "versions" in row), "")
    missing = f"\n\nNot measured: {document['no_peer']}." if document["no_peer"] else ""
    reached = max(row["median"] for row in document["rows"] if row["model"].endswith("gru"))
    verdict = "reached" if reached >= AIM else "missed"
    return (
        f"A row of {FEATURES} features as a dictionary is predicted, then its answer is learned: forward, backward "
        f"and an Adam step of a recurrent layer of {UNITS} units and a linear head, on one thread; ours also scales "
        "features and target, keeps intervals, and watches drift and the learning rate. The error is the mean absolute "
        f"one of the last round in spreads of the target.{versions}{missing}\n\n"
        f"{markdown(lines, header)}\n\n"
        f"The aim of {AIM:,} updates a second with a GRU of {UNITS} units is {verdict}: {reached:,.0f}.\n\n"
        "## Where the time goes: microseconds of the network's parts, on arrays\n\n"
        f"{markdown(parts, ['cell, steps', *names])}\n\n"
        "The rest of an update is Python: dictionaries, bookkeeping of questions and answers, intervals and monitors."
    )
