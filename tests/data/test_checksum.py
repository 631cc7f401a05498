"""Equal data have equal checksums, and any change shows."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from grunit.data.checksum import checksum

FRAME = pd.DataFrame({"unique_id": ["a", "b"], "y": [1.0, np.nan]})
SAME = [
    ([np.arange(3), np.arange(2)], [np.arange(3), np.arange(2)]),
    (["a", None, 1.5], ["a", None, 1.5]),
    (FRAME, FRAME.copy()),
    (pl.DataFrame({"y": [1, 2]}), pl.DataFrame({"y": [1, 2]})),
    (pd.Series([1, 2]), pd.Series([1, 2])),
]
LABELS, CODES, SHARES, TRUTHS = ["good", "bad", "good"], [1, 0, 1], [0.5, 1.0, -2.0], [True, False, True]
FORMS = {
    "texts": [
        LABELS,
        tuple(LABELS),
        np.array(LABELS),
        np.array(LABELS, dtype="<U12"),
        np.array(LABELS, dtype=object),
        list(np.array(LABELS)),
        pd.Series(LABELS),
        pd.Series(LABELS, dtype="string"),
        pd.Series(LABELS).astype("category"),
        pd.Series(LABELS, index=[5, 6, 7], name="label"),
        pd.Index(LABELS),
        pl.Series(LABELS),
    ],
    "whole numbers": [
        CODES,
        tuple(CODES),
        np.array(CODES),
        np.array(CODES, dtype=np.int32),
        np.array(CODES, dtype=np.uint64),
        np.array(CODES, dtype=object),
        list(np.array(CODES, dtype=np.int16)),
        pd.Series(CODES, dtype="int8"),
        pd.Series(CODES, dtype="Int64"),
        pd.Series(CODES).astype("category"),
        pl.Series(CODES),
        torch.tensor(CODES),
    ],
    "numbers": [
        SHARES,
        np.array(SHARES),
        np.array(SHARES, dtype=np.float32),
        np.array(SHARES, dtype=object),
        list(np.array(SHARES)),
        pd.Series(SHARES),
        torch.tensor(SHARES),
    ],
    "truth values": [
        TRUTHS,
        np.array(TRUTHS),
        np.array(TRUTHS, dtype=object),
        list(np.array(TRUTHS)),
        pd.Series(TRUTHS),
    ],
    "sentences": [
        [["a", "b"], ["c", "d"]],
        [("a", "b"), ("c", "d")],
        np.array([["a", "b"], ["c", "d"]]),
        np.array([["a", "b"], ["c", "d"]], dtype=object),
        [np.array(["a", "b"]), np.array(["c", "d"], dtype="<U9")],
        pd.Series([["a", "b"], ["c", "d"]]),
    ],
    "sequences": [
        np.arange(12.0).reshape(2, 3, 2),
        np.arange(12.0).reshape(2, 3, 2).tolist(),
        np.arange(12.0, dtype=np.float32).reshape(2, 3, 2),
        np.asfortranarray(np.arange(12.0).reshape(2, 3, 2)),
        list(np.arange(12.0).reshape(2, 3, 2)),
    ],
    "moments": [pd.Series(pd.date_range("2024", periods=2)), np.array(["2024-01-01", "2024-01-02"], dtype="M8[s]")],
    "large numbers": [[2**63, 1], np.array([2**63, 1], dtype=np.uint64), np.array([2**63, 1], dtype=object)],
    "nothing": [[], (), np.array([]), np.array([], dtype=str), pd.Series([], dtype=object)],
    "frames": [
        pd.DataFrame({"text": LABELS, "code": CODES}),
        pd.DataFrame({"text": LABELS, "code": CODES}, index=[3, 4, 5]).astype({"code": "int8", "text": "category"}),
        pl.DataFrame({"text": LABELS, "code": CODES}),
    ],
}
OTHER = [
    (np.arange(4), np.arange(4).reshape(2, 2)),
    (np.arange(4), np.arange(4.0)),
    ([np.arange(3), np.arange(2)], [np.arange(2), np.arange(3)]),
    (["ab", "c"], ["a", "bc"]),
    ([["a"], []], [[], ["a"]]),
    (FRAME, FRAME.rename(columns={"y": "z"})),
    (FRAME, FRAME.assign(y=[1.0, 2.0])),
    (FRAME, FRAME.assign(unique_id=["a", "c"])),
    ({"a": 1}, {"a": 2}),
    (None, 0),
    (None, "None"),
    ([1, 0], ["1", "0"]),
    ([1, 0], [True, False]),
    ([0, 1], [0, 2]),
    ([2**63], [2**63 + 1]),
    ([2**70], [2**70 + 1]),
    (["a", "b"], [["a", "b"]]),
    (["a", "b"], ["a\0b"]),
    (["a\0", "b"], ["a", "\0b"]),
    (["a" * 300, "b"], ["a" * 299, "ab"]),
    (["\ud83d\ude00"], ["\U0001f600"]),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    (np.zeros(0), np.zeros((2, 0))),
    (np.array([1], "M8[s]"), np.array([1], "m8[s]")),
    (np.array([1], "M8[s]"), np.array([1])),
    ([datetime.date(2024, 1, 1)], ["2024-01-01"]),
    (["a", ["b"]], [["a"], "b"]),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal(one, other):
    assert checksum(one) == checksum(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_unlike(one, other):
    assert checksum(one) != checksum(other)


@pytest.mark.parametrize("what", FORMS)
def test_what_holds_the_values_does_not_matter(what):
    for one, other in itertools.combinations(FORMS[what], 2):
        assert checksum(one) == checksum(other), (one, other)
    assert len({checksum(forms[0]) for forms in FORMS.values()}) == len(FORMS)
