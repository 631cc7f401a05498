"""Tables of sequences: wide, long, and what is refused in them."""

from __future__ import annotations

import numpy as np
import pytest

from grunit.data import read_sequences
from grunit.errors import DataError


def read(folder, text, **names):
    path = folder / "a.csv"
    path.write_text(text)
    return read_sequences(path, **names)


def test_a_named_column_of_answers(tmp_path):
    found = read(tmp_path, "kind,t0,t1\nu,1,2\nd,3,4\n", target="kind")
    assert found.y.tolist() == ["u", "d"]
    assert found.X[1].ravel().tolist() == [3, 4]
    assert found.lines == [2, 3]


def test_labels_that_look_like_numbers_stay_as_they_are_written(tmp_path):
    assert read(tmp_path, "label,t0\n007,1\n08,2\n").y.tolist() == ["007", "08"]


def test_only_the_end_of_a_row_is_cut(tmp_path):
    found = read(tmp_path, "label,t0,t1,t2,t3\nu,,2,?,\n")
    np.testing.assert_array_equal(found.X[0].ravel(), [np.nan, 2])


def test_long_tables_keep_rows_of_a_sequence_together(tmp_path):
    text = "who,hour,heat,damp,label\na,1,10,0.1,u\nb,1,20,0.2,d\na,2,11,0.3,u\nb,4,21,,d\n"
    found = read(tmp_path, text, identity="who", time="hour")
    assert found.X[0].tolist() == [[10, 0.1], [11, 0.3]]
    assert found.y.tolist() == ["u", "d"]
    assert found.lines == [2, 3]
    assert np.isnan(found.X[1][1, 1])


def test_a_file_to_be_answered_needs_no_answers(tmp_path):
    assert read(tmp_path, "t0,t1\n1,2\n", target="kind", answers=False).y is None
    with pytest.raises(DataError, match="no column 'kind'"):
        read(tmp_path, "t0,t1\n1,2\n", target="kind")


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        ("label,t0\nu,1\nd,x\n", {}, r"a\.csv, line 3: column 't0' holds 'x'"),
        ("label,t0\nu,1\nd,inf\n", {}, "line 3: column 't0' holds 'inf'"),
        ("label,t0\nu,1\n,2\n", {}, "line 3: column 'label' is empty"),
        ("label,t0,t1\nu,1,2\nd,,\n", {}, "line 3: it has no value"),
        ("label\nu\n", {}, "no column beside 'label'"),
        ("unique_id,x,label\na,1,u\na,2,d\n", {}, "line 3: sequence 'a' is 'd' here and 'u' in line 2"),
        ("unique_id,ds,x\na,2,1\na,1,2\n", {}, "line 3: column 'ds' does not rise"),
        ("unique_id,ds,x\na,2024-01-02,1\na,2024-01-02,2\n", {}, "line 3: column 'ds' does not rise"),
        ("unique_id,label\na,u\n", {}, "no column is left to look at"),
        ("t0,t1\n1,2\n", {"time": "t0"}, "add --id"),
        ("lable,t0\nu,1\n", {"target": "label"}, "did you mean 'lable'"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, text, names, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text, **names)
