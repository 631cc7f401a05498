"""The report of a search: one HTML file that says what is best, how it was found, and what mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import grunit
from grunit.data.files import write_whole
from grunit.errors import InputError
from grunit.tuning.report_charts import course_chart, history_chart, importance_chart, slice_charts
from grunit.tuning.result import Trial, Tuning
from grunit.tuning.trials import FAILED, PRUNED, show


def write_report(found: Tuning, path: Path, title: str, facts: Mapping[str, Any]) -> Path:
    """Write a report as one self-contained HTML file: whole, or not at all; see :meth:`Tuning.write_report`."""
    check_place(path)
    write_whole(path, render_report(found, title, facts).encode())
    return path


def check_place(path: Path) -> None:
    """Refuse a place where no report can be written, so that nothing is computed in vain."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the file to write, such as {path / 'report.html'}")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist: create it, or write the report elsewhere")


def render_report(found: Tuning, title: str, facts: Mapping[str, Any]) -> str:
    """A report as HTML text."""
    sections = [
        history_section(found),
        importance_section(found),
        slice_section(found),
        course_section(found),
        table_section(found),
        fact_section({**found.facts, **facts}),
    ]
    better = found.given is None or found.best.number != found.given.number
    return Template(data_file("report.html")).substitute(
        title=escape(title or f"Tuning a {found.facts.get('estimator', 'model')}"),
        css=data_file("report.css"),
        outcome="good" if better else "poor",
        verdict=escape(found.verdict),
        sections="\n".join(section for section in sections if section),
        version=escape(grunit.__version__),
    )


def data_file(name: str) -> str:
    """The text of a template beside this file."""
    return (files("grunit.tuning") / name).read_text(encoding="utf-8")


def section(title: str, about: str, *content: str) -> str:
    """A heading, a line that says how to read it, and what is under it."""
    return f'<section>\n<h2>{title}</h2>\n<p class="about">{about}</p>\n' + "\n".join(content) + "\n</section>"


def scroll(drawing: str) -> str:
    """What may be wider than a narrow screen."""
    return f'<div class="scroll wide">{drawing}</div>'


def history_section(found: Tuning) -> str:
    """Every trial, and the best so far."""
    keys = [("trial", "finished"), ("chosen", "the best")]
    keys += [(style, kind) for style, kind in (("pruned", PRUNED), ("failed", FAILED)) if found.count(kind)]
    key = '<svg class="key" viewBox="0 0 12 12" aria-hidden="true"><circle class="{}" cx="6" cy="6" r="4"/></svg>'
    legend = "".join(f"<li>{key.format(style)}{name}</li>" for style, name in keys)
    word = "Lower" if found.direction == "minimize" else "Higher"
    about = (
        f"{word} is better. The line is the best so far; very bad scores are drawn at the edge, trials cut short at "
        "the last score they had, failed ones at the worst edge."
    )
    return section("Trials", about, f'<ul class="legend">{legend}</ul>', scroll(history_chart(found).render()))


def importance_section(found: Tuning) -> str:
    """What mattered, and how that was worked out."""
    count = sum(trial.score is not None for trial in found.trials)
    if not found.importance:
        return ""
    about = (
        f"Share of each argument in the variance of the score over the space, by functional ANOVA with a forest of "
        f"regression trees on the {count} finished trials (Hutter, Hoos and Leyton-Brown, ICML 2014; Optuna's "
        "FanovaImportanceEvaluator). Shares of arguments alone, scaled to sum to 1; what two do together is left out."
    )
    if count < 30:
        about += " With fewer than 30 trials it is rough."
    return section("What mattered", about, scroll(importance_chart(found).render()))


def slice_section(found: Tuning) -> str:
    """Score by argument."""
    figures = "".join(f"<figure>{chart.render()}</figure>" for chart in slice_charts(found).values())
    about = "A dot a finished trial; later ones are darker, the best has a ring."
    return section("Score by argument", about, f'<div class="grid-of-charts">{figures}</div>')


def course_section(found: Tuning) -> str:
    """How the trials ran."""
    chart = course_chart(found)
    if chart is None:
        return ""
    about = "The score as training went on, on the data that decides; a hollow dot marks where a trial was cut short."
    return section("How they ran", about, scroll(chart.render()))


def table_section(found: Tuning) -> str:
    """All trials, best first, and what does not learn."""
    names = list(found.space.domains)
    heads = ["trial", found.metric, *names, "epochs", "weights", "training", "outcome"]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    rows = [table_row(found, trial, names) for trial in found.ranked()]
    rows += [
        f'<tr class="baseline"><th scope="row">{escape(name)}</th><td>{show(score)}</td>'
        + "<td></td>" * (len(heads) - 3)
        + "<td>learns nothing</td></tr>"
        for name, score in found.baselines.items()
    ]
    body = "\n".join(rows)
    table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
    return section("Table", "Finished trials, best first; then those cut short and those that failed.", table)


def table_row(found: Tuning, trial: Trial, names: list[str]) -> str:
    """One line of the table."""
    score = "–" if trial.score is None or not math.isfinite(trial.score) else show(float(trial.score))
    entries = [score, *[show(trial.values.get(name)) for name in names]]
    entries.append("" if trial.epochs is None else str(trial.epochs))
    entries.append("" if trial.parameters is None else f"{trial.parameters:,}")
    entries.append("" if trial.seconds is None else f"{trial.seconds:.1f} s")
    entries.append(trial.outcome + (f": {trial.reason}" if trial.reason else ""))
    is_given = found.given is not None and trial.number == found.given.number
    kind = "best" if trial.number == found.best.number else ""
    cells = "".join(f"<td>{escape(entry)}</td>" for entry in entries)
    name = f"{trial.number}" + (" (as given)" if is_given else "")
    return f'<tr class="{kind}"><th scope="row">{name}</th>{cells}</tr>'


def fact_section(facts: Mapping[str, Any]) -> str:
    """What it takes to do this again."""
    entries = []
    for name, value in facts.items():
        text = escape(str(value))
        entries.append(f"<dt>{escape(name)}</dt><dd>{f'<code>{text}</code>' if name == 'command' else text}</dd>")
    return section("How this was made", "Enough to make it again.", f"<dl>{''.join(entries)}</dl>")
