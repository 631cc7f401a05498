"""The report of a search: one file, nothing from elsewhere, every trial in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from tests.tuning.hills import DATA, Hill

from grunit.errors import InputError
from grunit.tuning import Tuning, tune
from grunit.tuning.report import render_report


@pytest.fixture(scope="module")
def found() -> Tuning:
    heights = [3.0, 2.9, 3.1, 2.8, 0.0, -8.0, -9.0, 9.0]
    return tune(Hill(3.0), {"height": heights, "steps": (0, 1)}, *DATA, method="grid", trials=14)


def test_every_drawing_is_well_formed_and_says_what_it_shows(found):
    text = render_report(found, "<Hills> & dales", {"command": "grunit tune <x>"})
    drawings = re.findall(r"<svg role.*?</svg>", text, re.S)
    assert len(drawings) == 5  # trials, what mattered, two arguments, how they ran
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).get("aria-label")
        assert "nan" not in re.sub(r"<title>.*?</title>", "", drawing)
    assert "&lt;Hills&gt; &amp; dales" in text
    assert "<Hills>" not in text
    assert "grunit tune &lt;x&gt;" in text


def test_nothing_comes_from_elsewhere(found):
    text = render_report(found, "", {})
    assert not re.search(r"(src|href)=|https?://|@import|url\(|<script", text)
    assert "default-src 'none'" in text


def test_every_trial_stands_in_the_table_and_among_the_dots(found):
    text = render_report(found, "", {})
    rows = re.findall(r'<tr class="(\w*)"><th scope="row">(\d+)', text)
    assert sorted(int(number) for _, number in rows) == list(range(14))
    assert [number for kind, number in rows if kind == "best"] == [str(found.best.number)]
    first = text.split("<svg role")[1]
    assert len(re.findall(r"<title>trial \d+:", first)) == 14 + 1  # the best has a ring too
    assert "failed: the loss became inf at height 9" in text
    assert "functional ANOVA" in text


def test_best_first_whichever_way_is_better(found):
    scores = [trial.score for trial in found.ranked() if trial.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert found.best_score == 0.0


def test_a_place_that_cannot_be_written_is_refused(found, tmp_path):
    with pytest.raises(InputError, match="is a folder: name the file"):
        found.write_report(tmp_path)
    with pytest.raises(InputError, match="does not exist: create it"):
        found.write_report(tmp_path / "missing" / "report.html")
    found.write_report(tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]  # no draft is left behind
