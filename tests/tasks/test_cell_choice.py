"""Cells that need more than features are refused before any work."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import grunit
from grunit.errors import InputError
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.tasks.comparison import compare

FRAME = pd.DataFrame({"unique_id": "a", "ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})


@pytest.mark.parametrize(("cell", "need"), [("agru", "attention"), ("gru_d", "mask and dt"), (["gru", "cfc"], "dt")])
def test_a_cell_with_another_input_is_refused(cell, need):
    with pytest.raises(InputError, match=f"needs {need} at every step, which a forecaster has none of: choose another"):
        grunit.Forecaster(h=2, cell=cell, verbose=0).fit(FRAME)


def test_a_comparison_refuses_before_it_trains_anything():
    trained = []
    with pytest.raises(InputError, match="the cell cfc needs dt"):
        compare(FRAME, 2, cells=["gru", "cfc"], progress=lambda *_: trained.append(1))
    assert not trained


def test_every_other_cell_is_taken():
    for name in grunit.cells.names():
        if not grunit.cells.get(name).inputs[1:]:
            require_plain_inputs(name, "a forecaster")
