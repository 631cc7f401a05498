"""Beginning from another model: which weights are taken, and which stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grunit import SequenceClassifier, SequencePretrainer, SequenceRegressor
from grunit.errors import DataError, InputError, NotFittedError

SMALL = {"hidden_size": 6, "max_epochs": 1, "verbose": 0}


def data(features: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return 5 + 3 * generator.normal(size=(12, 7, features)), np.arange(12) % 2


def test_weights_and_scale_come_along_and_frozen_ones_stay(tmp_path):
    X, y = data()
    pretrainer = SequencePretrainer(**SMALL).fit(X)
    for source in (pretrainer, pretrainer.save(tmp_path / "model")):
        options = {"freeze": ["core.*"]}
        classifier = SequenceClassifier(**SMALL, training_options=options).fit(X[:4] + 1, y[:4], transfer=source)
        for name, value in pretrainer.model_.core.state_dict().items():
            assert torch.equal(classifier.model_.core.state_dict()[name], value), name
        np.testing.assert_array_equal(classifier.scaler_.center, pretrainer.scaler_.center)
        assert classifier.model_.head.out_features == 2


def test_without_freezing_all_weights_learn_from_there():
    X, y = data()
    pretrainer = SequencePretrainer(**SMALL).fit(X)
    still = SequenceRegressor(**SMALL, lr=1e-12, weight_decay=0).fit(X, y.astype(float), transfer=pretrainer)
    moved = SequenceRegressor(**{**SMALL, "max_epochs": 20}).fit(X, y.astype(float), transfer=pretrainer)
    for name, value in pretrainer.model_.core.named_parameters():
        torch.testing.assert_close(still.model_.core.get_parameter(name), value)
        assert not torch.equal(moved.model_.core.get_parameter(name), value)


def test_what_does_not_fit_is_refused():
    X, y = data()
    pretrainer = SequencePretrainer(**SMALL).fit(X)
    with pytest.raises(InputError, match="another core"):
        SequenceClassifier(**{**SMALL, "hidden_size": 7}).fit(X, y, transfer=pretrainer)
    with pytest.raises(DataError, match="has 2 features and X 1"):
        SequenceClassifier(**SMALL).fit(X[..., :1], y, transfer=pretrainer)
    with pytest.raises(InputError, match="transfer is a dict"):
        SequenceClassifier(**SMALL).fit(X, y, transfer={})
    with pytest.raises(NotFittedError):
        SequenceClassifier(**SMALL).fit(X, y, transfer=SequencePretrainer())
