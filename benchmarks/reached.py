"""What trained models reach on well-known data, beside what others report: for the README, made from the results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks import classification, ett, language, m4, tagging, text_classification, translation
from benchmarks.results import read
from benchmarks.tables import markdown, spread

Line = tuple[str, list[float], int, float | None, Callable[[float, float], bool], str]
"""Data and measure, a value a seed, its digits, what it is held against, how, and whose number that is."""
at_most, at_least = float.__le__, float.__ge__


def tell(folder: Path) -> str:
    """A table of all that was measured; suites without a result are left out."""
    lines = []
    for name, lines_of in SUITES.items():
        document = read(name, folder)
        link = f"[{name.replace('_', ' ')}](benchmarks/results/{name}.md)"
        lines += [(link, *line) for line in (lines_of(document["rows"]) if document else [])]
    table = [
        [link, what, spread(values, digits), beside(bar, holds, fmean(values), digits), whose, str(len(values))]
        for link, what, values, digits, bar, holds, whose in lines
    ]
    header = ["results", "data, measure", "grunit", "against", "whose", "seeds"]
    return (
        f"{markdown(table, header)}\n\nMean ± standard deviation over seeds; every row names its command, settings, "
        "cost and machine behind the link. No pretrained vectors anywhere; two cores, no GPU."
    )


def beside(bar: float | None, holds: Callable[[float, float], bool], mean: float, digits: int) -> str:
    """What it is held against, and how that ends, to the digits that are shown.

    >>> beside(28.1, float.__ge__, 28.06, 1), beside(0.351, float.__le__, 0.356, 3), beside(None, float.__le__, 1.0, 1)
    ('28.1: reached', '0.351: **missed**', '-')
    """
    if bar is None:
        return "-"
    met = holds(round(mean, digits), round(bar, digits))
    return f"{bar:.{digits}f}: {'reached' if met else '**missed**'}"


def _forecasts(rows: list[dict[str, Any]]) -> list[Line]:
    found = [(what, [row["mse"] for row in rows if row["what"] == what], bar) for what, bar in ett.ROWS.items()]
    return [(f"{what}, MSE", values, 3, bar, at_most, "SegRNN's authors") for what, values, bar in found if values]


def _m4(rows: list[dict[str, Any]]) -> list[Line]:
    own = [row for row in rows if row["what"] == "median of three"]
    bars = m4.PUBLISHED["the winner, ES-RNN"]
    return [
        (f"M4 Hourly, {name}", [row[key] for row in own], 3, bar, at_most, "the competition's winner")
        for name, key, bar in (("sMAPE", "smape", bars[0]), ("MASE", "mase", bars[1]))
        if own
    ]


def _sequences(rows: list[dict[str, Any]]) -> list[Line]:
    whose = "published, recurrent"
    return [
        (f"{row['set']}, accuracy", row["accuracies"], 1, classification.TARGETS[row["set"]], at_least, whose)
        for row in rows
    ]


def _texts(rows: list[dict[str, Any]]) -> list[Line]:
    lines: list[Line] = []
    for row in rows:
        goal = text_classification.TARGETS[row["set"]]
        bar, whose = (row["baseline"]["accuracy"], "bag of words, beside") if goal is None else (goal, "our aim")
        values = [run["accuracy"] for run in row.get("seeds", {}).values()]
        if values:
            lines.append((f"{row['set']}, accuracy", values, 1, bar, at_least, whose))
        if "together" in row:
            lines.append((f"{row['set']}, five as one", [row["together"]], 1, bar, at_least, whose))
    return lines


def _tags(rows: list[dict[str, Any]]) -> list[Line]:
    tasks = [(row, tagging.TASKS[row["set"]]) for row in rows if row.get("seeds")]
    return [
        (
            f"{row['set']}, {task.measure}",
            [one["test"] for one in row["seeds"].values()],
            1,
            task.target,
            at_least,
            "-" if task.target is None else "published, recurrent" if row["set"] == "resume_ner" else "our aim",
        )
        for row, task in tasks
    ]


def _language(rows: list[dict[str, Any]]) -> list[Line]:
    lines: list[Line] = []
    for row in rows:
        _, key, goal, holds, what = language.MEASURES[row["set"]]
        lines.append((f"{row['set']}, {what}", [row[key]], 2 if goal < 10 else 1, goal, holds, "our aim"))
    return lines


def _translations(rows: list[dict[str, Any]]) -> list[Line]:
    lines: list[Line] = []
    for name, bar in (("attention", translation.GOAL), ("plain", 14.0)):
        values = [row["BLEU"] for row in rows if row["row"] == name]
        if values:
            lines.append((f"Multi30k de-en, {name}, BLEU", values, 1, bar, at_least, "a well-known tutorial"))
    return lines


SUITES: dict[str, Callable[[list[dict[str, Any]]], list[Line]]] = {
    "ett": _forecasts,
    "m4": _m4,
    "classification": _sequences,
    "text_classification": _texts,
    "tagging": _tags,
    "language": _language,
    "translation": _translations,
}
"""The results that tell of quality, and how their rows are read."""
