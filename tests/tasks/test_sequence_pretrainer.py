"""Learning without answers: what is hidden, what counts in the loss, and that it can be predicted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import grunit
from grunit import SequencePretrainer
from grunit.errors import InputError
from grunit.tasks.sequence_pretrainer import hide


def small(**changes) -> SequencePretrainer:
    return SequencePretrainer(**{"hidden_size": 16, "max_epochs": 60, "lr": 0.01, "verbose": 0, **changes})


def waves(count: int = 40, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [np.sin(0.5 * np.arange(int(generator.integers(15, 25))) + generator.uniform(0, 6)) for _ in range(count)]


@pytest.mark.parametrize(("aim", "bidirectional"), [("masked", True), ("next", False)])
def test_what_can_be_told_is_learnt(aim, bidirectional):
    """Targets are scaled to spread 1, so telling the mean costs 1; a wave can be told much better from its context."""
    pretrainer = small(aim=aim, bidirectional=bidirectional, validation_fraction=0.25).fit(waves())
    assert min(pretrainer.history_.validation) < 0.3


@pytest.mark.parametrize("aim", ["masked", "next"])
def test_noise_cannot_be_told(aim):
    """The least possible error of independent noise is its variance; less would be a leak."""
    generator = np.random.default_rng(0)
    X = [generator.normal(size=20) for _ in range(80)]
    pretrainer = small(aim=aim, bidirectional=aim == "masked", validation_fraction=0.5, max_epochs=20).fit(X)
    assert min(pretrainer.history_.validation) > 0.8


def test_hidden_spans_lie_within_the_rows():
    valid = torch.arange(200) < torch.tensor([[200], [50]])
    hidden = hide(valid, 0.3, 5)
    assert not hidden[1, 50:].any()
    runs = "".join("1" if step else "0" for step in hidden[0].tolist()).strip("0").split("0")
    assert all(len(run) >= 5 for run in runs[:-1] if run)  # the last may be cut by the end


def test_missing_values_are_not_asked_for():
    X = waves(8)
    for one in X:
        one[::2] = np.nan
    pretrainer = small(max_epochs=1).fit(X)
    model = pretrainer.model_
    inputs, lengths = torch.zeros(2, 6, 2), torch.tensor([6, 6])
    inputs[..., 0] = 3.0
    # The mask says that nothing is there, so there is no error to learn from.
    assert pretrainer.loss(model, (inputs, lengths, torch.zeros(2))).item() == 0.0


def test_a_step_cannot_be_told_from_those_after_it():
    with pytest.raises(InputError, match="set bidirectional=False"):
        small(aim="next").fit(waves(4))


def test_it_is_kept_and_loaded(tmp_path):
    pretrainer = small(max_epochs=1, aim="next", bidirectional=False).fit(waves(6))
    loaded = grunit.load(pretrainer.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.describe(waves(3)), pretrainer.describe(waves(3)))
