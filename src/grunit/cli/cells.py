"""``grunit cells``: the catalogue."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from grunit.cli.catalogue import FAMILIES, Entry, read_catalogue
from grunit.cli.options import Json
from grunit.cli.output import Output, align

WIDTH = 110
"""Characters of a line where nobody says how wide the terminal is."""


def run(
    name: Annotated[str | None, typer.Argument(help="Show this one whole.")] = None,
    equations: Annotated[bool, typer.Option("--equations", help="The equations of every cell.")] = False,
    speed: Annotated[bool, typer.Option("--speed", help="With NAME: measure it beside LSTM, here and now.")] = False,
    input_size: Annotated[int, typer.Option("--input-size", help="Features, for counting parameters.", min=1)] = 1,
    hidden_size: Annotated[int, typer.Option("--hidden-size", help="Units, for counting parameters.", min=1)] = 32,
    as_json: Json = False,
) -> None:
    """The catalogue: name, parameters, speed class; equations."""
    from grunit import cells

    if speed and name is None:
        raise typer.BadParameter("--speed measures one cell: give its name, such as  grunit cells gru --speed")
    entries = read_catalogue(cells.names() if name is None else [name], input_size, hidden_size)
    if speed:
        entries[0] = {**entries[0], "speed": measure(entries[0]["name"])}
    text = show_all(entries, input_size, hidden_size, equations) if name is None else show_one(entries[0])
    Output(as_json).answer({"input_size": input_size, "hidden_size": hidden_size, "cells": entries}, text)


def measure(name: str) -> dict[str, Any]:
    """Training and inference of one cell beside LSTM, on this machine."""
    import torch

    from grunit.cells import get
    from grunit.cli.cell_speed import SIZE, compare_with_lstm
    from grunit.compiler import compile

    print(f"measuring {name} beside LSTM, a few seconds", file=sys.stderr, flush=True)
    compiled = compile(get(name)(SIZE.units, SIZE.units))
    return {
        "backend": compiled.backend,
        "reason": compiled.reason,
        "threads": torch.get_num_threads(),
        "rows": compare_with_lstm(name),
    }


def show_all(entries: Sequence[Entry], input_size: int, hidden_size: int, equations: bool = False) -> str:
    """The catalogue as text: a table under each heading, then the equations if they are wanted."""
    features = f"{input_size} feature{'s' * (input_size > 1)}"
    notes = [
        f"Parameters for {features} and {hidden_size} units. class: how a new state hangs on the old one. dense: on "
        "all units through a matrix; elementwise: each unit on itself; linear: also as a * old + b, so that all steps "
        "can be computed at once.",
        "grunit cells NAME  shows one whole;  --equations  all equations.",
    ]
    blocks = [table(entries), "\n".join(textwrap.fill(each, width()) for each in notes)]
    if equations:
        blocks += ["\n".join([entry["name"], *("    " + line for line in entry["equations"])]) for entry in entries]
    return "\n\n".join(blocks)


def table(entries: Sequence[Entry]) -> str:
    """Name, parameters, class and what it is, under the headings of the catalogue."""
    header = ["cell", "parameters", "class", "what it is"]
    rows = [
        [entry["name"], f"{entry['parameters']:,}", entry["speed_class"] or "-", entry["title"].rstrip(".")]
        for entry in entries
    ]
    first, *lines = align(rows, header).splitlines()
    parts = [first]
    for family, heading in FAMILIES.items():
        own = [line for line, entry in zip(lines, entries, strict=True) if entry["family"] == family]
        if own:
            parts += ["", heading, *own]
    return "\n".join(line if len(line) <= width() else line[: width() - 1].rstrip() + "…" for line in parts)


def width() -> int:
    """Characters that fit on a line."""
    return max(60, shutil.get_terminal_size((WIDTH, 0)).columns)


def show_one(entry: Entry) -> str:
    """One cell whole: equations, gates, states, sizes, options, paper, advice, and speed if it was measured."""
    lines = [f"{entry['name']}: {entry['title']}", "", *("    " + line for line in entry["equations"]), ""]
    formula = f" = {entry['formula']}  (F features, H units)" if entry["formula"] else ""
    sizes = [f"{name} ({size})" for name, size in entry["state_sizes"].items()]
    extra = [f"{name} ({size})" for name, size in entry["extra_inputs"].items()]
    facts = {
        "when to use": entry["advice"],
        "gates": ", ".join(entry["gates"]),
        "state": ", ".join(sizes),
        "more inputs": ", ".join(extra),
        "parameters": f"{entry['parameters']:,}{formula}",
        "class": entry["speed_class"] or "not compiled: runs as a plain loop",
        "options": ", ".join(entry["options"]),
        "paper": entry["paper"],
        "in Python": f"grunit.cells.{entry['class_name']}, grunit.Recurrent({entry['name']!r}, F, H)",
    }
    for key, value in facts.items():
        if value:
            lines += textwrap.wrap(f"{key:<12} {value}", width(), subsequent_indent=" " * 13, break_long_words=False)
    return "\n".join([*lines, *(["", show_speed(entry["name"], entry["speed"])] if "speed" in entry else [])])


def show_speed(name: str, found: dict[str, Any]) -> str:
    """What was measured, as a table and a sentence on what it means."""
    from grunit.cli.cell_speed import LSTM, TORCH

    rows = []
    for row in found["rows"]:
        seconds = [f"{row['times'][each]['median'] * 1e3:.2f}" for each in ("cell", LSTM, TORCH)]
        ratios = [f"{row['ratio'][each]:.2f}" for each in (LSTM, TORCH)]
        rows.append([row["work"], *seconds, *ratios])
    header = ["", f"{name} ms", "lstm ms", "torch.nn.LSTM ms", "of lstm", "of torch.nn.LSTM"]
    rows_, steps, units = found["rows"][0]["size"]
    noise = max(row["noise"] for row in found["rows"])
    notes = (
        f"{rows_} rows, {steps} steps, {units} units and features, {found['threads']} thread"
        f"{'s' * (found['threads'] > 1)}, {found['backend']} backend; below 1 is quicker than the LSTM. "
        f"Noise: up to {noise:.0%}."
    )
    more = f"\nWhy not C: {found['reason']}" if found["backend"] != "c" else ""
    return f"{align(rows, header)}\n{textwrap.fill(notes, width())}{more}"
