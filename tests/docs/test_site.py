"""The documentation site: a page a cell, and a build without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cell_pages
import pytest

from grunit import cells

ROOT = Path(__file__).parents[2]


def test_every_cell_has_its_place_in_the_menu():
    index, *groups = cell_pages.cell_menu()["Cells"]
    listed = [name for group in groups for entries in group.values() for entry in entries for name in entry]
    assert list(index.values()) == ["cells/index.md"]
    assert sorted(listed) == sorted(cells.names())
    assert "Cells: cells/index.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")  # what the menu is put in for


@pytest.mark.slow
def test_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "cells" / "gru" / "index.html").read_text(encoding="utf-8")
    assert "hoisted before the loop" in page
    assert "<math" in page
    assert "peephole_lstm/" in page  # the menu
    prose = page.split('id="source"')[0]
    assert prose != page
    assert not re.search(r":(class|func|meth|math):", prose)  # every role was turned into Markdown
    assert "Forecaster.fit" in (tmp_path / "api" / "index.html").read_text(encoding="utf-8")
