"""Files that go back, pipes that do not."""

from __future__ import annotations

import os

import pytest

from grunit.errors import DataError
from grunit.online.outlet import Outlet


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("one\ntwo\nthree", "one\ntwo\n"),
        ("one\nt", "one\ntwo\n"),
        ("one\n", "one\ntwo\n"),
    ],
)
def test_a_file_is_brought_to_where_it_was_written_down_to_be(tmp_path, content, expected):
    path = tmp_path / "out"
    outlet = Outlet(path)
    outlet.write("one\n")
    before, after = outlet.place(""), outlet.place("two\n")
    outlet.close()
    path.write_text(content)
    again = Outlet(path)
    again.go_back(before, after, "two\n")
    again.write("end\n")
    assert path.read_text() == expected + "end\n"
    again.close()


def test_another_file_is_left_alone(tmp_path):
    outlet = Outlet(tmp_path / "a")
    outlet.write("one\n")
    place = outlet.place("")
    other = Outlet(tmp_path / "b")
    other.write("longer than that\n")
    other.go_back(place, place, "one\n")
    assert (tmp_path / "b").read_text() == "longer than that\n"


def test_standard_output_may_be_a_pipe(capfd):
    outlet = Outlet()
    outlet.write("said\n")
    if not outlet.is_file:
        assert outlet.place("more") is None
    assert os.fstat(1) is not None
    assert capfd.readouterr().out == "said\n"


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        Outlet(tmp_path / "no" / "out")
