"""``report.html``: one file that answers which cell, says how sure that is, and shows why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

import grunit
from grunit.data.files import write_whole
from grunit.errors import InputError
from grunit.explain.report_figures import curve_charts, forecast_chart, forecast_legend, gate_charts
from grunit.explain.report_heatmap import heatmap
from grunit.explain.report_story import Row, SeriesPlot, Story


def write_report(story: Story, path: str | Path) -> Path:
    """Write a report as one self-contained HTML file: whole, or not at all.

    Args:
        story: what it tells.
        path: where; a file of that name is replaced.

    Returns:
        the path.

    Raises:
        InputError: the folder is missing, or ``path`` is a folder.
    """
    path = Path(path)
    check_place(path)
    write_whole(path, render_report(story).encode())
    return path


def check_place(path: Path) -> None:
    """Refuse a place where no report can be written, so that nothing is computed in vain."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the file to write, such as {path / 'report.html'}")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist: create it, or write the report elsewhere")


def render_report(story: Story) -> str:
    """A report as HTML text."""
    sections = [table_section(story), forecast_section(story), curve_section(story), gate_section(story)]
    sections.append(fact_section(story))
    return Template(data_file("report.html")).substitute(
        title=escape(story.title),
        css=data_file("report.css"),
        outcome="good" if story.is_beaten else "poor",
        mark="✓" if story.is_beaten else "✗",
        verdict=f"<span>{escape(story.verdict)}</span>",
        sections="\n".join(section for section in sections if section),
        version=escape(grunit.__version__),
    )


def standalone_svg(series: SeriesPlot) -> str:
    """The forecast plot of one series as an SVG file of its own, for a README or a slide."""
    drawing = forecast_chart(series).render()
    start = '<svg xmlns="http://www.w3.org/2000/svg" '
    return drawing.replace("<svg ", start, 1).replace(">", f"><style>{data_file('report.css')}</style>", 1)


def data_file(name: str) -> str:
    """The text of a template beside this file."""
    return (files("grunit.explain") / name).read_text(encoding="utf-8")


def section(title: str, about: str, *content: str) -> str:
    """A heading, a line that says how to read it, and what is under it."""
    return f'<section>\n<h2>{title}</h2>\n<p class="about">{about}</p>\n' + "\n".join(content) + "\n</section>"


def table_section(story: Story) -> str:
    """Scores with their spread, the baselines among them, best first."""
    rows = sorted(story.rows, key=lambda row: row.scores[story.metric][0], reverse=story.higher)
    # The first baseline is the best one.
    reference = next((row.scores[story.metric][0] for row in rows if row.is_baseline), None)
    metrics = list(rows[0].scores)
    heads = ["to best baseline", *metrics, "training", "weights"]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in ["", *heads])
    places = {metric: places_of(abs(rows[0].scores[metric][0])) for metric in metrics}
    body = "\n".join(table_row(row, places, story.metric, reference, row is rows[0]) for row in rows)
    table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
    over = "rolling windows and seeds" if story.series else "seeds"
    better = f"{escape(story.metric)} decides: higher is better" if story.higher else "Lower is better"
    about = f"Mean over {over}; ± is the standard deviation over seeds. {better}, best first."
    if any(metric.startswith("coverage") for metric in metrics):
        about += " A coverage should be close to its level."
    return section("Scores", about, table)


def places_of(value: float) -> int:
    """Decimal places that show three digits.

    >>> places_of(0.0123), places_of(2.3), places_of(1500.0)
    (4, 2, 0)
    """
    return max(0, 2 - math.floor(math.log10(value))) if value > 0 and math.isfinite(value) else 2


def table_row(row: Row, places: Mapping[str, int], decisive: str, reference: float | None, is_best: bool) -> str:
    """One line of the table."""
    kind = " ".join(word for word, wanted in (("baseline", row.is_baseline), ("best", is_best)) if wanted)
    entries = [f"{100 * (row.scores[decisive][0] / reference - 1):+.1f} %" if reference else ""]
    for metric, digits in places.items():
        mean, spread = row.scores.get(metric, (math.nan, 0.0))
        shown = f"{mean:.{digits}f}" if math.isfinite(mean) else "–"
        entries.append(shown + (f' <span class="spread">± {spread:.{digits}f}</span>' if spread else ""))
    entries.append("" if row.seconds is None else f"{row.seconds:.1f} s")
    entries.append("" if row.parameters is None else f"{row.parameters:,}")
    name = escape(row.name) + (" (baseline)" if row.is_baseline else "")
    return (
        f'<tr class="{kind}"><th scope="row">{name}</th>' + "".join(f"<td>{entry}</td>" for entry in entries) + "</tr>"
    )


def forecast_section(story: Story) -> str:
    """The last windows of each series shown."""
    figures = []
    for series in story.series:
        drawing = f'<div class="scroll">{forecast_chart(series).render()}</div>'
        figures.append(f'<figure class="forecast">{forecast_legend(series)}{drawing}</figure>')
    about = "The last windows. A dotted upright line marks where a forecast starts; nothing right of it was seen by it."
    return section("Forecasts", about, *figures) if figures else ""


def curve_section(story: Story) -> str:
    """Loss by epoch, a chart a cell and a line a seed."""
    if not any(story.curves.values()):
        return ""
    charts = curve_charts(story).items()
    figures = "".join(f"<figure><h3>{escape(name)}</h3>{chart.render()}</figure>" for name, chart in charts)
    about = "One line a seed; a dot marks the lowest. All charts share one scale."
    return section("Training", about, f'<div class="grid-of-charts small">{figures}</div>')


def gate_section(story: Story) -> str:
    """What the gates did: every unit over time, and their mean."""
    if not story.gates:
        return ""
    figures = "".join(
        f"<figure><h3>{escape(name.replace('_', ' '))}</h3>{picture.render()}{curve.render()}</figure>"
        for name, (picture, curve) in gate_charts(story).items()
    )
    ramps = ramp(0.0, 1.0, "0 closed", "1 open") + ramp(-1.0, 1.0, "−1", "+1 (candidates)")
    about = (
        f"Inside {escape(story.gates_of)} while it reads the end of the series: a row a unit, sorted by its mean; "
        "below, the mean over all units. A gate near 1 lets through, near 0 it blocks."
    )
    if all(name.startswith("candidate") for name in story.gates):
        about = f"{escape(story.gates_of)} has no gates; this is its candidate, a row a unit, sorted by its mean."
    return section("Gates over time", about, ramps, f'<div class="grid-of-charts wide">{figures}</div>')


def ramp(low: float, high: float, left: str, right: str) -> str:
    """The colours of a heatmap from low to high."""
    picture = heatmap(np.linspace(low, high, 64)[None], low, high)
    return f'<p class="ramp">{left}<img alt="colour scale" src="{picture}">{right}</p>'


def fact_section(story: Story) -> str:
    """What it takes to do this again."""
    if not story.facts:
        return ""
    entries = []
    for name, value in story.facts.items():
        text = escape(str(value))
        entries.append(f"<dt>{escape(name)}</dt><dd>{f'<code>{text}</code>' if name == 'command' else text}</dd>")
    return section("How this was made", "Enough to make it again.", f"<dl>{''.join(entries)}</dl>")
