"""Loading: only known kinds, and cells of one's own by asking for them."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from tests.tasks.frames import daily, tiny

import grunit
from grunit.bundle import write_bundle
from grunit.errors import BundleError, InputError


class Leaky(grunit.Cell):
    """A cell of a user's own."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = torch.nn.Linear(input_size, hidden_size)

    def step(self, x, h):
        return (0.5 * h + 0.5 * torch.tanh(self.W(x)),)


def test_a_cell_of_ones_own_is_asked_for(tmp_path):
    fitted = tiny(cell=Leaky).fit(daily())
    path = fitted.save(tmp_path / "model")
    with pytest.raises(InputError, match=r"'Leaky'.*cells=\[\.\.\.\]"):
        grunit.load(path)
    pd.testing.assert_frame_equal(grunit.load(path, cells=[Leaky]).predict(), fitted.predict())


def test_layers_of_different_cells_come_back(tmp_path):
    fitted = tiny(cell=["lstm", Leaky]).fit(daily())
    loaded = grunit.load(fitted.save(tmp_path / "model"), cells=[Leaky])
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())


def test_a_torch_optimizer_class_comes_back(tmp_path):
    fitted = tiny(optimizer=torch.optim.NAdam).fit(daily())
    assert grunit.load(fitted.save(tmp_path / "model")).fit(daily()).optimizer == "NAdam"


@pytest.mark.parametrize(
    ("kind", "config"), [("os.system", {}), ("Forecaster", {"h": 3}), ("Forecaster", {"cell": "gru", "wheels": 4})]
)
def test_a_foreign_or_broken_model_is_refused(tmp_path, kind, config):
    path = write_bundle(tmp_path / "model", kind, {"cell": "gru", **config}, {"model.weight": torch.zeros(1)}, {})
    with pytest.raises(BundleError, match="model"):
        grunit.load(path)
