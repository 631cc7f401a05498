"""The classifier: scikit-learn's own checks, labels and sequences of any kind, weights, resuming, saving."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import grunit
from grunit import SequenceClassifier
from grunit.errors import DataError, InputError, NotFittedError


def small(**changes) -> SequenceClassifier:
    return SequenceClassifier(**{"hidden_size": 8, "max_epochs": 30, "lr": 0.02, "verbose": 0, **changes})


def waves(count: int = 24, features: int = 1, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Slow and quick waves of unequal length; which is which cannot be told from length or mean."""
    generator = np.random.default_rng(seed)
    X, y = [], []
    for index in range(count):
        steps = int(generator.integers(12, 20))
        pace = 0.3 if index % 2 else 1.2
        phase = generator.uniform(0, 6, size=features)
        X.append(np.sin(pace * np.arange(steps)[:, None] + phase))
        y.append("quick" if index % 2 == 0 else "slow")
    return X, np.array(y)


CHECKS = list(estimator_checks_generator(SequenceClassifier(hidden_size=16, max_epochs=10, verbose=0)))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # some checks provoke the warnings of scikit-learn that they look for
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=lambda value: getattr(value, "func", type(value)).__name__)
def test_scikit_learn_is_content(estimator, check):
    check(estimator)


def test_it_tells_waves_of_unequal_length_apart():
    X, y = waves(32)
    classifier = small().fit(X, y)
    fresh, truth = waves(40, seed=1)
    assert classifier.score(fresh, truth) >= 0.95
    probabilities = classifier.predict_proba(fresh)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    np.testing.assert_array_equal(classifier.classes_[probabilities.argmax(1)], classifier.predict(fresh))
    assert log_loss(truth, probabilities, labels=classifier.classes_) < 0.3


@pytest.mark.parametrize(
    "labels",
    [["b", "a"], [3, -1], [True, False], [0.0, 2.0], np.array(["x", "y"], dtype=object)],
    ids=["text", "whole numbers", "truth", "floats", "objects"],
)
def test_labels_of_any_kind_come_back_after_saving(labels, tmp_path):
    X, _ = waves(8)
    y = np.array([labels[index % 2] for index in range(8)], dtype=getattr(labels, "dtype", None))
    classifier = small(max_epochs=2).fit(X, y)
    np.testing.assert_array_equal(classifier.classes_, np.unique(y))
    loaded = grunit.load(classifier.save(tmp_path / "model"))
    assert loaded.predict(X).dtype == classifier.predict(X).dtype == y.dtype
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    assert loaded._config() == classifier._config()


def test_the_forms_of_x_say_the_same():
    """An array with a feature axis, a list of columns and a list of vectors hold the same sequences."""
    table = np.random.default_rng(0).normal(size=(10, 6))
    y = np.arange(10) % 2
    answers = [
        small(max_epochs=2).fit(X, y).predict_proba(X)
        for X in (table, table[..., None], list(table), [row[:, None] for row in table], pd.DataFrame(table))
    ]
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


def test_padding_and_neighbours_do_not_change_an_answer():
    X, y = waves(10, features=2)
    for options in ({}, {"front": "convolution"}, {"branch": "convolution"}, {"pooling": "attention"}):
        classifier = small(max_epochs=1, branch_options=BRANCH if "branch" in options else None, **options).fit(X, y)
        together = classifier.predict_proba(X)
        alone = np.concatenate([classifier.predict_proba([one]) for one in X])
        np.testing.assert_allclose(together, alone, rtol=1e-9)


BRANCH = {"channels": (4, 4), "kernel_sizes": (4, 3)}


