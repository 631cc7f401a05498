"""A stream cut anywhere and taken up again says the same as one that was never cut."""

from __future__ import annotations

import io
import json
import random

import pytest
from tests.online.streams import rows, wave

from grunit.errors import DataError
from grunit.online import OnlineClassifier, OnlineForecaster, OnlineRegressor
from grunit.online.journal import Journal
from grunit.online.lines import LineReader, LineWriter
from grunit.online.outlet import Outlet
from grunit.online.row_stream import RowStream
from grunit.online.series_stream import SeriesStream
from grunit.online.service import StreamService
from grunit.online.stream_parts import Columns

SMALL = {"hidden_size": 4, "lookback": 2}


def series_stream() -> SeriesStream:
    return SeriesStream(lambda: OnlineForecaster(h=2, **SMALL), Columns())


def row_stream() -> RowStream:
    return RowStream(OnlineRegressor(**SMALL), Columns(key="k"))


def series_lines() -> list[str]:
    """Two series in turns, holes, a late value, malformed lines."""
    lines = ["unique_id,ds,y\n"]
    for at, value in enumerate(wave(60)):
        name = "ab"[at % 2]
        lines.append(f"{name},{at // 2},{'' if at % 9 == 4 else round(value, 4)}\n")
    lines[20], lines[30] = lines[30], lines[20]
    lines.insert(25, "what is this\n")
    return lines


def row_lines() -> list[str]:
    """Rows whose answers come later, shuffled, one never."""
    asked = [json.dumps({"k": at, **x}) + "\n" for at, (x, _) in enumerate(rows(60))]
    answers = [json.dumps({"k": at, "y": y}) + "\n" for at, (_, y) in enumerate(rows(60))]
    random.Random(0).shuffle(answers)
    return [*asked[:30], *answers[:20], "{broken\n", *asked[30:], *answers[20:], answers[0]]


CASES = [(series_stream, series_lines, "csv"), (row_stream, row_lines, "json")]


def begin(tmp_path, make, form, every=7, words=None) -> StreamService:
    service = StreamService(
        make(),
        LineReader(),
        LineWriter(form),
        Outlet(tmp_path / "out"),
        Journal(tmp_path / "s"),
        every,
        words or io.StringIO(),
    )
    service.begin()
    return service


def resume(tmp_path) -> StreamService:
    service = StreamService.resume(Journal(tmp_path / "s"), Outlet(tmp_path / "out"), io.StringIO())
    assert service is not None
    return service


def drop(service: StreamService) -> None:
    """What is left when the process is killed: the files."""
    service.journal.close()
    service.outlet.close()


@pytest.mark.parametrize(("make", "lines", "form"), CASES)
@pytest.mark.parametrize("replay", [True, False])
def test_cut_at_many_places_it_says_the_same(tmp_path, make, lines, form, replay):
    lines = lines()
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole = begin(tmp_path / "whole", make, form)
    for line in lines:
        whole.feed(line)
    drop(whole)
    service, at, answers = begin(tmp_path / "cut", make, form), 0, 0
    for stop in (1, 2, 9, 30, 31, 50, len(lines)):
        for line in lines[:stop] if replay else lines[at:stop]:
            answers = service.answers
            service.feed(line)
        at = stop
        assert service.position == stop
        drop(service)
        # Killed while the last prediction was being written, or before.
        out = tmp_path / "cut" / "out"
        said = out.read_bytes()
        if service.answers > answers and stop < len(lines):
            begin_of_last = said[:-1].rfind(b"\n") + 1
            out.write_bytes(said[: begin_of_last + (at % 3) * (len(said) - begin_of_last) // 2])
        service = resume(tmp_path / "cut")
    drop(service)
    assert (tmp_path / "cut" / "out").read_text() == (tmp_path / "whole" / "out").read_text()
    assert whole.malformed == service.malformed > 0
    assert whole.stream.describe() == service.stream.describe()


def test_the_words_are_said_once(tmp_path):
    words = io.StringIO()
    service = begin(tmp_path, series_stream, "json", every=100, words=words)
    for line in ["ds,y", "1,2", "2,x", "3"]:
        service.feed(line)
    assert "line 3 is skipped: the column 'y' holds 'x'" in words.getvalue()
    assert "line 4 is skipped: it holds 1 values" in words.getvalue()
    drop(service)
    again = StreamService.resume(Journal(tmp_path / "s"), Outlet(tmp_path / "out"), after := io.StringIO())
    assert after.getvalue() == ""
    assert again.malformed == 2


def test_another_input_than_before_is_refused(tmp_path):
    service = begin(tmp_path, series_stream, "json")
    for line in ["ds,y", "1,2", "2,3", "3,4"]:
        service.feed(line)
    drop(service)
    again = resume(tmp_path)
    for line in ["ds,y", "1,2", "2,3"]:
        again.feed(line)
    with pytest.raises(DataError, match="line 4 of the input"):
        again.feed("3,5")


def test_every_prediction_is_one_line_of_one_step(tmp_path):
    service = begin(tmp_path, series_stream, "json")
    for line in series_lines():
        service.feed(line)
    drop(service)
    answers = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [answer["line"] for answer in answers] == sorted({answer["line"] for answer in answers})
    # A value 4 steps early makes the 4 before it late, the one it took the place of, too; nonsense has no answer.
    assert len(answers) == 60 - 5
    assert set(answers[-1]) == {"line", "unique_id", "ds", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"}
    assert len(answers[-1]["forecast"]) == 2


def test_classes_come_as_text(tmp_path):
    service = StreamService(
        RowStream(OnlineClassifier(**SMALL), Columns(target="what")),
        LineReader(),
        LineWriter(),
        Outlet(tmp_path / "out"),
    )
    for line in ["a,what", "1,x", "2,y", "1,", "2,x"]:
        service.feed(line)
    answers = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert answers[0]["prediction"] is None
    assert answers[2]["prediction"] in ("x", "y")
    assert service.malformed == 0
