"""The temperature of probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from grunit.tasks.text_classifier_calibration import fit_temperature


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_it_finds_the_temperature_that_labels_were_drawn_at(temperature):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20000, 3)) * 2
    powers = np.exp(logits / temperature)
    shares = (powers / powers.sum(1, keepdims=True)).cumsum(1)
    codes = (generator.random((20000, 1)) > shares).sum(1)
    assert fit_temperature(logits, codes) == pytest.approx(temperature, rel=0.05)


def test_answers_that_are_always_right_do_not_end_at_infinity():
    assert 0.05 <= fit_temperature(np.array([[5.0, 0.0], [0.0, 5.0]]), np.array([0, 1])) < 0.2
