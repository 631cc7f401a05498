"""Charts as inline SVG, drawn with nothing but text: lines, bands, ticks, units on the axes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from grunit.explain.report_axes import Scale, Tick

LEFT, RIGHT, TOP, BOTTOM = 58, 12, 14, 46


class Chart:
    """One pair of axes that shapes are added to.

    Args:
        label: what the chart shows, in one sentence, for people who hear it.
        x, y: the scales; their pixels lie inside the margins.
        width, height: of the whole drawing in pixels.
    """

    def __init__(self, label: str, x: Scale, y: Scale, width: int, height: int):
        self.label, self.x, self.y, self.width, self.height = label, x, y, width, height
        self.shapes: list[str] = []

    def axes(self, x_ticks: Sequence[Tick], y_ticks: Sequence[Tick], x_title: str, y_title: str) -> None:
        """Grid lines, tick labels and titles with units."""
        left, right, top, bottom = self.x.start, self.x.end, self.y.end, self.y.start
        for tick, at in zip(y_ticks, self.y([tick.at for tick in y_ticks]), strict=True):
            self.shapes.append(f'<path class="grid" d="M{left:g} {at:.1f}H{right:g}"/>')
            self.write(tick.label, left - 7, at + 4, "end")
        for tick, at in zip(x_ticks, self.x([tick.at for tick in x_ticks]), strict=True):
            self.shapes.append(f'<path class="tick" d="M{at:.1f} {bottom:g}v4"/>')
            self.write(tick.label, at, bottom + 18, "end" if at > right - 16 else "middle")
        self.shapes.append(f'<path class="axis" d="M{left:g} {bottom:g}H{right:g}"/>')
        self.write(x_title, (left + right) / 2, bottom + 38, "middle", "title")
        if y_title:
            middle = (top + bottom) / 2
            turned = f'transform="rotate(-90 14 {middle:g})"'
            self.shapes.append(
                f'<text class="title" x="14" y="{middle:g}" text-anchor="middle" {turned}>{escape(y_title)}</text>'
            )

    def line(self, x: Any, y: Any, style: str = "", name: str = "") -> None:
        """A line through the points; it breaks where a value is missing."""
        self.shapes.append(f'<path class="line {style}" d="{walk(self.x(x), self.y(y))}">{titled(name)}</path>')

    def band(self, x: Any, low: Any, high: Any, style: str = "", name: str = "") -> None:
        """The area between two lines."""
        across, down = self.x(x), np.concatenate([self.y(low), self.y(high)[::-1]])
        outline = walk(np.concatenate([across, across[::-1]]), down)
        self.shapes.append(f'<path class="band {style}" d="{outline}Z">{titled(name)}</path>')

    def rule(self, x: float) -> None:
        """An upright line, such as where a forecast starts."""
        self.shapes.append(f'<path class="rule" d="M{float(self.x(x)):.1f} {self.y.end:g}V{self.y.start:g}"/>')

    def picture(self, data: str) -> None:
        """A picture (a ``data:`` address) that fills the plot."""
        self.shapes.append(
            f'<image x="{self.x.start:g}" y="{self.y.end:g}" width="{self.x.end - self.x.start:g}" '
            f'height="{self.y.start - self.y.end:g}" preserveAspectRatio="none" href="{data}"/>'
        )

    def write(self, text: str, x: float, y: float, anchor: str = "start", style: str = "") -> None:
        """A line of text."""
        kind = f'class="{style}" ' if style else ""
        self.shapes.append(f'<text {kind}x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def render(self) -> str:
        """The ``<svg>`` element."""
        size = f'viewBox="0 0 {self.width} {self.height}" style="max-width:{self.width}px"'
        return f'<svg role="img" aria-label="{escape(self.label)}" {size}>{"".join(self.shapes)}</svg>'


def frame(width: int, height: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The pixels of the x axis and of the y axis (from the bottom up) inside a drawing's margins."""
    return (LEFT, width - RIGHT), (height - BOTTOM, TOP)


def walk(across: np.ndarray, down: np.ndarray) -> str:
    """A path through pixels, to a tenth of a pixel.

    >>> walk(np.array([0.0, 1, 2, 3]), np.array([0.0, 1, np.nan, 3]))
    'M0.0 0.0L1.0 1.0M3.0 3.0'
    """
    pieces, pen = [], "M"
    for x, y in zip(across, down, strict=True):
        if np.isfinite(x) and np.isfinite(y):
            pieces.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(pieces)


def titled(name: str) -> str:
    """What a browser shows when the pointer rests on a shape."""
    return f"<title>{escape(name)}</title>" if name else ""


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Keys of a chart: ``(style, name)`` each."""
    keys = "".join(
        '<li><svg class="key" viewBox="0 0 28 12" aria-hidden="true">'
        + (f'<rect class="band {style}" width="28" height="12"/>' if "band" in style.split() else "")
        + (f'<path class="line {style}" d="M0 6H28"/>' if "band" not in style.split() else "")
        + f"</svg>{escape(name)}</li>"
        for style, name in entries
    )
    return f'<ul class="legend">{keys}</ul>'
