"""What a report tells, as plain data: anything that can fill these in can be reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: the cell or the baseline.
        scores: metric name -> (mean, spread over seeds; 0 for what has no seed).
        is_baseline: shown apart from the cells.
        seconds: of training a model, on average; None for a baseline.
        parameters: trained numbers; None for a baseline.
    """

    name: str
    scores: dict[str, tuple[float, float]]
    is_baseline: bool = False
    seconds: float | None = None
    parameters: int | None = None


@dataclass(frozen=True)
class Window:
    """One forecast beside what came.

    Attributes:
        times: ``(h,)`` time stamps or step numbers of the forecast.
        forecasts: name -> ``(h,)``; the first is the one whose bands are drawn.
        bands: level in percent -> (low ``(h,)``, high ``(h,)``), of the first forecast.
    """

    times: np.ndarray
    forecasts: dict[str, np.ndarray]
    bands: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class SeriesPlot:
    """One series: its observed values and the forecasts of its last windows, oldest first."""

    name: str
    times: np.ndarray
    values: np.ndarray
    windows: list[Window]
    unit: str = ""


@dataclass(frozen=True)
class Story:
    """Everything in a report.

    Attributes:
        title: the question that was asked.
        verdict: the answer in one sentence.
        is_beaten: whether the best baseline was beaten; decides the mark beside the verdict.
        metric: the score that decides; a key of every row's scores.
        rows: cells and baselines.
        series: forecast plots.
        curves: cell -> one array of losses per epoch a seed.
        loss: what the curves show, for the axis.
        gates: gate -> ``(T, H)``, of ``gates_of``.
        gate_times: ``(T,)`` time stamps or step numbers.
        facts: heading -> value, in the order shown: command, data, settings, versions, seeds, wall time.
        higher: more of the metric that decides is better.
    """

    title: str
    verdict: str
    is_beaten: bool
    metric: str
    rows: list[Row]
    series: list[SeriesPlot] = field(default_factory=list)
    curves: dict[str, list[np.ndarray]] = field(default_factory=dict)
    loss: str = "validation loss"
    gates: dict[str, np.ndarray] = field(default_factory=dict)
    gates_of: str = ""
    gate_times: np.ndarray | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    higher: bool = False