def test_a_network_that_only_sees_masks_learns_from_what_is_missing():
    """The values say nothing; where they are missing says everything."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 10, 1))
    y = np.arange(40) % 2
    X[y == 1, 3:6] = np.nan
    classifier = small(max_epochs=60).fit(X, y)
    assert classifier.masked_ == [0]
    assert classifier.model_.features == 2
    assert classifier.score(X, y) == 1.0
    complete = small(max_epochs=1).fit(np.nan_to_num(X), y)
    assert complete.masked_ == []
    assert np.isfinite(complete.predict_proba(X)).all()


def test_weights_of_classes_are_those_of_the_loss():
    """Against the definition: weight of the class times the negative log likelihood, mean weight 1."""
    X, y = [np.ones(3)] * 4, ["rare", "common", "common", "common"]
    classifier = small(max_epochs=1, class_weight="balanced").fit(X, y)
    # 4 / (2 * 3) and 4 / (2 * 1), whose mean over the rows is 1 already
    np.testing.assert_allclose(classifier.class_weights_, [2 / 3, 2.0])
    logits = torch.tensor([[0.3, -0.2], [0.1, 0.4]])
    targets = torch.tensor([0, 1])
    expected = -(torch.log_softmax(logits, 1)[range(2), targets] * torch.tensor([2 / 3, 2.0])).mean()
    model = torch.nn.Identity()
    model.forward = lambda inputs, lengths: inputs[:, 0]  # type: ignore[method-assign]
    value = classifier.loss(model, (logits.unsqueeze(1), torch.tensor([1, 1]), targets))
    torch.testing.assert_close(value, expected)
    named = small(max_epochs=1, class_weight={"rare": 3}).fit(X, y)
    np.testing.assert_allclose(named.class_weights_, np.array([1, 3]) / 1.5)


def test_class_weights_move_the_decision():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(40, 4)), np.arange(40) % 2  # nothing to learn
    heavy = small(class_weight={0: 1000, 1: 0.001}).fit(X, y)
    assert (heavy.predict(X) == 0).all()


def test_weights_by_number_survive_saving(tmp_path):
    X, _ = waves(6)
    classifier = small(max_epochs=1, class_weight={0: 1.0, 1: 2.0}).fit(X, [0, 1] * 3)
    loaded = grunit.load(classifier.save(tmp_path / "model"))
    assert loaded.class_weight == {0: 1.0, 1: 2.0}
    loaded.fit(X, [0, 1] * 3)


def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path):
    X, y = waves(20)
    options = {"max_epochs": 4, "dropout": 0.3, "validation_fraction": 0.3, "branch": "convolution"}
    whole = small(**options, branch_options=BRANCH).fit(X, y)

    def stop(history):
        if history.epochs == 2:
            raise KeyboardInterrupt

    broken = small(**options, branch_options=BRANCH)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, y, watch=stop)
    resumed = grunit.load(broken.save(tmp_path / "model")).fit(X, y, resume=True)
    assert resumed.history_.epochs == 4
    for name, value in whole.model_.state_dict().items():
        assert torch.equal(value, resumed.model_.state_dict()[name]), name


def test_validation_takes_of_every_class_and_stops_early():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(40, 5)), np.arange(40) % 2  # noise: nothing to learn, so patience runs out
    classifier = small(patience=2, max_epochs=50).fit(X, y)
    assert classifier.history_.stopped_early
    assert len(classifier.history_.validation) < 50


def test_the_scale_is_of_what_is_learnt_from_alone():
    X = np.arange(10.0)[:, None] * np.ones((1, 3))
    classifier = small(max_epochs=1, validation_fraction=0.5).fit(X, [0, 1] * 5)
    learnt = 10 - round(0.5 * 5) * 2
    assert learnt == 6
    means = {np.mean(rows) for rows in itertools.combinations(range(10), 6)}
    assert min(abs(classifier.scaler_.center[0] - mean) for mean in means) < 1e-12
    whole = small(max_epochs=1).fit(X, [0, 1] * 5)
    assert whole.scaler_.center[0] == 4.5


def test_searches_and_scores_of_scikit_learn_take_lists_of_unequal_sequences():
    X, y = waves(18, features=2)
    assert cross_val_score(small(), X, y, cv=3).mean() > 0.6
    grid = GridSearchCV(small(max_epochs=2), {"cell": ["gru", "mgu"]}, cv=2).fit(X, y)
    assert grid.best_estimator_.predict(X[:3]).shape == (3,)
    random = RandomizedSearchCV(small(max_epochs=2), {"hidden_size": [4, 8]}, n_iter=2, cv=2, random_state=0).fit(X, y)
    assert random.best_params_["hidden_size"] in (4, 8)


def test_it_stands_at_the_end_of_a_pipeline():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(30, 6)), np.arange(30) % 2
    X[y == 1, :3] += 3
    pipeline = make_pipeline(StandardScaler(), small()).fit(X, y)
    assert pipeline.score(X, y) > 0.9


def test_clone_keeps_arguments_and_nothing_learnt():
    X, y = waves(6)
    classifier = small(max_epochs=1, cell=["gru", "lstm"], num_layers=2).fit(X, y)
    twin = clone(classifier)
    assert twin.get_params() == classifier.get_params()
    assert not hasattr(twin, "model_")
    with pytest.raises(NotFittedError, match="not fitted"):
        twin.predict(X)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([], [], "0 sample"),
        ([np.ones(3), np.ones((2, 2))], [0, 1], "sequence 1 has 2 features and sequence 0 has 1"),
        ([np.ones(3), np.ones(0)], [0, 1], "sequence 1 has shape"),
        ([np.ones(3), np.array([1, np.inf])], [0, 1], "sequence 1 contains infinity at"),
        ([np.ones(3), np.array(["a", "b"])], [0, 1], "sequence 1 holds something that is not a number"),
        ([np.ones(3)] * 2, [0], "2 sequences and y 1 value"),
        ([np.ones(3)] * 2, None, "target y is None"),
        ([np.ones(3)] * 4, [0.5, 1.5, 2.5, 3.1], "Unknown label type"),
        (np.ones((2, 3, 4, 5)), [0, 1], "dim 4|shape"),
    ],
)
def test_data_that_cannot_be_used_is_refused(X, y, message):
    with pytest.raises(DataError, match=message):
        small().fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"validation_fraction": 1.5}, "validation_fraction is 1.5"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"class_weight": "even"}, "class_weight is 'even'"),
        ({"class_weight": {"z": 1}}, "names 'z'"),
        ({"front": "convolve"}, "front must be one of"),
        ({"branch": "fcn"}, "branch must be one of"),
        ({"pooling": "middle"}, "unknown pooling"),
        ({"scaler": "log"}, "unknown scaler"),
        ({"cell": "gru_d"}, "also needs mask, dt"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    X, y = waves(4)
    with pytest.raises(InputError, match=message):
        small(**{"max_epochs": 1, **options}).fit(X, y)


def test_a_table_is_answered_with_its_own_number_of_steps_and_lists_with_any():
    X, y = np.random.default_rng(0).normal(size=(6, 5)), [0, 1] * 3
    classifier = small(max_epochs=1).fit(X, y)
    with pytest.raises(DataError, match="4 features, but SequenceClassifier is expecting 5"):
        classifier.predict(X[:, :4])
    assert classifier.predict([X[0, :4], X[1, :2]]).shape == (2,)
    with pytest.raises(DataError, match="has 2 features, but"):
        classifier.predict(np.zeros((3, 5, 2)))
