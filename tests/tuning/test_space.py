"""Spaces: names are checked, values that no trial could have are refused before any."""

from __future__ import annotations

import itertools

import pytest

from grunit.cells import LSTM
from grunit.errors import GrunitError, InputError
from grunit.tasks import Forecaster, SequenceClassifier
from grunit.tuning.space import read_space, settle


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "give a mapping"),
        ([("lr", [1])], "give a mapping"),
        ({"hiden_size": [8]}, "'hiden_size', which is no argument: did you mean 'hidden_size'"),
        ({"h": [1, 2]}, "h cannot be searched"),
        ({"target_col": ["y", "z"]}, "target_col cannot be searched"),
        ({"averaging": ["ema", "none"]}, "search it as 'training_options.averaging'"),
        ({"training_options.averagin": ["ema"]}, "did you mean 'averaging'"),
        ({"lr.high": [1.0]}, "lr holds no further arguments"),
        ({"cell_options.": [1]}, "after the dot"),
        ({"cell_options": [None], "cell_options.zoneout": [0.1]}, "search the one or the other"),
        ({"cell": ["gru", "grru"]}, "did you mean 'gru'"),
        ({"lr": (0.0, 0.1)}, "lr is 0.0: give a number above 0"),
        ({"lr": ["fast"]}, "lr is 'fast': give a number"),
        ({"hidden_size": [0, 8]}, "hidden_size holds 0: give whole numbers"),
        ({"optimizer": ["adamw", "adamx"]}, "unknown optimizer 'adamx'"),
        ({"scheduler": ["cosin"]}, "unknown scheduler 'cosin'"),
        ({"warmup": (0.0, 1.0)}, "warmup is 1.0"),
        ({"training_options.averaging": ["none", "sma"]}, "averaging is 'sma'"),
    ],
)
def test_refusals(space, message):
    with pytest.raises(GrunitError, match=message):
        read_space(space, Forecaster(3))


def test_what_a_forecaster_can_be_searched_for():
    forecaster = Forecaster(3, cell_options={"zoneout": 0.1})
    space = read_space(
        {
            "cell": ["gru", LSTM, ["gru", "lstm"]],
            "cell_options.zoneout": (0.0, 0.3),
            "training_options.averaging": ["none", "ema"],
            "max_epochs": [None, 5],
            "optimizer": ["adamw", "sgd", "NAdam"],
            "input_size": (8, 24),
            "lr": (1e-4, 1e-1, "log"),
        },
        forecaster,
    )
    labels = {"cell": "LSTM", "cell_options.zoneout": 0.2, "training_options.averaging": "ema", "max_epochs": None}
    labels |= {"optimizer": "sgd", "input_size": 9, "lr": 0.01}
    assert space.holds(labels)
    fresh = space.settle(forecaster, labels)
    assert fresh.cell is LSTM
    assert fresh.cell_options == {"zoneout": 0.2}
    assert fresh.training_options == {"averaging": "ema"}
    assert (fresh.max_epochs, fresh.optimizer, fresh.input_size, fresh.lr) == (None, "sgd", 9, 0.01)
    # The one given is as it was.
    assert forecaster.cell == "gru"
    assert forecaster.cell_options == {"zoneout": 0.1}
    assert forecaster.training_options is None


def test_the_estimators_own_values():
    space = read_space({"hidden_size": [16, 64], "cell_options.zoneout": (0.0, 0.5)}, SequenceClassifier())
    own = space.labels_of(SequenceClassifier(cell_options={"zoneout": 0.1}))
    assert own == {"hidden_size": 64, "cell_options.zoneout": 0.1}
    assert space.holds(own)
    assert not space.holds(space.labels_of(SequenceClassifier()))  # without zoneout there is none in the range


def test_a_grid_is_every_combination_once():
    space = read_space({"hidden_size": [4, 8], "num_layers": (1, 3), "dropout": (0.0, 0.2, 0.1)}, Forecaster(3))
    found = [tuple(labels.values()) for labels in space.grid()]
    assert sorted(found) == sorted(itertools.product([4, 8], [1, 2, 3], [0.0, 0.1, 0.2]))


def test_a_grid_of_what_has_no_end_is_refused():
    with pytest.raises(InputError, match="lr is a range: give a list such as"):
        list(read_space({"lr": (0.1, 0.2)}, Forecaster(3)).grid())
    wide = {"hidden_size": (1, 1000), "batch_size": (1, 1000)}
    with pytest.raises(InputError, match="1,000,000 combinations"):
        list(read_space(wide, Forecaster(3)).grid())


def test_settle_leaves_other_options_alone():
    fresh = settle(Forecaster(3, training_options={"l2": 0.1}), {"training_options.averaging": "ema", "lr": 0.5})
    assert fresh.training_options == {"l2": 0.1, "averaging": "ema"}
    assert fresh.lr == 0.5
