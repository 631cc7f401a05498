"""Predict, then learn: what is learned, and that late, lost and disordered answers find their rows."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from tests.online.streams import rows

import grunit
from grunit.errors import BundleError, DataError, InputError
from grunit.online import OnlineRegressor

SMALL = {"hidden_size": 8, "lr": 0.02, "lookback": 1}


@pytest.fixture(autouse=True)
def quick():
    """Thousands of steps: in C where there is a compiler, which pays for compiling."""
    with grunit.backend("auto"):
        yield


def follow(model: OnlineRegressor, data) -> list[float]:
    """Predictions, each made before its answer is learned."""
    found = []
    for x, y in data:
        found.append(model.predict_one(x))
        model.learn_one(x, y)
    return found


def test_it_learns_a_function():
    data = rows(1500)
    predictions = follow(OnlineRegressor(**SMALL), data)
    errors = np.abs(np.array(predictions) - [y for _, y in data])
    spread = np.std([y for _, y in data])
    assert errors[:50].mean() > 0.5 * spread
    assert errors[-300:].mean() < 0.2 * spread


def test_one_step_of_it_is_torchs():
    """The first answers, written out with torch.nn.GRU, autograd and torch.optim.Adam."""
    data = rows(20)
    with grunit.backend("torch"):
        model = OnlineRegressor(hidden_size=8, lr=0.02, lookback=1, memory=None)
    model.ask(data[0][0])
    core = copy.deepcopy(model.follower_.network.core)
    gru, head = torch.nn.GRU(2, 8), copy.deepcopy(model.follower_.network.head)
    gru.load_state_dict({f"{name.split('.')[-1]}_l0": value for name, value in core.state_dict().items()})
    optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=0.02)
    state, seen, answers = torch.zeros(1, 1, 8), [], []
    for x, y in data:
        seen.append(list(x.values()))
        values = np.array(seen)
        spread = values.std(0)
        row = (values[-1] - values.mean(0)) / np.where(spread > 0, spread, 1)
        start, state = state, gru(torch.tensor(row, dtype=torch.float32).view(1, 1, 2), state)[1].detach()
        center, scale = (np.mean(answers), np.std(answers) or 1.0) if answers else (0.0, 1.0)
        expected = center + scale * head(state[0, 0]).item()
        assert model.predict_one(x) == pytest.approx(expected, rel=1e-4, abs=1e-4)
        model.learn_one(x, y)
        answers.append(y)
        wanted = np.clip((y - np.mean(answers)) / (np.std(answers) or 1.0), -10, 10)
        output, _ = gru(torch.tensor(row, dtype=torch.float32).view(1, 1, 2), start)
        optimizer.zero_grad()
        torch.nn.functional.huber_loss(head(output[0, 0]), torch.tensor([wanted], dtype=torch.float32)).backward()
        torch.nn.utils.clip_grad_norm_([*gru.parameters(), *head.parameters()], 1.0)
        optimizer.step()


def test_answers_by_key_may_come_late_and_in_any_order():
    data = rows(30)
    model = OnlineRegressor(**SMALL)
    asked = [model.predict_one(x, key=at) for at, (x, _) in enumerate(data)]
    order = np.random.default_rng(0).permutation(30)
    errors = []
    for at in order:
        model.learn_one({}, data[at][1], key=int(at))
        errors.append(abs(asked[at] - data[at][1]))
    assert len(model.follower_.room) == 0
    assert model.follower_.answered == 30
    assert sorted(model.interval_._sorted) == pytest.approx(sorted(errors)), "each was held against its own prediction"
    with pytest.raises(DataError, match="no row with the key 3"):
        model.learn_one({}, 1.0, key=3)


def test_without_keys_answers_find_the_row_of_the_same_values():
    (first, one), (second, two), (third, three) = rows(3)
    model = OnlineRegressor(**SMALL)
    predictions = [model.predict_one(x) for x in (first, second, third)]
    model.learn_one(dict(third), three)
    model.learn_one(dict(first), one)
    expected = [abs(predictions[2] - three), abs(predictions[0] - one)]
    assert model.interval_._sorted == sorted(expected)
    assert [q.notes["prediction"] for q in model.follower_.room] == [predictions[1]]
    assert two is not None


def test_a_row_never_asked_is_asked_when_it_is_learned():
    (x, y), (other, _) = rows(2)
    model = OnlineRegressor(**SMALL)
    model.learn_one(x, y)
    assert model.follower_.answered == 1
    twin = OnlineRegressor(**SMALL)
    twin.predict_one(x)
    twin.learn_one(x, y)
    assert model.predict_one(other) == twin.predict_one(other)


def test_asking_twice_moves_the_state_once():
    (x, y), (other, _) = rows(2)
    model, twin = OnlineRegressor(**SMALL), OnlineRegressor(**SMALL)
    assert model.predict_one(x) == model.predict_one(x)
    twin.predict_one(x)
    np.testing.assert_array_equal(model.follower_.network.state, twin.follower_.network.state)
    assert len(model.follower_.room) == 1
    x["a"] = 5.0  # the same dictionary with other values is another row
    model.predict_one(x)
    assert len(model.follower_.room) == 2
    assert (y, other) is not None


def test_answers_that_never_come():
    model = OnlineRegressor(**SMALL, waiting=10)
    for at, (x, _) in enumerate(rows(25)):
        model.predict_one(x, key=at)
    assert len(model.follower_.room) == 10
    assert model.follower_.room.dropped == 15
    model.learn_one({}, None, key=20)
    assert len(model.follower_.room) == 9
    assert model.follower_.answered == 0


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_a_snapshot_goes_on_to_the_last_bit(tmp_path, backend):
    data = rows(120)
    with grunit.backend(backend):
        model = OnlineRegressor(hidden_size=8, lookback=3, lr=0.02)
        follow(model, data[:60])
        model.predict_one(data[60][0], key="late")
        model.save(tmp_path / "model")
        again = grunit.load(tmp_path / "model")
        for one in (model, again):
            one.learn_one({}, data[60][1], key="late")
        assert follow(model, data[61:]) == follow(again, data[61:])
    assert model.interval_.to_json() == again.interval_.to_json()


def test_a_copy_goes_on_alike_and_alone():
    data = rows(60)
    model = OnlineRegressor(**SMALL)
    follow(model, data[:30])
    twin = copy.deepcopy(model)
    weights = model.follower_.network.weights.copy()
    expected = follow(twin, data[30:])
    np.testing.assert_array_equal(model.follower_.network.weights, weights)
    assert follow(model, data[30:]) == expected


def test_missing_and_unknown_features():
    model = OnlineRegressor(**SMALL)
    follow(model, rows(50))
    assert math.isfinite(model.predict_one({"a": None}))
    assert math.isfinite(model.predict_one({"a": 1.0, "b": 2.0, "c": 3.0}))
    with pytest.raises(DataError, match="'a' is 'much'"):
        model.predict_one({"a": "much", "b": 1.0})


def test_a_new_stream_keeps_what_was_learned():
    model = OnlineRegressor(**SMALL)
    follow(model, rows(100))
    weights = model.follower_.network.weights.copy()
    model.reset()
    np.testing.assert_array_equal(model.follower_.network.weights, weights)
    assert not model.follower_.network.state.any()


def test_intervals_hold_what_they_promise():
    model = OnlineRegressor(**SMALL)
    data = rows(1500, seed=4)
    inside = []
    for x, y in data:
        low, high = model.interval_one(x)[80]
        inside.append(low <= y <= high)
        model.learn_one(x, y)
    assert np.mean(inside[100:]) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    "arguments", [{"lr": 0}, {"hidden_size": 0}, {"lookback": 1.5}, {"level": [120]}, {"waiting": 0}, {"lr": "fast"}]
)
def test_what_cannot_be_used_is_refused(arguments):
    with pytest.raises(InputError):
        OnlineRegressor(**arguments)


@pytest.mark.parametrize("y", ["soon", 1e200, [1]])
def test_an_answer_that_is_no_number_leaves_the_row_waiting(y):
    model = OnlineRegressor(**SMALL)
    x, _ = rows(1)[0]
    model.predict_one(x)
    with pytest.raises(DataError):
        model.learn_one(x, y)
    assert len(model.follower_.room) == 1


def test_a_snapshot_of_another_network_is_refused(tmp_path):
    model = OnlineRegressor(**SMALL)
    follow(model, rows(5))
    config, tensors, encoders = model.snapshot()
    other = OnlineRegressor(**{**config, "hidden_size": 9})
    with pytest.raises(BundleError, match="parameters"):
        other.restore(tensors, encoders)
