"""The charts of a search as inline SVG: every trial, how they ran, what mattered, score by argument."""

from __future__ import annotations

from html import escape

import numpy as np

from grunit.tuning.report_axes import Axis, number_ticks, place_of, score_axis, value_axis
from grunit.tuning.result import Trial, Tuning
from grunit.tuning.study import RUNGS
from grunit.tuning.trials import FAILED, FINISHED, show

LEFT, RIGHT, TOP, BOTTOM = 66, 14, 12, 46


class Drawing:
    """A pair of axes that shapes are added to.

    Args:
        label: what it shows, in one sentence, for people who hear it.
        x, y: the scales.
        width, height: in pixels.
    """

    def __init__(self, label: str, x: Axis, y: Axis, width: int, height: int):
        self.label, self.x, self.y, self.width, self.height = label, x, y, width, height
        self.shapes: list[str] = []

    def axes(self, x_title: str, y_title: str, count: int = 5) -> None:
        """Grid lines, ticks and titles."""
        for value, text in self.y.ticks(4):
            at = self.y(value)
            self.shapes.append(f'<path class="grid" d="M{self.x.start:g} {at:.1f}H{self.x.end:g}"/>')
            self.write(text, self.x.start - 7, at + 4, "end")
        for value, text in self.x.ticks(count):
            at = self.x(value)
            self.shapes.append(f'<path class="tick" d="M{at:.1f} {self.y.start:g}v4"/>')
            self.write(shorten(text), at, self.y.start + 18, "middle")
        self.shapes.append(f'<path class="axis" d="M{self.x.start:g} {self.y.start:g}H{self.x.end:g}"/>')
        self.write(x_title, (self.x.start + self.x.end) / 2, self.height - 6, "middle", "title")
        middle = (self.y.start + self.y.end) / 2
        turned = f'transform="rotate(-90 14 {middle:g})" text-anchor="middle"'
        self.shapes.append(f'<text class="title" x="14" y="{middle:g}" {turned}>{escape(y_title)}</text>')

    def dot(self, x: float, y: float, style: str, name: str, shift: float = 0.0) -> None:
        """A trial, with what a browser shows when the pointer rests on it."""
        at = f'cx="{self.x(x) + shift:.1f}" cy="{self.y(y):.1f}"'
        self.shapes.append(f'<circle class="{style}" {at} r="4"><title>{escape(name)}</title></circle>')

    def line(self, points: list[tuple[float, float]], style: str, name: str = "") -> None:
        """A line through points."""
        path = "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)
        self.shapes.append(f'<path class="line {style}" d="M{path}"><title>{escape(name)}</title></path>')

    def write(self, text: str, x: float, y: float, anchor: str, style: str = "") -> None:
        """A line of text."""
        self.shapes.append(
            f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def render(self) -> str:
        """The ``<svg>`` element."""
        size = f'viewBox="0 0 {self.width} {self.height}" style="max-width:{self.width}px"'
        return f'<svg role="img" aria-label="{escape(self.label)}" {size}>{"".join(self.shapes)}</svg>'


def describe(trial: Trial, metric: str) -> str:
    """A trial in one line."""
    values = ", ".join(f"{name} {show(value)}" for name, value in trial.values.items())
    score = trial.outcome if trial.score is None else f"{metric} {show(trial.score)}"
    return f"trial {trial.number}: {score} ({values})"


def history_chart(found: Tuning, width: int = 900, height: int = 320) -> Drawing:
    """The score of every trial in the order they began, and the best so far."""
    last = max(max((trial.number for trial in found.trials), default=1), 1)
    x = Axis(-0.5, last + 0.5, LEFT, width - RIGHT, whole=True)
    y = _scores(found, height)
    chart = Drawing(f"{found.metric} of every trial, and the best so far", x, y, width, height)
    chart.axes("trial", found.metric, 10)
    best: list[tuple[float, float]] = []
    better = min if found.direction == "minimize" else max
    for trial in found.trials:
        if trial.score is not None:
            before = best[-1][1] if best else trial.score
            best += [(trial.number, before), (trial.number, better(before, trial.score))]
    if best:
        chart.line([*best, (last + 0.5, best[-1][1])], "best", "the best so far")
    worst = y.low if found.direction == "maximize" else y.high
    for trial in found.trials:
        reached = list(trial.course.values())[-1:] or [worst]
        at = trial.score if trial.score is not None else (worst if trial.outcome == FAILED else reached[0])
        style = {FINISHED: "trial", FAILED: "failed"}.get(trial.outcome, "pruned")
        chart.dot(trial.number, at, style, describe(trial, found.metric))
    chosen = found.best
    chart.dot(chosen.number, found.best_score, "chosen", describe(chosen, found.metric))
    return chart


def course_chart(found: Tuning, width: int = 900, height: int = 280) -> Drawing | None:
    """The score of every trial as its training went on; None where none was watched."""
    watched = [trial for trial in found.trials if trial.course]
    if not watched:
        return None
    x, y = Axis(0, 100, LEFT, width - RIGHT), _scores(found, height)
    chart = Drawing(f"{found.metric} of every trial by share of its training", x, y, width, height)
    chart.axes("share of the training (%)", found.metric)
    for trial in sorted(watched, key=lambda one: one.number == found.best.number):
        points = [(100 * rung / RUNGS, value) for rung, value in sorted(trial.course.items())]
        if trial.score is not None:
            points.append((100.0, trial.score))
        style = "best" if trial.number == found.best.number else "run" if trial.score is not None else "cut"
        name = describe(trial, found.metric)
        chart.line(points, style, name)
        if trial.score is None:
            chart.dot(*points[-1], "pruned", name)
    return chart


def importance_chart(found: Tuning, width: int = 560) -> Drawing:
    """A bar an argument."""
    room = 22 + max(7 * len(name) for name in found.importance)
    height = 30 * len(found.importance) + BOTTOM
    x = Axis(0.0, 1.0, room, width - 60)
    y = Axis(0.0, 1.0, height - BOTTOM, 0)
    chart = Drawing("Share of each argument in the variance of the scores", x, y, width, height)
    for value, text in number_ticks(0.0, 1.0, 4):
        chart.shapes.append(f'<path class="grid" d="M{x(value):.1f} 0V{height - BOTTOM}"/>')
        chart.write(text, x(value), height - BOTTOM + 18, "middle")
    chart.write("share", (x.start + x.end) / 2, height - 6, "middle", "title")
    for place, (name, share) in enumerate(found.importance.items()):
        top = 30 * place + 5
        bar = f'<rect class="bar" x="{room}" y="{top}" width="{max(x(share) - room, 1):.1f}" height="20"/>'
        chart.shapes.append(bar)
        chart.write(name, room - 8, top + 15, "end")
        chart.write(f"{100 * share:.0f} %", x(share) + 6, top + 15, "start")
    return chart


def slice_charts(found: Tuning, width: int = 330, height: int = 250) -> dict[str, Drawing]:
    """Score by value of each argument; later trials are darker."""
    y = _scores(found, height)
    charts = {}
    for name, domain in found.space.domains.items():
        x = value_axis(domain, LEFT, width - RIGHT)
        chart = Drawing(f"{found.metric} by {name}", x, y, width, height)
        chart.axes(name, found.metric, 4)
        # Trials with the same value stand beside each other, the same way every time.
        spread = np.random.default_rng(0).uniform(-1, 1, len(found.trials)) * (12 if x.names else 0)
        for trial, shift in zip(found.trials, spread, strict=True):
            if trial.score is not None:
                age = f"trial age{min(3, 4 * trial.number // max(len(found.trials), 1))}"
                style = "chosen" if trial.number == found.best.number else age
                at = place_of(domain, trial.values[name])
                chart.dot(at, trial.score, style, describe(trial, found.metric), float(shift))
        charts[name] = chart
    return charts


def shorten(text: str, most: int = 16) -> str:
    """A text that fits below a tick.

    >>> shorten("bayesian_recurrent_highway")
    'bayesian_recurr…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _scores(found: Tuning, height: int) -> Axis:
    scores = [trial.score for trial in found.trials]
    return score_axis(scores, height - BOTTOM, TOP, found.direction)
