"""``grunit cells``: the catalogue."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from grunit.cli.equations import equations_of, paper_of
from grunit.cli.options import Json
from grunit.cli.output import Output, align


def run(
    name: Annotated[str | None, typer.Argument(help="Show this one whole.")] = None,
    input_size: Annotated[int, typer.Option("--input-size", help="Features, for counting parameters.", min=1)] = 1,
    hidden_size: Annotated[int, typer.Option("--hidden-size", help="Units, for counting parameters.", min=1)] = 32,
    as_json: Json = False,
) -> None:
    """The catalogue: name, equations, parameters, speed class."""
    from grunit import cells

    wanted = cells.names() if name is None else [name]
    entries = [describe(each, cells.get(each), input_size, hidden_size) for each in wanted]
    text = show_all(entries, input_size, hidden_size) if name is None else show_one(entries[0], cells.get(wanted[0]))
    Output(as_json).answer({"input_size": input_size, "hidden_size": hidden_size, "cells": entries}, text)


def describe(name: str, cell: type, input_size: int, hidden_size: int) -> dict[str, Any]:
    """All that the catalogue knows about one cell."""
    built = cell(input_size, hidden_size)
    return {
        "name": name,
        "title": inspect.cleandoc(cell.__doc__ or name).splitlines()[0],
        "equations": equations_of(cell),
        "state": list(cell.state),  # type: ignore[attr-defined]
        "parameters": sum(parameter.numel() for parameter in built.parameters()),
        "speed_class": speed_class(built),
        "paper": paper_of(cell),
    }


def speed_class(cell: Any) -> str | None:
    """dense, elementwise or linear, as the compiler sees the cell; None where it cannot say."""
    from grunit.compiler import compile

    schedule = compile(cell).schedule
    return None if schedule is None else str(schedule.kind)


def show_all(entries: list[dict[str, Any]], input_size: int, hidden_size: int) -> str:
    """The catalogue as text: a table, then each cell's equations."""
    rows = [
        [entry["name"], f"{entry['parameters']:,}", entry["speed_class"] or "-", entry["title"]] for entry in entries
    ]
    table = align(rows, ["cell", "parameters", "class", "what it is"])
    note = f"Parameters for {input_size} feature{'s' * (input_size > 1)} and {hidden_size} units."
    blocks = ["\n".join([entry["name"], *("    " + line for line in entry["equations"])]) for entry in entries]
    return "\n\n".join([table, note + "  grunit cells NAME  shows one whole.", *blocks])


def show_one(entry: dict[str, Any], cell: type) -> str:
    """One cell whole: equations, state, size, paper, arguments."""
    lines = [f"{entry['name']}: {entry['title']}", ""]
    lines += ["    " + line for line in entry["equations"]] + [""]
    facts = {
        "state": ", ".join(entry["state"]),
        "parameters": f"{entry['parameters']:,}",
        "class": entry["speed_class"],
        "paper": entry["paper"],
        "options": ", ".join(options_of(cell)),
    }
    return "\n".join(lines + [f"{key:<11} {value}" for key, value in facts.items() if value])


def options_of(cell: type) -> list[str]:
    """The keyword options a cell takes, its own before those of the classes it extends, as ``name=default``."""
    found: dict[str, str] = {}
    for kind in cell.__mro__:
        if "__init__" in vars(kind) and kind.__module__.startswith(("grunit", cell.__module__)):
            for parameter in inspect.signature(kind).parameters.values():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    found.setdefault(parameter.name, f"{parameter.name}={parameter.default!r}")
    return list(found.values())
