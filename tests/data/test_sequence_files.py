"""Files of sequences: which reader, and the archive as it lies."""

from __future__ import annotations

import numpy as np
import pytest

from grunit.data import load_ucr, read_sequences
from grunit.errors import DataError


def test_one_set_in_every_form_is_the_same(tmp_path):
    """Two sequences, the second shorter, as .ts, .arff, .tsv, wide .csv and long .csv."""
    (tmp_path / "a.ts").write_text("# a remark\n@problemName a\n@classLabel true u d\n@data\n1,2.5,3:u\n4,5:d\n")
    (tmp_path / "a.arff").write_text(
        "% a remark\n@relation a\n@attribute s1 numeric\n@attribute s2 numeric\n@attribute s3 numeric\n"
        "@attribute class {u,d}\n@data\n1,2.5,3,u\n4,5,?,d\n"
    )
    (tmp_path / "a.tsv").write_text("u\t1\t2.5\t3\nd\t4\t5\tNaN\n")
    (tmp_path / "wide.csv").write_text("t0,t1,t2,label\n1,2.5,3,u\n4,5,,d\n")
    (tmp_path / "long.csv").write_text("unique_id,ds,x,label\na,0,1,u\na,1,2.5,u\na,2,3,u\nb,0,4,d\nb,5,5,d\n")
    for name in ("a.ts", "a.arff", "a.tsv", "wide.csv", "long.csv"):
        found = read_sequences(tmp_path / name)
        assert found.y.tolist() == ["u", "d"], name
        assert found.X[0].tolist() == [[1.0], [2.5], [3.0]], name
        # An .arff file of equal length says "missing" where a table is just shorter.
        np.testing.assert_array_equal(found.X[1][:2], [[4.0], [5.0]], err_msg=name)
        assert len(found.X[1]) == (3 if name == "a.arff" else 2), name


def test_answers_as_numbers_name_the_line_of_one_that_is_none(tmp_path):
    file = tmp_path / "a.ts"
    file.write_text("@targetLabel true\n@data\n1,2:3.5\n1,2:many\n")
    found = read_sequences(file)
    assert found.numeric
    with pytest.raises(DataError, match=r"a\.ts, line 4: 'many' is no number"):
        found.numbers()


def test_a_file_without_answers_says_so_when_they_are_needed(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("t0,t1\n1,2\n3,4\n")
    found = read_sequences(file)
    assert found.y is None
    for ask in (found.labels, found.numbers):
        with pytest.raises(DataError, match="--target"):
            ask()


def test_columns_cannot_be_named_where_there_are_none(tmp_path):
    file = tmp_path / "a.ts"
    file.write_text("@data\n1,2\n")
    with pytest.raises(DataError, match="leave target out"):
        read_sequences(file, target="label")


@pytest.mark.parametrize(
    ("name", "shape", "lengths", "classes"),
    [
        ("GunPoint", (50, 1), (150, 150), {"1", "2"}),
        ("ItalyPowerDemand", (67, 1), (24, 24), {"1", "2"}),
        ("BasicMotions", (40, 6), (100, 100), {"Standing", "Running", "Walking", "Badminton"}),
        ("JapaneseVowels", (270, 12), (7, 26), set("123456789")),
    ],
)
def test_the_archive_as_it_lies(data_folder, name, shape, lengths, classes):
    """Sizes as published on timeseriesclassification.com."""
    train = load_ucr(name)
    assert (len(train.X), train.X[0].shape[1]) == shape
    assert (min(map(len, train.X)), max(map(len, train.X))) == lengths
    assert set(train.y) == classes


def test_an_unknown_set_is_refused_with_those_that_are_there(tmp_path, monkeypatch):
    (tmp_path / "GunPoint").mkdir()
    with pytest.raises(DataError, match="no set 'Gun': there are GunPoint"):
        load_ucr("Gun", folder=tmp_path)
    with pytest.raises(DataError, match="split is 'all'"):
        load_ucr("GunPoint", "all", folder=tmp_path)
    monkeypatch.delenv("GRUNIT_DATA", raising=False)
    with pytest.raises(DataError, match="set GRUNIT_DATA"):
        load_ucr("GunPoint")
