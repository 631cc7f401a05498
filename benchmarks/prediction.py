"""How long a loaded forecaster takes to answer for one series, and where the time goes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import grunit
from benchmarks.kept_rows import KeptRows
from benchmarks.quiet import Watch
from benchmarks.results import FOLDER
from benchmarks.settings import Settings
from benchmarks.tables import markdown
from grunit.cli.timing import interleave, use_threads

AIM = 1e-3
"""Seconds to answer for one series from arrays."""
ROWS = 60
"""Of the table that is forecast from."""
CASES: dict[str, dict[str, Any]] = {
    "y alone": {"exogenous": None, "calendar": False},
    "three more columns, calendar": {"exogenous": "all", "calendar": True},
}


def measure(settings: Settings, folder: Path = FOLDER) -> dict[str, Any]:
    """One row a case and cell."""
    table = grunit.data.load_example("seattle_weather")
    wanted = [(cell, case) for cell in (("gru",) if settings.smoke else ("gru", "lstm")) for case in CASES]
    facts = {"cases": CASES}
    rows = KeptRows("prediction.part", ("cell", "case"), wanted, smoke=settings.smoke, folder=folder, facts=facts)
    with use_threads(1):
        rows.measure_missing(lambda cell, case: measure_one(table, cell, CASES[case], settings))
    return {"rows": rows.close()}


def measure_one(table: pd.DataFrame, cell: str, options: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Seconds of the ways to ask, of a model that was saved and loaded, and of the network alone."""
    with tempfile.TemporaryDirectory() as folder:
        fitted = grunit.Forecaster(7, 14, cell=cell, max_epochs=1, conformal=0, verbose=0, **options).fit(table)
        path = fitted.save(Path(folder) / "model")
        begun = time.perf_counter()
        model = grunit.load(path)
        load = time.perf_counter() - begun
    own = table.tail(ROWS).reset_index(drop=True)
    values, times = own[["y", *model.exogenous_]].to_numpy(), own["ds"].to_numpy()
    arguments = record_call(model, own)

    @torch.no_grad()
    def network() -> Any:
        return model.model_(*arguments)

    calls = {
        "predict(frame)": lambda: model.predict(own),
        "predict()": lambda: model.predict(),
        "network alone": network,
    }
    if hasattr(model, "predict_values"):
        calls["predict_values"] = lambda: model.predict_values(values, times)
        difference = np.abs(calls["predict_values"]() - model.predict(own).iloc[:, 2:].to_numpy()).max()
        assert difference <= 1e-9 * np.abs(values).max(), "predict_values answers something else"
    watch = Watch()
    found = interleave(calls, seconds=settings.seconds, least_rounds=settings.least_rounds)
    return {"load": load, "others": watch.elsewhere(), "times": {name: t.to_dict() for name, t in found.items()}}


def record_call(model: Any, own: pd.DataFrame) -> tuple[Any, ...]:
    """What the network is given by a forecast."""
    seen: list[tuple[Any, ...]] = []
    handle = model.model_.register_forward_pre_hook(lambda module, given: seen.append(given))
    model.predict(own)
    handle.remove()
    return seen[0]


def tell(document: dict[str, Any]) -> str:
    """Milliseconds by the way of asking."""
    rows = document["rows"]
    ways = list(rows[0]["times"])
    lines = [
        [
            f"{row['cell']}, {row['case']}",
            *(f"{row['times'][way]['median'] * 1e3:.2f} ({row['times'][way]['least'] * 1e3:.2f})" for way in ways),
            f"{row['load'] * 1e3:.1f}",
        ]
        for row in rows
    ]
    others = max(row["others"] or 0 for row in rows)
    least = max(row["times"].get("predict_values", {"least": float("nan")})["least"] for row in rows)
    return (
        f"One series of {ROWS} days, 14 steps of history to 7 ahead with two intervals, 32 units, one thread, a model "
        f"that was saved and loaded: milliseconds a call, median (and the quickest round). Other programs used up to "
        f"{others:.1f} cores meanwhile; the quickest round is what is left when they do not disturb.\n\n"
        f"{markdown(lines, ['cell, what it looks at', *ways, 'load'])}\n\n"
        f"The aim of {AIM * 1e3:g} ms from arrays: the slowest case takes {least * 1e3:.2f} ms in its quickest round."
    )
