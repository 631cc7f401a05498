"""The archive's text formats, and refusals that name file and line."""

from __future__ import annotations

import numpy as np
import pytest

from grunit.data import read_sequences
from grunit.errors import DataError


def read(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_sequences(path)


def test_several_features_with_missing_values(tmp_path):
    found = read(tmp_path, "a.ts", "@classLabel true x\n@data\n1,?,3:4,5,NaN:x\n")
    np.testing.assert_array_equal(found.X[0], [[1, 4], [np.nan, 5], [3, np.nan]])
    assert found.lines == [3]


def test_relational_arff(tmp_path):
    text = (
        "@relation r\n@attribute block relational\n@attribute s1 numeric\n@attribute s2 numeric\n@end block\n"
        "@attribute class {Up,Down}\n\n@data\n'1,2\\n3,4\\n5,6',Up\n\"7,8\\n9,?\\n0,0\",Down\n"
    )
    found = read(tmp_path, "a.arff", text)
    assert found.X[0].tolist() == [[1, 3, 5], [2, 4, 6]]
    assert found.y.tolist() == ["Up", "Down"]
    assert found.lines == [9, 10]
    assert not found.numeric


def test_numeric_arff_is_for_regression(tmp_path):
    assert read(tmp_path, "a.arff", "@relation r\n@attribute s numeric\n@attribute y real\n@data\n1,2.5\n").numeric


def test_old_tables_write_labels_as_floats(tmp_path):
    found = read(tmp_path, "a.txt", "  1.0000000e+00  2.0e+00 3.0e+00\n -1.0000000e+00  5.0e+00 6.0e+00\n")
    assert found.y.tolist() == ["1", "-1"]
    assert found.X[0].ravel().tolist() == [2, 3]


def test_windows_line_ends_and_a_byte_order_mark(tmp_path):
    found = read(tmp_path, "a.ts", b"\xef\xbb\xbf\r\n@classLabel true x\r\n@data\r\n1,2:x\r\n")
    assert found.y.tolist() == ["x"]
    assert found.lines == [4]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.ts", "@data\n1,2\n1,x,3\n", r"a\.ts, line 3: value 2 is 'x'"),
        ("a.ts", "@data\n1,2:3\n", r"line 2: feature 2 has 1 steps and feature 1 has 2"),
        ("a.ts", "@data\n1,2:3,4\n1,2\n", r"line 3: it has 1 features and line 2 has 2"),
        ("a.ts", "@classLabel true a b\n@data\n1,2:c\n", r"line 3: the label 'c' is none of those"),
        ("a.ts", "@classLabel true a b\n@data\n1,2\n", r"line 3: there is no ':' before the label"),
        ("a.ts", "@classLabel true a b\n@data\n1,2:?\n", r"line 3: the label is missing"),
        ("a.ts", "1,2:a\n", r"line 1: '1,2:a' stands before @data"),
        ("a.ts", "@problemName a\n", r"a\.ts: there is no line @data"),
        ("a.ts", "@data\n", r"a\.ts: it holds no sequence"),
        ("a.ts", "@timeStamps true\n@data\n(0,1)\n", r"line 1: sequences with time stamps are not read"),
        ("a.ts", "@data\n1,inf\n", r"line 2: value 2 is infinite"),
        ("a.ts", b"@data\n\xff\xff1\n", "not UTF-8"),
        ("a.arff", "@relation r\n1,2\n", r"line 2: '1,2' is no line of an .arff header"),
        ("a.arff", "@relation r\n@attribute b relational\n@end b\n@data\n1,2,u\n", r"line 5: it is not  'block',label"),
        ("a.arff", "@relation r\n", "no line @data"),
        ("a.tsv", "1\t2\t3\n1\tNaN\tNaN\n", r"a\.tsv, line 2: it holds a label and no value"),
    ],
)
def test_a_refusal_names_the_line(tmp_path, name, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, name, text)


@pytest.mark.parametrize("name", ["gone.ts", "gone.arff", "gone.csv"])
def test_a_missing_file(tmp_path, name):
    with pytest.raises(DataError, match="there is no such file"):
        read_sequences(tmp_path / name)
