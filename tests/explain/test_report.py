"""One file, nothing from elsewhere, and everything that was asked for is in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from grunit.errors import InputError
from grunit.explain.report import places_of, render_report, standalone_svg, write_report
from grunit.explain.report_story import Row, SeriesPlot, Story, Window

EMPTY = {"meta", "img", "link", "br", "input"}


@pytest.fixture
def story() -> Story:
    numbers = np.random.default_rng(0)
    times = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]").astype("datetime64[ns]")
    values = numbers.normal(size=len(times)).cumsum()
    windows = []
    for start in (-28, -14):
        where = slice(len(times) + start, len(times) + start + 14)
        middle = values[where] + 0.5
        bands = {80: (middle - 1, middle + 1), 95: (middle - 2, middle + 2)}
        windows.append(Window(times[where], {"gru": middle, "last value": values[where] * 0}, bands))
    rows = [
        Row("gru", {"MAE": (1.25, 0.05), "RMSE": (2.5, 0.1)}, seconds=3.0, parameters=3360),
        Row("<lstm>", {"MAE": (1.5, 0.1), "RMSE": (2.0, 0.1)}, seconds=4.0, parameters=4480),
        Row("last value", {"MAE": (2.5, 0.0), "RMSE": (3.0, 0.0)}, is_baseline=True),
    ]
    return Story(
        title="Which cell forecasts sales & returns?",
        verdict="gru is best: MAE 1.25, 50 % below last value.",
        is_beaten=True,
        metric="MAE",
        rows=rows,
        series=[SeriesPlot("sales", times, values, windows, "boxes")],
        curves={"gru": [np.array([3.0, 2, 1]), np.array([3.0, 1])], "<lstm>": [np.array([4.0, 2, np.nan])]},
        gates={"update_gate": numbers.uniform(size=(60, 8)), "candidate": numbers.uniform(-1, 1, (60, 8))},
        gates_of="gru",
        gate_times=times[:60],
        facts={"command": "grunit compare forecast sales.csv", "seeds": "0, 1"},
    )


class Reader(HTMLParser):
    """Checks that tags close in order, and keeps what was seen."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "xlink:href", "action", "data")]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_nothing_comes_from_elsewhere(story):
    text = render_report(story)
    page = Reader(text)
    assert page.addresses
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert not re.search(r"https?://|@import|url\(", text)


def test_every_part_is_there(story):
    page = Reader(render_report(story))
    words = " ".join(" ".join(page.text).split())
    for part in (story.title, story.verdict, "Scores", "Forecasts", "Training", "Gates over time", "How this was made"):
        assert part in words
    assert "grunit compare forecast sales.csv" in words
    assert page.tags.count("image") == 2
    # Forecasts, two cells' curves, picture and mean of two gates, five keys of the legend.
    assert page.tags.count("svg") == 1 + 2 + 4 + 5


def test_table_holds_scores_spread_baseline_and_relation(story):
    text = render_report(story)
    rows = [" ".join(Reader(row).text) for row in re.findall(r"<tr.*?</tr>", text, re.S)[1:]]
    assert [row.split()[0] for row in rows] == ["gru", "<lstm>", "last"]
    assert "1.25" in rows[0]
    assert "± 0.05" in rows[0]
    assert "-50.0 %" in rows[0]
    assert "3,360" in rows[0]
    assert "last value (baseline)" in rows[2]
    assert "+0.0 %" in rows[2]
    assert "±" not in rows[2]


def test_axes_say_what_and_in_which_unit(story):
    text = render_report(story)
    assert "sales (boxes)" in text
    assert text.count(">epoch</text>") == 2
    assert text.count(">time</text>") == 3


def test_a_cell_without_gates_is_said_to_have_none(story):
    plain = replace(story, gates={"candidate": story.gates["candidate"]}, gates_of="rnn")
    assert "rnn has no gates" in render_report(plain)
    assert "has no gates" not in render_report(story)


def test_no_winner_is_marked_as_such(story):
    text = render_report(replace(story, is_beaten=False, verdict="No cell beats last value."))
    assert 'class="verdict poor"' in text
    assert "No cell beats last value." in text


def test_parts_that_have_no_data_are_left_out(story):
    bare = replace(story, series=[], curves={}, gates={}, facts={})
    page = Reader(render_report(bare))
    assert "svg" not in page.tags
    assert "Scores" in page.text


def test_without_a_baseline_there_is_nothing_to_relate_to(story):
    alone = replace(story, rows=[row for row in story.rows if not row.is_baseline])
    assert "-50.0 %" not in render_report(alone)


def test_steps_instead_of_dates(story):
    plot = story.series[0]
    count = len(plot.values)
    windows = [replace(window, times=np.arange(count - 14, count)) for window in plot.windows[:1]]
    numbered = replace(plot, times=np.arange(count), windows=windows, unit="")
    text = render_report(replace(story, series=[numbered], gate_times=None))
    assert text.count(">step</text>") == 3


def test_light_and_dark(story):
    assert "prefers-color-scheme: dark" in render_report(story)


def test_written_whole_or_not_at_all(story, tmp_path, monkeypatch):
    path = write_report(story, tmp_path / "report.html")
    first = path.read_text()
    assert write_report(story, path).read_text() == first
    with pytest.raises(KeyError):
        write_report(replace(story, metric="unknown"), path)
    assert path.read_text() == first
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_impossible_places_are_refused(story, tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        write_report(story, tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        write_report(story, tmp_path / "none" / "report.html")


def test_standalone_picture_is_valid_xml(story):
    root = ElementTree.fromstring(standalone_svg(story.series[0]))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(("value", "places"), [(0.0, 2), (float("nan"), 2), (9.99, 2), (10.0, 1), (1234.5, 0)])
def test_three_digits(value, places):
    assert places_of(value) == places
