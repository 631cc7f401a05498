"""Classes that are not known before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import grunit
from grunit.errors import DataError, InputError
from grunit.online import OnlineClassifier

SMALL = {"hidden_size": 8, "lr": 0.02, "lookback": 1}


@pytest.fixture(autouse=True)
def quick():
    """Thousands of steps: in C where there is a compiler, which pays for compiling."""
    with grunit.backend("auto"):
        yield


def signs(count: int, seed: int = 0) -> list[tuple[dict[str, float], str]]:
    rng = np.random.default_rng(seed)
    return [({"a": float(a)}, "up" if a > 0.5 else "down" if a < -0.5 else "flat") for a in rng.standard_normal(count)]


def test_it_learns_three_classes():
    model = OnlineClassifier(**SMALL)
    hits = []
    for x, y in signs(1200):
        hits.append(model.predict_one(x) == y)
        model.learn_one(x, y)
    assert np.mean(hits[-300:]) > 0.85
    assert sorted(model.classes_) == ["down", "flat", "up"]
    shares = model.predict_proba_one({"a": 2.0})
    assert sum(shares.values()) == pytest.approx(1)
    assert max(shares, key=shares.get) == "up"


def test_memory_tells_what_the_row_alone_does_not():
    """The class is the sign of the row before: only the carried state knows."""
    rng = np.random.default_rng(1)
    values = rng.choice([-1.0, 1.0], 2500)
    model = OnlineClassifier(hidden_size=8, lr=0.02, lookback=3)
    hits = []
    for before, value in itertools.pairwise(values):
        x = {"a": float(value)}
        hits.append(model.predict_one(x) == bool(before > 0))
        model.learn_one(x, bool(before > 0))
    assert np.mean(hits[-300:]) > 0.95


def test_before_the_first_answer_there_is_no_class():
    model = OnlineClassifier(**SMALL)
    assert model.predict_one({"a": 1.0}) is None
    assert model.predict_proba_one({"a": 2.0}) == {}


def test_true_is_not_one():
    model = OnlineClassifier(**SMALL)
    model.learn_one({"a": 1.0}, True)
    model.learn_one({"a": 2.0}, 1)
    assert [type(one) for one in model.classes_] == [bool, int]


def test_too_many_classes_are_refused_before_anything_is_learned():
    model = OnlineClassifier(**SMALL, classes=2)
    for y in (0, 1):
        model.learn_one({"a": 1.0}, y)
    weights = model.follower_.network.weights.copy()
    with pytest.raises(DataError, match="classes=4"):
        model.learn_one({"a": 1.0}, 2)
    with pytest.raises(DataError, match="float"):
        model.learn_one({"a": 1.0}, 0.5)
    np.testing.assert_array_equal(model.follower_.network.weights, weights)


def test_a_snapshot_goes_on_alike(tmp_path):
    model = OnlineClassifier(**SMALL)
    for x, y in signs(50):
        model.learn_one(x, y)
    model.save(tmp_path / "model")
    again = grunit.load(tmp_path / "model")
    for x, y in signs(20, seed=2):
        assert model.predict_proba_one(dict(x)) == again.predict_proba_one(dict(x))
        for one in (model, again):
            one.learn_one(x, y)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InputError, match="at least 2"):
        OnlineClassifier(classes=1)
