"""JSON that any reader accepts; tables that line up."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from grunit.cli.output import Output, align, plain


def test_everything_becomes_json():
    value = {
        "float": np.float32(0.5),
        "array": np.array([1.0, np.nan, np.inf]),
        "time": pd.Timestamp("2024-01-02"),
        "integer": np.int64(3),
        "set": {1},
        3: None,
        "flag": np.bool_(True),
    }
    text = json.dumps(plain(value), allow_nan=False)
    assert json.loads(text) == {
        "float": 0.5,
        "array": [1.0, None, None],
        "time": "2024-01-02 00:00:00",
        "integer": 3,
        "set": [1],
        "3": None,
        "flag": True,
    }


def test_machines_get_stdout_and_people_stderr(capsys):
    output = Output(as_json=True)
    output.say("reading")
    output.answer({"a": 1}, "never shown")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"a": 1}
    assert err == "reading\n"


def test_columns_of_numbers_are_aligned_to_the_right():
    lines = align([["a", "1.5 ± 0.1"], ["bcd", "-12.0"], ["e", "-"]], ["cell", "MAE"]).splitlines()
    assert [line.rstrip()[-1] for line in lines] == ["E", "1", "0", "-"]
    assert len({len(line) for line in lines}) == 1
