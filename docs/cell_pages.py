"""One page a cell, made from its docstring while the site is built: a hook of mkdocs."""

from __future__ import annotations

import inspect
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from grunit import cells
from grunit.cli.cells import describe, show_all
from grunit.compiler import compile


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the catalogue to those in the folder."""
    entries = [describe(name, cells.get(name), 1, 32) for name in cells.names()]
    table = show_all(entries, 1, 32).split("\n\n")[0]
    files.append(File.generated(config, "cells/index.md", content=f"# Cells\n\n```text\n{table}\n```\n"))
    for name in cells.names():
        files.append(File.generated(config, f"cells/{name}.md", content=cell_page(name)))
    return files


def cell_page(name: str) -> str:
    """The page of one cell: what it is, its equations, its arguments, its example, its schedule.

    >>> cell_page("gru").splitlines()[0]
    '# gru'
    """
    kind = cells.get(name)
    entry = describe(name, kind, 1, 32)
    docstring = re.sub(
        r"\.\. math::\n((?:[ \t]+.*\n|\n)+)", equations(entry["equations"]), inspect.cleandoc(kind.__doc__ or "")
    )
    schedule = compile(kind(3, 5)).schedule
    return "\n\n".join(
        [
            f"# {name}",
            f"`grunit.cells.{kind.__name__}`, state {', '.join(f'`{each}`' for each in entry['state'])}, "
            f"{entry['parameters']:,} parameters with 1 feature and 32 units, {entry['speed_class']} in its state.",
            to_markdown(docstring),
            "## What the compiler makes of it",
            f"With 3 features and 5 units:\n\n```text\n{schedule}\n```",
            f"## Source\n\n```python\n{inspect.getsource(kind)}```\n",
        ]
    )


def equations(lines: list[str]) -> str:
    """Equations as they stand in the catalogue, in a block of their own."""
    return "```text\n" + "\n".join(lines) + "\n```\n\n"


def to_markdown(docstring: str) -> str:
    """The few marks of our docstrings in Markdown: roles, argument lists, doctests.

    >>> to_markdown("See :class:`~grunit.cells.gru.GRU`.\\n\\nArgs:\\n    bias: with\\n        or without.")
    'See `GRU`.\\n\\n**Args**\\n\\n- `bias`: with or without.'
    """
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([^`]+)`", r"`\1`", docstring)
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
