"""From a comparison of cells to the story of a report."""

from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING, Any

import numpy as np

import grunit
from grunit.explain.report_story import Row, SeriesPlot, Story, Window

if TYPE_CHECKING:
    from grunit.tasks import Forecaster
    from grunit.tasks.comparison import Comparison

STEPS = {"D": "days", "h": "hours", "MS": "months", "ME": "months", "B": "working days", "min": "minutes", "W": "weeks"}
WINDOWS_SHOWN = 3
SERIES_SHOWN = 3
UNIT_METRICS = ("MAE", "RMSE", "CRPS")


def tell(comparison: Comparison, target: str, unit: str = "", facts: dict[str, Any] | None = None) -> Story:
    """The story of a comparison.

    Args:
        comparison: what :func:`grunit.tasks.comparison.compare` found.
        target: what was forecast, in words.
        unit: of the target, for axes and scores; ``""`` if it has none.
        facts: shown before those the comparison knows itself, such as the command.

    >>> import numpy as np, pandas as pd
    >>> from grunit.tasks.comparison import compare
    >>> wave = pd.DataFrame({"unique_id": "wave", "ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})
    >>> comparison = compare(wave, 3, ["gru"], seeds=[0], n_windows=2, hidden_size=4, max_epochs=1)
    >>> story = tell(comparison, "the wave")
    >>> story.title, sorted(story.gates)
    ('Which cell forecasts the wave 3 steps ahead?', ['candidate', 'reset_gate', 'update_gate'])
    """
    shown = shown_names(comparison)
    gates, gate_times = ({}, None) if comparison.best is None else read_gates(comparison)
    steps = STEPS.get(str(comparison.panel.freq).partition("-")[0], "steps")
    return Story(
        title=f"Which cell forecasts {target} {comparison.facts['horizon']} {steps} ahead?",
        verdict=comparison.verdict,
        is_beaten=comparison.winner is not None,
        metric=name_score(comparison.metric, unit),
        rows=[
            Row(
                row.name,
                {name_score(metric, unit): score for metric, score in row.scores.items()},
                row.is_baseline,
                row.seconds,
                row.parameters,
            )
            for row in comparison.rows
        ],
        series=[plot_series(comparison, place, shown, unit) for place in range(len(comparison.panel))[:SERIES_SHOWN]],
        curves={
            name: [np.asarray(history.validation or history.train) for history in histories]
            for name, histories in comparison.histories.items()
        },
        loss=name_loss(comparison),
        gates=gates,
        gates_of=comparison.best or "",
        gate_times=gate_times,
        facts={**(facts or {}), **own_facts(comparison)},
    )


def name_score(metric: str, unit: str) -> str:
    """A score with the unit it is in."""
    if metric.startswith("coverage-"):
        return f"coverage of {metric.removeprefix('coverage-')} % (%)"
    if metric == "sMAPE":
        return "sMAPE (%)"
    return f"{metric} ({unit})" if unit and metric in UNIT_METRICS else metric


def name_loss(comparison: Comparison) -> str:
    """What the training curves show; every cell was trained in the same way."""
    histories = [history for runs in comparison.histories.values() for history in runs]
    return "validation loss" if any(history.validation for history in histories) else "training loss"


def shown_names(comparison: Comparison) -> list[str]:
    """The best cell, if any could be trained, and the best baseline."""
    baselines = [row for row in comparison.rows if row.is_baseline]
    best = min(baselines, key=lambda row: row.mean(comparison.metric), default=None)
    return [name for name in (comparison.best, best.name if best else None) if name is not None]


def plot_series(comparison: Comparison, place: int, names: list[str], unit: str) -> SeriesPlot:
    """One series with the forecasts of its last windows that do not overlap."""
    panel, facts = comparison.panel, comparison.facts
    name = panel.ids[place]
    stride = math.ceil(facts["horizon"] / facts["step_size"])
    cuts = sorted(range(len(comparison.windows))[::-1][::stride][:WINDOWS_SHOWN])
    own = comparison.frame[comparison.frame["unique_id"] == name]
    windows = []
    for cut in cuts:
        part = own.iloc[cut * facts["horizon"] : (cut + 1) * facts["horizon"]]
        bands = {
            level: (part[f"{names[0]}-lo-{level:g}"].to_numpy(), part[f"{names[0]}-hi-{level:g}"].to_numpy())
            for level in facts["level"]
        }
        windows.append(Window(part["ds"].to_numpy(), {each: part[each].to_numpy() for each in names}, bands))
    return SeriesPlot(name, panel.times[place], panel.values[place][:, 0], windows, unit)


def read_gates(comparison: Comparison) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The gates of the best cell, each ``(T, H)``, and the times ``(T,)``, while it reads for its last forecast."""
    from grunit.nn import trace

    assert comparison.best is not None
    forecaster, window = comparison.models[comparison.best], comparison.windows[-1]
    read = watch_core(forecaster, lambda: forecaster.forecast(window.history, window.times, window.futures))
    first = read[:1]
    gates = {name: values[:, 0].double().cpu().numpy() for name, values in trace(core_of(forecaster), first).items()}
    return gates, window.history.times[0][-first.shape[1] :]


def core_of(forecaster: Forecaster) -> Any:
    """The recurrent part of its network."""
    return forecaster.model_.core


def watch_core(forecaster: Forecaster, action: Any) -> Any:
    """What the recurrent core of a forecaster is given while ``action`` runs, ``(N, L, F)``."""
    seen = []
    handle = core_of(forecaster).register_forward_pre_hook(lambda core, arguments: seen.append(arguments[0]))
    try:
        action()
    finally:
        handle.remove()
    return seen[0].detach()


def own_facts(comparison: Comparison) -> dict[str, str]:
    """What the comparison knows about how it was made."""
    import pandas
    import torch

    facts, panel = comparison.facts, comparison.panel
    settings = {}
    if comparison.models:
        model = next(iter(comparison.models.values()))
        hidden = ("h", "cell", "seed", "verbose", "id_col", "time_col", "target_col", "device")
        settings = {name: value for name, value in model.get_params().items() if name not in hidden}
        settings["input_size"] = model.input_size_
    rows = sum(panel.lengths)
    shown = f"{len(panel)} series, {rows:,} rows" if len(panel) > 1 else f"{rows:,} rows"
    first, last = (str(edge).removesuffix("T00:00:00.000000000") for edge in (panel.times[0][0], panel.times[0][-1]))
    return {
        "data": f"{shown}, {first} to {last}",
        "windows": f"{facts['n_windows']} of {facts['horizon']} steps, {facts['step_size']} apart",
        "seeds": ", ".join(map(str, facts["seeds"])),
        "settings": ", ".join(f"{name} {value}" for name, value in settings.items() if value not in (None, (), [])),
        **{f"{name} failed": reason for name, reason in comparison.failures.items()},
        "versions": f"grunit {grunit.__version__}, torch {torch.__version__}, numpy {np.__version__}, "
        f"pandas {pandas.__version__}, Python {platform.python_version()} on {platform.system()} {platform.machine()}",
    }
