"""Runs as a table: a row a cell, mean and spread over its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Any

from examples.probes.runs import Run


def summarise(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row a network, in the order of first appearance: everything but the seed the same."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        network = {name: value for name, value in run["settings"].items() if name != "seed"}
        groups.setdefault(str(sorted(network.items())), []).append(run)
    return [summarise_network(group) for group in groups.values()]


def summarise_network(runs: Sequence[Run]) -> dict[str, Any]:
    """Mean and spread (the standard deviation of a sample) over seeds; a run that diverged has no score."""
    probe, settings = runs[0]["probe"], runs[0]["settings"]
    results = [run["result"] for run in runs]
    scores = [result["score"] for result in results if result["score"] is not None]
    goal, lower = probe["goal"], probe["measure"] == "MSE"
    return {
        "cell": settings["cell"],
        "num_layers": settings["num_layers"],
        "parameters": results[0]["parameters"],
        "backend": results[0]["backend"],
        "seeds": len(results),
        "diverged": len(results) - len(scores),
        "mean": fmean(scores) if scores else None,
        "spread": stdev(scores) if len(scores) > 1 else None,
        "loss": fmean(result["loss"] for result in results if result["score"] is not None) if scores else None,
        "solved": None if goal is None else sum(s <= goal if lower else s >= goal for s in scores),
        "steps": median(result["steps"] for result in results),
        "seconds": fmean(result["seconds"] for result in results),
    }


def tabulate(runs: Sequence[Run]) -> tuple[list[list[str]], list[str]]:
    """Rows and header, as text, of runs of one probe."""
    rows = summarise(runs)
    measure = runs[0]["probe"]["measure"]
    judged = runs[0]["probe"]["goal"] is not None
    header = ["cell", measure, *(["solved"] if judged else []), "loss", "steps", "parameters", "seconds a seed"]
    if measure == "MSE":
        header.remove("loss")  # it is the same
    lines = []
    for row in rows:
        layers = f", {row['num_layers']} layers" if row["num_layers"] > 1 else ""
        entries = {
            "cell": row["cell"] + layers,
            measure: tell_score(measure, row["mean"], row["spread"]) + tell_diverged(row["diverged"]),
            "solved": f"{row['solved']} of {row['seeds']}",
            "loss": "-" if row["loss"] is None else f"{row['loss']:.4f}",
            "steps": f"{row['steps']:.0f}",
            "parameters": f"{row['parameters']:,}",
            "seconds a seed": f"{row['seconds']:.0f}" if row["seconds"] >= 10 else f"{row['seconds']:.1f}",
        }
        lines.append([entries[name] for name in header])
    return lines, header


def tell_score(measure: str, mean: float | None, spread: float | None) -> str:
    """A measure with its spread.

    >>> tell_score("MSE", 0.00123, 0.0004), tell_score("accuracy", 0.973, None)
    ('0.0012 ± 0.0004', '97.3 %')
    """
    if mean is None:
        return "-"
    if measure == "MSE":
        return f"{mean:.4f}" + ("" if spread is None else f" ± {spread:.4f}")
    return f"{100 * mean:.1f} %" if spread is None else f"{100 * mean:.1f} ± {100 * spread:.1f} %"


def tell_diverged(count: int) -> str:
    """How many runs ended in what is not a number."""
    return f" ({count} diverged)" if count else ""


def tell_judgement(probe: dict[str, Any]) -> str:
    """What the numbers are to be held against, in a sentence."""
    nothing = tell_score(probe["measure"], probe["baseline"], None)
    text = f"Who has seen nothing of the sequence has {probe['measure']} {nothing}"
    if probe["goal"] is None:
        return text + "."
    sign = "<=" if probe["measure"] == "MSE" else ">="
    goal = f"{probe['goal']:g}" if probe["measure"] == "MSE" else f"{100 * probe['goal']:g} %"
    return f"{text}; solved is {probe['measure']} {sign} {goal}."
