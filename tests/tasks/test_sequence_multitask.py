"""Several tasks on one core: losses as those of single tasks, the gradient of the total, answers, keeping."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

import grunit
from grunit import SequenceClassifier, SequenceMultitask, SequenceRegressor
from grunit.errors import DataError, InputError, NotFittedError

SMALL = {"hidden_size": 6, "max_epochs": 3, "lr": 0.02, "verbose": 0, "device": "cpu"}
TASKS = {"gesture": "classification", "speed": "regression"}


def moves(count: int = 40, seed: int = 0):
    """Waves that begin upwards or downwards, at a speed of their own; both are asked for."""
    generator = np.random.default_rng(seed)
    side, speed = generator.choice([-1, 1], count), generator.uniform(0.3, 1.2, count)
    steps = generator.integers(8, 14, count)
    X = [one * np.sin(pace * np.arange(long)) for one, pace, long in zip(side, speed, steps, strict=True)]
    return X, {"gesture": np.where(side > 0, "up", "down"), "speed": speed}


@pytest.fixture(scope="module")
def fitted() -> SequenceMultitask:
    X, y = moves()
    return SequenceMultitask(TASKS, {"speed": 0.5}, **SMALL).fit(X, y)


def batch_of(estimator, X, *targets):
    """As the loop makes them, in double precision: inputs, lengths, targets."""
    lengths = torch.tensor([len(one) for one in X])
    inputs = torch.zeros(len(X), int(lengths.max()), 1, dtype=torch.float64)
    for row, one in enumerate(X):
        inputs[row, : len(one), 0] = torch.from_numpy(estimator.scaler_.transform(one[:, None])[:, 0])
    return (
        inputs,
        lengths,
        torch.cat([torch.as_tensor(one, dtype=torch.float64).reshape(len(X), -1) for one in targets], 1),
    )


def test_each_loss_is_that_of_a_single_task_with_the_same_weights(fitted):
    X, y = moves()
    codes, scaled = y["gesture"] == "up", (y["speed"] - y["speed"].mean()) / y["speed"].std()
    model = fitted.model_.double()
    inputs, lengths, targets = batch_of(fitted, X, codes, scaled)
    losses = fitted.losses(model, (inputs, lengths, targets))
    for name, single, answers in (
        ("gesture", SequenceClassifier(**SMALL), y["gesture"]),
        ("speed", SequenceRegressor(**SMALL), y["speed"]),
    ):
        single.fit(X, answers)
        own = single.model_.double()
        state = model.state_dict()
        head = {f"head.{part}": state[f"head.tasks.{name}.{part}"] for part in ("weight", "bias")}
        own.load_state_dict({**{key: value for key, value in state.items() if not key.startswith("head.")}, **head})
        column = torch.from_numpy(codes.astype(int)) if name == "gesture" else targets[:, 1:]
        expected = single.loss(own, (inputs, lengths, column))
        torch.testing.assert_close(losses[name], expected, rtol=1e-6, atol=0)  # losses are float32
    # And by hand, from what the network says.
    outputs = model(inputs, lengths).detach().numpy()
    powers = np.exp(outputs[:, :2])
    likely = (powers / powers.sum(1, keepdims=True))[np.arange(len(X)), codes.astype(int)]
    assert losses["gesture"].item() == pytest.approx(-np.log(likely).mean(), rel=1e-5)
    assert losses["speed"].item() == pytest.approx(np.square(outputs[:, 2] - scaled).mean(), rel=1e-5)
    fitted.model_.float()


def test_the_total_and_its_gradient_are_weighted_sums(fitted):
    X, y = moves()
    batch = batch_of(fitted, X, y["gesture"] == "up", y["speed"])
    model = fitted.model_.double()
    names = dict(model.named_parameters())
    losses = fitted.losses(model, batch)
    total = fitted.loss(model, batch)
    assert total.item() == pytest.approx(losses["gesture"].item() + 0.5 * losses["speed"].item(), rel=1e-6)

    def gradient(value):
        found = torch.autograd.grad(value, names.values(), retain_graph=True, allow_unused=True)
        return {
            name: torch.zeros_like(names[name]) if one is None else one for name, one in zip(names, found, strict=True)
        }

    whole, first, second = gradient(total), gradient(losses["gesture"]), gradient(losses["speed"])
    for name in names:
        torch.testing.assert_close(whole[name], first[name] + 0.5 * second[name], rtol=1e-5, atol=1e-9)
    core = [name for name in names if name.startswith("core.")]
    assert all(first[name].abs().sum() > 0 and second[name].abs().sum() > 0 for name in core)  # both teach the core
    assert second["head.tasks.gesture.weight"].abs().sum() == 0  # and their own head alone
    fitted.model_.float()


@pytest.mark.slow
def test_two_related_tasks_are_learnt_together():
    X, y = moves(160)
    later, truth = moves(80, seed=1)
    both = SequenceMultitask(TASKS, hidden_size=24, max_epochs=50, lr=0.01, verbose=0).fit(X, y)
    scores = both.score(later, truth)
    assert scores["gesture"] >= 0.98
    assert scores["speed"] >= 0.9


def test_a_task_that_weighs_nothing_teaches_nothing():
    X, y = moves(12)
    noise = {**y, "speed": np.random.default_rng(0).normal(size=12)}
    one, other = (
        SequenceMultitask(TASKS, {"speed": 0.0}, **{**SMALL, "weight_decay": 0.0}).fit(X, given) for given in (y, noise)
    )
    np.testing.assert_array_equal(one.predict_proba(X)["gesture"], other.predict_proba(X)["gesture"])


def test_answers_are_in_the_words_and_units_of_each_task(fitted):
    X, y = moves(10, seed=2)
    answers = fitted.predict(X)
    assert list(answers) == ["gesture", "speed"]
    assert set(answers["gesture"]) <= {"up", "down"}
    assert answers["speed"].shape == (10,)
    chances = fitted.predict_proba(X)
    assert list(chances) == ["gesture"]
    np.testing.assert_allclose(chances["gesture"].sum(1), 1, rtol=1e-12)
    assert answers["gesture"].tolist() == fitted.heads_["gesture"].classes[chances["gesture"].argmax(1)].tolist()
    scores = fitted.score(X, y)
    assert scores["gesture"] == np.mean(answers["gesture"] == y["gesture"])
    spread = np.square(y["speed"] - y["speed"].mean()).sum()
    assert scores["speed"] == pytest.approx(1 - np.square(answers["speed"] - y["speed"]).sum() / spread)


def test_a_frame_of_answers_several_numbers_and_three_tasks():
    X, y = moves(14)
    tasks = {"speed": "regression", "both": "regression", "gesture": "classification"}
    given = {**y, "both": np.c_[y["speed"], -y["speed"]]}
    found = SequenceMultitask(tasks, **SMALL).fit(X, given).predict(X)
    assert {name: value.shape for name, value in found.items()} == {"speed": (14,), "both": (14, 2), "gesture": (14,)}
    frame = SequenceMultitask(TASKS, **SMALL).fit(X, pd.DataFrame(y)).predict(X)
    mapping = SequenceMultitask(TASKS, **SMALL).fit(X, y).predict(X)
    for name in TASKS:
        np.testing.assert_array_equal(frame[name], mapping[name])


def test_kept_and_loaded_it_answers_the_same(fitted, tmp_path):
    X, _ = moves(6, seed=3)
    again = grunit.load(fitted.save(tmp_path / "kept"))
    assert (again.tasks, again.task_weights) == (TASKS, {"speed": 0.5})
    for name, value in fitted.predict(X).items():
        np.testing.assert_array_equal(again.predict(X)[name], value)
    assert clone(again).get_params() == again.get_params()


def test_resumed_it_ends_at_the_same_bits():
    X, y = moves(12)

    def stop(history):
        if history.epochs == 1:
            raise KeyboardInterrupt

    half, whole = (SequenceMultitask(TASKS, **SMALL) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        half.fit(X, y, watch=stop)
    half.fit(X, y, resume=True)
    whole.fit(X, y)
    for one, other in zip(half.model_.parameters(), whole.model_.parameters(), strict=True):
        assert torch.equal(one, other)


def test_its_core_helps_a_single_task_and_its_heads_can_be_frozen(fitted):
    X, y = moves()
    single = SequenceClassifier(**{**SMALL, "max_epochs": 1, "training_options": {"freeze": ["core.*"]}})
    single.fit(X, y["gesture"], transfer=fitted)
    for name, value in single.model_.core.state_dict().items():
        assert torch.equal(value, fitted.model_.core.state_dict()[name])
    frozen = SequenceMultitask(TASKS, **SMALL, training_options={"freeze": ["head.tasks.speed.*"]})
    assert frozen.fit(X, y).history_.epochs == 3


@pytest.mark.parametrize(
    ("tasks", "weights", "words"),
    [
        ({}, None, "give names and kinds"),
        (["gesture"], None, "give names and kinds"),
        ({"gesture": "clasification"}, None, "did you mean 'classification'"),
        ({"a.b": "regression"}, None, "'a.b' cannot name a task"),
        ({"values": "regression"}, None, "'values' cannot name a task"),
        (TASKS, {"sped": 1.0}, "no task 'sped': did you mean 'speed'"),
        (TASKS, {"speed": -1.0}, "give a number of at least 0"),
        (TASKS, {"speed": 0.0, "gesture": 0.0}, "leaves no task"),
        (TASKS, [1, 2], "give numbers by the name"),
    ],
)
def test_tasks_and_weights_that_cannot_be_are_refused(tasks, weights, words):
    X, y = moves(6)
    with pytest.raises(InputError, match=words):
        SequenceMultitask(tasks, weights, **SMALL).fit(X, y)


def test_answers_that_do_not_fit_the_tasks_are_refused(fitted):
    X, y = moves(6)
    new = SequenceMultitask(TASKS, **SMALL)
    with pytest.raises(InputError, match="no targets of the task 'speed'"):
        new.fit(X, {"gesture": y["gesture"]})
    with pytest.raises(InputError, match="targets of 'pace', which is no task"):
        new.fit(X, {**y, "pace": y["speed"]})
    with pytest.raises(InputError, match="give the targets of each task by name"):
        new.fit(X, y["gesture"])
    with pytest.raises(DataError, match="6 sequences and y 5 values"):
        new.fit(X, {**y, "speed": y["speed"][:5]})
    with pytest.raises(NotFittedError):
        SequenceMultitask(TASKS).predict(X)
