"""What every estimator does with the rarer training arguments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import grunit

WAVE = pd.DataFrame({"unique_id": "wave", "ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})


def forecaster(**options):
    return grunit.Forecaster(h=3, hidden_size=4, max_epochs=2, verbose=0, training_options=options or None)


def test_options_reach_the_settings():
    settings = forecaster(averaging="ema", l1=1e-4).settings(max_epochs=2)
    assert (settings.averaging, settings.l1, settings.l2) == ("ema", 1e-4, 0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"averagin": "ema"}, "'averagin' is none of the training_options: did you mean 'averaging'"),
        ({"lr": 0.1}, "'lr' is an argument of its own, not one of training_options: take it out"),
        ({"averaging": "mean"}, "averaging is 'mean': use one of none, ema, swa, triggered"),
    ],
)
def test_an_option_that_is_none_is_refused(options, message):
    with pytest.raises(grunit.GrunitError, match=message):
        forecaster(**options).fit(WAVE)


def test_options_are_cloned_and_saved_but_for_functions(tmp_path):
    calls = []

    def further(model, batch):
        calls.append(1)
        return next(model.parameters()).square().mean()

    fitted = clone(forecaster(averaging="ema", freeze=["core.*"], auxiliary=[(further, 0.1)])).fit(WAVE)
    assert calls
    loaded = grunit.load(fitted.save(tmp_path / "model"))
    assert loaded.training_options == {"averaging": "ema", "freeze": ["core.*"]}
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())


def test_what_is_frozen_stays_as_it_was_drawn():
    free, frozen = forecaster().fit(WAVE), forecaster(freeze=["core.*"]).fit(WAVE)
    other = forecaster(freeze=["core.*"], l1=0.5).fit(WAVE)
    name = next(name for name, _ in free.model_.named_parameters() if name.startswith("core."))
    values = [dict(model.model_.named_parameters())[name] for model in (free, frozen, other)]
    assert (values[1] == values[2]).all()
    assert (values[0] != values[1]).any()
