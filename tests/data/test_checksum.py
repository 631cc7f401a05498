"""Equal data have equal checksums, and any change shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from grunit.data.checksum import checksum

FRAME = pd.DataFrame({"unique_id": ["a", "b"], "y": [1.0, np.nan]})
SAME = [
    ([np.arange(3), np.arange(2)], [np.arange(3), np.arange(2)]),
    (["a", None, 1.5], ["a", None, 1.5]),
    (FRAME, FRAME.copy()),
    (pl.DataFrame({"y": [1, 2]}), pl.DataFrame({"y": [1, 2]})),
    (pd.Series([1, 2]), pd.Series([1, 2])),
]
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
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal(one, other):
    assert checksum(one) == checksum(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_unlike(one, other):
    assert checksum(one) != checksum(other)
