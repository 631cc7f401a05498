"""Intervals corrected by the errors of windows that a model of the same kind had not seen."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from grunit.data import DataWarning, Panel
from grunit.tasks.conformal_plan import plan
from grunit.tasks.metrics import coverage
from grunit.tasks.quantiles import column_order
from grunit.tasks.statics import Statics

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster


@dataclass
class Conformal:
    """What is added to the ends of each interval, in scaled units.

    Args:
        levels: percent, ascending, L of them.
        shifts: ``(L, h)``: how far both ends move outwards; inwards where negative.
        windows: cuts the errors come from.
        scores: errors behind each shift.
        pooled: whether a step had too few errors of its own, so that all steps share them.
        enough: whether there were as many errors as the highest level takes.
        measured: by level, percent of targets inside before and after, on the later half of the windows with the
            shifts of the earlier half; empty where there is nothing to halve.
        left_out: series that had no room for a window, and that the errors are not of.

    Source: Romano, Patterson & Candès, *Conformalized quantile regression* (2019), eqs. 6 to 8; one quantile of the
    errors for each step ahead, as errors grow with it.
    """

    levels: list[float]
    shifts: list[list[float]]
    windows: int
    scores: int
    pooled: bool
    enough: bool
    measured: dict[str, dict[str, float]]
    left_out: list[str] = field(default_factory=list)

    def apply(self, quantiles: np.ndarray) -> np.ndarray:
        """Scaled quantiles ``(N, h, Q)``, ascending, with their ends moved; they stay ascending."""
        result, order = quantiles.copy(), column_order(self.levels)
        middle = quantiles[..., order[0]]
        low = high = middle
        for place, shift in enumerate(self.shifts):
            below, above = order[1 + 2 * place], order[2 + 2 * place]
            low = np.minimum(low, quantiles[..., below] - shift)
            high = np.maximum(high, quantiles[..., above] + shift)
            result[..., below], result[..., above] = low, high
        return result

    def tell(self) -> str:
        """What was measured, in a sentence."""
        inside = ", ".join(
            f"{value['after']:.0f} % inside the {level} % interval ({value['before']:.0f} % before)"
            for level, value in self.measured.items()
        )
        told = f"intervals corrected by {self.scores} errors {'in all' if self.pooled else 'a step'}"
        told += f" of {self.windows} windows held back" if self.windows > 1 else " of one window held back"
        told += f"; on the later half: {inside}" if inside else ""
        if self.left_out:
            more = f" and {len(self.left_out) - 1} more" if len(self.left_out) > 1 else ""
            told += f"; with nothing to hold back: series {self.left_out[0]!r}{more}"
        return told if self.enough else f"{told}; too few for the highest level, which may still be too narrow"

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers."""
        return asdict(self)


def conformal_shift(scores: np.ndarray, level: float) -> float:
    """How far to move an interval so that it holds ``level`` percent of what comes.

    Args:
        scores: ``(n,)``, how far each target lies outside its interval; negative inside.
        level: percent.

    Returns:
        the score of rank ``ceil((n + 1) level / 100)``; the largest where n is too small for that rank.

    >>> conformal_shift(np.arange(1.0, 10.0), 80)
    8.0
    """
    rank = math.ceil(round((len(scores) + 1) * level / 100, 9))
    return float(np.sort(scores)[min(rank, len(scores)) - 1])


def needed(level: float) -> int:
    """The fewest errors from which an interval of this level can be had.

    >>> needed(80), needed(95)
    (4, 19)
    """
    return math.ceil(round(level / (100 - level), 9))


def learn_shifts(quantiles: np.ndarray, target: np.ndarray, levels: Sequence[float]) -> tuple[np.ndarray, bool]:
    """Shifts ``(L, h)`` from scaled quantiles ``(n, h, Q)`` and targets ``(n, h)``; whether all steps share them.

    Targets that are missing (NaN) count for nothing.
    """
    seen = ~np.isnan(target)
    order, pooled = column_order(levels), bool(seen.sum(0).min() < needed(max(levels)))
    shifts = np.empty((len(levels), target.shape[1]))
    for place, level in enumerate(levels):
        low, high = quantiles[..., order[1 + 2 * place]], quantiles[..., order[2 + 2 * place]]
        scores = np.maximum(low - target, target - high)
        columns = (
            [scores[seen]] * scores.shape[1]
            if pooled
            else [scores[seen[:, step], step] for step in range(scores.shape[1])]
        )
        shifts[place] = [conformal_shift(column, level) if len(column) else 0.0 for column in columns]
    return shifts, pooled


def from_windows(quantiles: np.ndarray, target: np.ndarray, levels: Sequence[float]) -> Conformal:
    """What windows teach: scaled quantiles ``(W, N, h, Q)`` and targets ``(W, N, h)``, the cuts in order of time."""
    windows, series, h = target.shape
    levels = sorted(levels)
    flat = quantiles.reshape(-1, *quantiles.shape[2:])
    shifts, pooled = learn_shifts(flat, target.reshape(-1, h), levels)
    counts = (~np.isnan(target)).sum((0, 1))
    scores = int(counts.sum() if pooled else counts.min())
    found = Conformal(
        [float(level) for level in levels], shifts.tolist(), windows, scores, pooled, scores >= needed(max(levels)), {}
    )
    # Windows overlap, so the halves are parted by time; a single window is parted by series.
    axis, half = (0, windows // 2) if windows > 1 else (1, series // 2)
    if half:
        early, late = np.split(quantiles, [half], axis)
        before, after = np.split(target, [half], axis)
        trial, _ = learn_shifts(early.reshape(-1, *early.shape[2:]), before.reshape(-1, h), levels)
        moved = Conformal(found.levels, trial.tolist(), half, 0, False, True, {}).apply(late)
        order = column_order(levels)
        for place, level in enumerate(levels if not np.isnan(after).all() else ()):
            ends = order[1 + 2 * place], order[2 + 2 * place]
            plain, new = (coverage(after, x[..., ends[0]], x[..., ends[1]]) for x in (late, moved))
            found.measured[f"{level:g}"] = {"before": plain, "after": new}
    return found


def calibrate(forecaster: Forecaster, panel: Panel, statics: Statics, val_size: int) -> Conformal | None:
    """Train a clone without the last windows, and learn from its errors there; None where nothing is to be done.

    Warns:
        DataWarning: windows were asked for, and they are too few for the highest level.
    """
    from grunit.tasks.backtest import backtest

    chosen = plan(forecaster, panel, val_size)
    if not chosen.windows:
        return None
    if forecaster.verbose and forecaster.conformal != "auto":
        print(f"and once more without the last {chosen.windows} windows, to measure the intervals", file=sys.stderr)
    # With "auto" the data is small, and this takes a moment.
    verbose = 0 if forecaster.conformal == "auto" else forecaster.verbose
    probe = clone(forecaster).set_params(
        conformal=0, input_size=forecaster.input_size_, season=forecaster.season_, verbose=verbose
    )
    past = backtest(probe, chosen.panel, chosen.windows, chosen.apart, statics=statics, val_size=val_size)
    scaled, ids = past.models[0].scaler_.scaled, chosen.panel.ids
    found = from_windows(
        np.stack([scaled(forecast, ids) for forecast in past.forecasts]),
        np.stack([scaled(window.target, ids) for window in past.windows]),
        sorted(set(forecaster.level)),
    )
    found.left_out = chosen.left_out
    if not found.enough and forecaster.conformal != "auto":
        warnings.warn(f"{found.tell()}; give a larger conformal", DataWarning, stacklevel=4)
    return found
