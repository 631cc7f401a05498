"""The suite of the catalogue runs and writes what the pages read."""

from __future__ import annotations

import json

import cell_pages
import pytest

from benchmarks import __main__ as command
from benchmarks import catalogue
from grunit import cells


@pytest.mark.slow
def test_catalogue_from_end_to_end(tmp_path, monkeypatch):
    with_more = next((name for name in cells.names() if cells.get(name).inputs[1:]), "gru")
    monkeypatch.setattr(catalogue.cells, "names", lambda: [with_more])
    command.main(["catalogue", "--smoke", "--output", str(tmp_path)])
    document = json.loads((tmp_path / "catalogue.json").read_text())
    assert [(row["cell"], row["work"]) for row in document["rows"]] == [
        (with_more, "training"),
        (with_more, "inference"),
    ]
    text = (tmp_path / "catalogue.md").read_text()
    assert "these numbers mean nothing" in text
    assert f"| {with_more} |" in text
    monkeypatch.setattr(cell_pages, "measured", lambda: document)
    assert "of torch.nn.LSTM" in cell_pages.speed_section(with_more)
    assert "× |" in cell_pages.index_page()
