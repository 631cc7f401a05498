"""One page a cell, made from its file while the site is built, and their place in the menu: a hook of mkdocs."""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from equation_tables import STYLE, equation_table, inline_math
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from grunit import cells
from grunit.cli.catalogue import FAMILIES, Entry, read_catalogue
from grunit.cli.equations import MATH, docstring_of
from grunit.compiler import backend, compile

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "catalogue.json"
CLASSES = {
    "dense": "dense: a unit's new state depends on the old states of all units, through a matrix",
    "elementwise": "elementwise: a unit's new state depends on its own old states alone",
    "linear": "linear: the new state is `a * old + b`, so all steps can be computed at once",
    None: "not compiled: the step runs as a plain Python loop",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List every cell in the menu, under the headings of the catalogue."""
    config.nav = [cell_menu() if item == {"Cells": "cells/index.md"} else item for item in config.nav or []]
    return config


def cell_menu() -> dict[str, Any]:
    """The part of the menu that leads to the pages of the cells.

    >>> cell_menu()["Cells"][1]["Classic"][:2]
    [{'rnn': 'cells/rnn.md'}, {'lstm': 'cells/lstm.md'}]
    """
    groups = [
        {heading.partition(":")[0]: [{entry["name"]: f"cells/{entry['name']}.md"} for entry in group]}
        for heading, group in families()
    ]
    return {"Cells": [{"All of them": "cells/index.md"}, *groups]}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the catalogue to those in the folder."""
    files.append(File.generated(config, "cells/index.md", content=index_page()))
    files.append(File.generated(config, "cells.css", content=STYLE))
    for entry in catalogue():
        files.append(File.generated(config, f"cells/{entry['name']}.md", content=cell_page(entry["name"])))
    return files


@functools.cache
def catalogue() -> tuple[Entry, ...]:
    """What is known of every cell, counted with 1 feature and 32 units."""
    return tuple(read_catalogue(cells.names(), 1, 32))


def families() -> list[tuple[str, list[Entry]]]:
    """The headings of the catalogue with their cells."""
    groups = {heading: [e for e in catalogue() if e["family"] == family] for family, heading in FAMILIES.items()}
    return [(heading, group) for heading, group in groups.items() if group]


@functools.cache
def measured() -> dict[str, Any]:
    """The last measurement of the catalogue; nothing where there is none."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"rows": []}


def rows_of(name: str) -> list[dict[str, Any]]:
    """What was measured of one cell."""
    return [row for row in measured()["rows"] if row["cell"] == name]


def index_page() -> str:
    """All cells in tables that link to their pages."""
    parts = [
        "# Cells",
        "Each is one file of equations. Any of them goes wherever a cell is asked for: "
        '`grunit.Recurrent("gru", 3, 32)`, `grunit.Forecaster(h=14, cell="gru")`, `grunit compare --cells lstm,gru`. '
        "`grunit cells` prints this list.",
        "Parameters are counted with 1 feature and 32 units. *Class* says how a new state hangs on the old one: "
        + "; ".join(text for kind, text in CLASSES.items() if kind)
        + ".",
    ]
    if measured()["rows"]:
        parts.append(f"*Training* and *inference* are times beside grunit's LSTM of the same size: {told_run()}")
    for heading, group in families():
        header = ["cell", "what it is", "class", "parameters", "state", "training", "inference"]
        lines = [index_row(entry) for entry in group]
        if not measured()["rows"]:
            header, lines = header[:5], [line[:5] for line in lines]
        parts.append(f"## {heading}\n\n{table(lines, header)}")
    return "\n\n".join(parts) + "\n"


def index_row(entry: Entry) -> list[str]:
    """One cell's line of the index."""
    found = {row["work"]: f"{row['ratio']['lstm']:.2f} ×" for row in rows_of(entry["name"])}
    return [
        f"[{entry['name']}]({entry['name']}.md)",
        entry["title"].rstrip(".").replace("|", r"\|"),
        entry["speed_class"] or "-",
        f"{entry['parameters']:,}",
        ", ".join(entry["state"]),
        *(found.get(work, "-") for work in ("training", "inference")),
    ]


def table(rows: Iterable[list[str]], header: list[str]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell_page(name: str) -> str:
    """The page of one cell: equations, when to use it, gates, size, speed, arguments, example, schedule, source.

    >>> cell_page("gru").splitlines()[0]
    '# gru'
    """
    kind = cells.get(name)
    (entry,) = [entry for entry in catalogue() if entry["name"] == name]
    said = read_docstring(kind)
    sections = {
        "Equations": "\n\n".join([*map(equation_table, said.equations), *map(to_markdown, said.prose)]),
        "When to use": to_markdown(said.advice[:1].upper() + said.advice[1:]),
        "Gates": gates_section(entry),
        "Size": size_section(entry),
        "Speed beside LSTM": speed_section(name),
        "Options": options_section(entry, said.arguments),
        "Example": "\n\n".join(f"```pycon\n{example}\n```" for example in said.examples),
        "What the compiler makes of it": schedule_section(kind),
        "Source": to_markdown(said.source),
        "Code": f"```python\n{inspect.getsource(kind)}```",
    }
    parts = [f"# {name}", to_markdown(said.title), facts(entry)]
    return "\n\n".join([*parts, *(f"## {title}\n\n{text}" for title, text in sections.items() if text)]) + "\n"


class Said(NamedTuple):
    """A docstring in its parts."""

    title: str
    equations: list[str]
    prose: list[str]
    advice: str
    source: str
    arguments: str
    examples: list[str]


def read_docstring(kind: type) -> Said:
    """Tell the parts of a cell's docstring apart."""
    text = docstring_of(kind)
    equations = [inspect.cleandoc(f"{first}\n{rest}") for first, rest in MATH.findall(text + "\n")]
    title, *paragraphs = re.split(r"\n\s*\n", MATH.sub("\n", text + "\n").strip())
    named, prose, arguments, examples = {"When to use": "", "Source": ""}, [], [], []
    for paragraph in paragraphs:
        word, colon, rest = paragraph.partition(":")
        if word in named and colon:
            named[word] = rest.strip()
        elif paragraph.startswith(">>>"):
            examples.append(paragraph)
        elif re.match(r"\w+:\n    ", paragraph):
            arguments.append(paragraph)
        else:
            prose.append(paragraph)
    return Said(title, equations, prose, named["When to use"], named["Source"], "\n\n".join(arguments), examples)


def facts(entry: Entry) -> str:
    """The first lines: name in Python, class, states, inputs."""
    sizes = ", ".join(f"`{name}`" for name in entry["state"])
    lines = [f"- In Python: `grunit.cells.{entry['class_name']}`, by name `{entry['name']!r}`", f"- State: {sizes}"]
    if entry["extra_inputs"]:
        more = [f"`{name}` ({size} a step)" for name, size in entry["extra_inputs"].items()]
        lines.append(f"- Inputs beside `x`, given by name: {', '.join(more)}")
    return "\n".join([*lines, f"- Class: {CLASSES[entry['speed_class']]}"])


def gates_section(entry: Entry) -> str:
    """The names of what can be watched."""
    if not entry["gates"]:
        return ""
    listed = "\n".join(f"- `{name}`" for name in entry["gates"])
    return f"{listed}\n\n`grunit.trace(rnn, x)` gives the values of each along a sequence, by these names."


def size_section(entry: Entry) -> str:
    """How many parameters."""
    formula = entry["formula"]
    exact = f"With F features and H units {inline_math(formula_as_latex(formula))} parameters: " if formula else ""
    return f"{exact}{entry['parameters']:,} with 1 feature and 32 units."


def formula_as_latex(formula: str) -> str:
    """A formula of the catalogue as LaTeX.

    >>> formula_as_latex("4 H² + 4 F H")
    '4 H^2 + 4 F H'
    """
    return formula.replace("²", "^2")


def speed_section(name: str) -> str:
    """What was measured, or how to measure it."""
    own = f"`grunit cells {name} --speed` measures it on your machine."
    rows = rows_of(name)
    if not rows:
        return own
    lines = [
        [
            row["work"],
            f"{row['times']['cell']['median'] * 1e3:.2f} ms",
            *(f"{row['ratio'][peer]:.2f} × (±{row['spread'][peer]:.0%})" for peer in ("lstm", "torch.nn.LSTM")),
            {"c": "C", "torch": "torch", "eager": "plain loop"}[row["backend"]],
        ]
        for row in rows
    ]
    header = ["", "time", "of grunit's LSTM", "of torch.nn.LSTM", "backend"]
    return f"{table(lines, header)}\n\nBelow 1 is quicker than the LSTM. {told_run()} {own}"


def told_run() -> str:
    """Size, machine and command of the last measurement."""
    row, run = measured()["rows"][0], measured()["run"]
    rows, steps, units = row["size"]
    return (
        f"{rows} rows, {steps} steps, {units} units and features, {row['threads']} thread"
        f"{'s' * (row['threads'] > 1)}; {run['machine']['processor']}; `{run['command']}`."
    )


def options_section(entry: Entry, arguments: str) -> str:
    """What the docstring says of arguments, then every option with its default."""
    listed = ", ".join(f"`{option}`" for option in entry["options"])
    return "\n\n".join(
        part for part in (to_markdown(arguments), f"All, with defaults: {listed}." if listed else "") if part
    )


def schedule_section(kind: type) -> str:
    """The schedule, with 3 features and 8 units."""
    built: Any = kind(3, 8)  # type: ignore[call-arg]
    with backend("torch"):
        compiled = compile(built)
    return f"With 3 features and 8 units:\n\n```text\n{compiled}\n```"


def to_markdown(docstring: str) -> str:
    """The few marks of our docstrings in Markdown: roles, argument lists, doctests.

    >>> to_markdown("See :class:`~grunit.cells.gru.GRU`.\\n\\nArgs:\\n    bias: with\\n        or without.")
    'See `GRU`.\\n\\n**Args**\\n\\n- `bias`: with or without.'
    """
    text = re.sub(r":math:`([^`]+)`", lambda found: inline_math(found[1]), docstring)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([^`]+)`", r"`\1`", text)
    text = re.sub(r"(?<!`)``(?!`)", "`", text)
    parts = []
    for part in re.split(r"\n\s*\n", text):
        if match := re.match(r"(\w+):\n(?=    )", part):
            items = re.split(r"\n    (?=\S)", part[match.end() - 1 :])[1:]
            listed = [re.sub(r"^([\w, ]+):", r"- `\1`:", re.sub(r"\s+", " ", item)) for item in items]
            parts.append(f"**{match[1]}**\n\n" + "\n".join(listed))
        elif part.startswith(">>>"):
            parts.append(f"```pycon\n{part}\n```")
        else:
            parts.append(part)
    return "\n\n".join(parts)
