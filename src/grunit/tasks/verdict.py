"""Whether a cell beats the baselines, in plain words, with chance taken into account."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grunit.tasks.comparison import Row


def judge(
    cells: Sequence[Row],
    baselines: Sequence[Row],
    metric: str,
    seeds: int,
    failures: dict[str, str],
    windows: int | None,
    higher: bool = False,
) -> tuple[str | None, str | None, str]:
    """The winner or None, the cell with the best mean or None, and the sentence that says so.

    The best cell beats a baseline when its mean over seeds is better by more than their standard deviation. Other cells
    whose mean is no further from the best than the larger of both spreads are as good. A score that is not finite is
    left out.

    Args:
        cells, baselines: what was measured.
        metric: the score that decides.
        seeds: how many.
        failures: cells whose training broke down, with the reason.
        windows: of forecasts the scores are means of; None where they are no forecasts.
        higher: more of the metric is better.
    """
    sign, most, beyond = (-1.0, "highest", "above") if higher else (1.0, "lowest", "below")

    def cost(row: Row) -> float:
        return sign * row.mean(metric)

    broken = "".join(f" Training of {name} broke down and is not counted." for name in failures)
    if not cells:
        return None, None, "No cell could be trained." + broken
    cells = [row for row in cells if math.isfinite(row.mean(metric))]
    if not cells:
        reason = (
            "MASE divides by the changes of the history, and there are none" if metric == "MASE" else "it overflows"
        )
        return None, None, f"No verdict: {metric} is not a number for any cell ({reason}); use another metric.{broken}"
    best = min(cells, key=cost)
    mean, spread = best.mean(metric), best.spread(metric)
    measured = f"has {metric} {mean:.4g}" + (f" ± {spread:.2g} over {seeds} seeds" if seeds > 1 else "")
    shown = f"{best.name} {measured}"
    once = ""
    if windows is not None:
        once = f" This rests on {windows} windows." if windows > 1 else " This rests on a single window: give more."
    once += "" if seeds > 1 else " This is one seed: give more to see how much of it is chance."
    equal = [
        row.name
        for row in cells
        if row is not best and cost(row) - cost(best) <= max(spread, row.spread(metric)) and seeds > 1
    ]
    alike = f" Within the spread over seeds, {_listed(equal)} {_do(equal)} as well." if equal else ""
    if not baselines:
        return best.name, best.name, f"{shown}, the {most}; there is no baseline beside it.{alike}{once}{broken}"
    baselines = [row for row in baselines if math.isfinite(row.mean(metric))]
    if not baselines:
        return None, best.name, f"No verdict: {shown}, but no baseline has a {metric} to beat.{once}{broken}"
    bar = min(baselines, key=cost)
    level = bar.mean(metric)
    words = bar.name.replace("_", " ")
    if cost(best) + spread < cost(bar):
        gain = f"{100 * abs(1 - mean / level):.0f}% " if level else ""
        verdict = f"{shown}, {gain}{beyond} the best baseline, {words} with {level:.4g}."
        return best.name, best.name, f"{verdict}{alike}{once}{broken}"
    if cost(best) < cost(bar):
        reason = (
            f"the best cell, {best.name}, {measured} and lies {beyond} {level:.4g} by less than the spread over seeds"
        )
    else:
        reason = f"{words} has {metric} {level:.4g}, and the best cell, {best.name}, {measured}"
    where = "" if windows is None else " on these windows"
    return None, best.name, f"No cell beats {words}{where}: {reason}.{once}{broken}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _do(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"
