"""The figures of a report: forecasts with their bands, training curves, gates over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from grunit.explain.report_axes import Tick, as_numbers, number_ticks, spanning, time_ticks
from grunit.explain.report_charts import Chart, frame, legend
from grunit.explain.report_heatmap import heatmap
from grunit.explain.report_story import SeriesPlot, Story

HISTORY = 2.5
"""How much is shown before the first forecast, in forecasts' lengths."""


def forecast_chart(series: SeriesPlot, width: int = 900, height: int = 340) -> Chart:
    """The observed series, and over its last windows every forecast, with bands around the first."""
    times = as_numbers(series.times)
    first, last = as_numbers(series.windows[0].times)[0], as_numbers(series.windows[-1].times)[-1]
    length = len(series.windows[0].times)
    begin = max(0, int(np.searchsorted(times, first)) - round(HISTORY * length))
    shown = slice(begin, int(np.searchsorted(times, last, side="right")))
    across, down = frame(width, height)
    drawn = [np.asarray(series.values, float)[shown]]
    for window in series.windows:
        drawn += [*window.forecasts.values(), *(edge for band in window.bands.values() for edge in band)]
    x = spanning(np.append(times[shown], last), *across)
    y = spanning(np.concatenate([np.asarray(values, float) for values in drawn]), *down, margin=0.06)
    chart = Chart(f"Forecasts of {series.name} beside what came", x, y, width, height)
    unit = f"{series.name} ({series.unit})" if series.unit else series.name
    chart.axes(
        ticks_of(series.times, x), number_ticks(y.low, y.high), "time" if is_time(series.times) else "step", unit
    )
    for window in series.windows:
        at = as_numbers(window.times)
        before = np.searchsorted(times, at[0]) - 1
        if before >= 0:
            chart.rule(float(times[before]))
        for place, level in enumerate(sorted(window.bands, reverse=True)):
            low, high = window.bands[level]
            chart.band(at, low, high, f"s0 level{place}", f"{level} % interval")
        for place, (name, values) in reversed(list(enumerate(window.forecasts.items()))):
            chart.line(at, values, f"s{place} {'thick' if place == 0 else 'dashed'}", name)
    chart.line(times[shown], np.asarray(series.values, float)[shown], "ink", "observed")
    return chart


def forecast_legend(series: SeriesPlot) -> str:
    """Keys of :func:`forecast_chart`."""
    window = series.windows[-1]
    names = [(f"s{place} {'thick' if place == 0 else 'dashed'}", name) for place, name in enumerate(window.forecasts)]
    levels = enumerate(sorted(window.bands, reverse=True))
    bands = [(f"band s0 level{place}", f"{level} % interval") for place, level in levels]
    return legend([("ink", "observed"), *names, *bands])


def curve_charts(story: Story, width: int = 250, height: int = 210) -> dict[str, Chart]:
    """A chart a cell: the loss of every seed by epoch, on one scale for all cells."""
    across, down = frame(width, height)
    losses = np.concatenate([np.asarray(seed, float) for seeds in story.curves.values() for seed in seeds])
    # A first epoch far above the rest would flatten everything that matters.
    known = losses[np.isfinite(losses)]
    top = min(known.max(), np.quantile(known, 0.97) * 1.25) if known.size else 1.0
    y = spanning([known.min() if known.size else 0.0, top], *down, margin=0.05)
    longest = max(len(seed) for seeds in story.curves.values() for seed in seeds)
    x = spanning([1, max(longest, 2)], *across)
    whole = [Tick(tick.at, f"{tick.at:.0f}") for tick in number_ticks(x.low, x.high, 4) if tick.at == round(tick.at)]
    charts = {}
    for place, (name, seeds) in enumerate(story.curves.items()):
        chart = Chart(f"{story.loss} of {name} by epoch, one line a seed", x, y, width, height)
        chart.axes(whole, number_ticks(y.low, y.high, 4), "epoch", story.loss)
        for number, seed in enumerate(seeds):
            clipped = np.minimum(np.asarray(seed, float), y.high)
            chart.line(np.arange(1, len(seed) + 1), clipped, f"s{place}", f"{name}, seed {number + 1}")
            best = int(np.nanargmin(clipped))
            chart.shapes.append(f'<circle class="s{place}" cx="{x(best + 1):.1f}" cy="{y(clipped[best]):.1f}" r="3"/>')
        charts[name] = chart
    return charts


def gate_charts(story: Story, width: int = 440, height: int = 180) -> dict[str, tuple[Chart, Chart]]:
    """A gate's heatmap (units by time, sorted by their mean) and its mean over units."""
    drawn = {}
    for name, values in story.gates.items():
        values = np.asarray(values, float)
        times = np.arange(len(values)) if story.gate_times is None else np.asarray(story.gate_times)
        signed = bool(values.min() < 0)
        low, high = (-1.0, 1.0) if signed else (0.0, max(1.0, float(values.max())))
        across, down = frame(width, height)
        x, units = spanning(as_numbers(times), *across), spanning([0, values.shape[1]], *down)
        picture = Chart(f"{name} of every unit over time, {low:g} to {high:g}", x, units, width, height - 30)
        # The picture sits on the curve below it, which carries the time axis.
        picture.picture(heatmap(values[:, np.argsort(values.mean(0))].T, low, high))
        picture.y = picture.y._replace(start=height - 46)
        picture.write(f"{values.shape[1]} units", 50, (height - 32) / 2 - 2, "end")
        curve_height = 150
        across, down = frame(width, curve_height)
        y = spanning([low, high], *down)
        curve = Chart(f"mean of {name} over the units", x, y, width, curve_height)
        curve.axes(
            ticks_of(times, x, 5),
            number_ticks(low, high, 2),
            "time" if is_time(times) else "step",
            f"mean ({low:g}..{high:g})",
        )
        curve.line(as_numbers(times), values.mean(1), "s0 thick", f"mean {name}")
        drawn[name] = (picture, curve)
    return drawn


def is_time(times: Any) -> bool:
    """Whether an axis carries time stamps."""
    return np.issubdtype(np.asarray(times).dtype, np.datetime64)


def ticks_of(times: Any, scale: Any, count: int = 7) -> list[Tick]:
    """Ticks for time stamps or for step numbers."""
    chosen = time_ticks if is_time(times) else number_ticks
    return chosen(scale.low, scale.high, count)
