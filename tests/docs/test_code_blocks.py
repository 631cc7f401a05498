"""Every Python block in the documentation runs, in order, as a reader would paste it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import grunit

ROOT = Path(__file__).parents[2]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def python_blocks(page: Path) -> list[tuple[int, str]]:
    """The fenced Python blocks of a page, each with the line it starts at."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^( *)```python\n(.*?)^\1```$", text, re.S | re.M)
    return [(text[: match.start(2)].count("\n"), textwrap.dedent(match[2])) for match in found]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what a reader sees as a warning is not a broken page
@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)], ids=lambda page: page.name)
def test_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for line, block in python_blocks(page):
        # Blank lines before the block let a traceback show the line of the page.
        exec(compile("\n" * line + block, str(page), "exec"), names)


def test_the_cell_in_contributing_passes_its_test_and_compiles(monkeypatch):
    cell, test = (compile(block, str(CONTRIBUTING), "exec") for _, block in python_blocks(CONTRIBUTING))
    made: dict[str, Any] = {"__name__": "cfn"}
    exec(cell, made)
    monkeypatch.setattr(grunit.cells, "CFN", made["CFN"], raising=False)
    exec(test, made)
    made["test_step_is_the_papers_equations"]()
    assert grunit.compile(made["CFN"](3, 5)).backend != "eager"


def test_there_are_blocks_to_run():
    assert {page.name for page in PAGES if python_blocks(page)} >= {"README.md", "index.md", "forecasting.md"}


@pytest.mark.parametrize("page", [*PAGES, CONTRIBUTING], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("cells/"):  # those pages are made with the site
            assert (page.parent / target).exists(), f"{page.name} points to {target}, which is not there"
