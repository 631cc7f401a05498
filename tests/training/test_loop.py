"""The loop against textbook gradients, against itself interrupted, and against bad luck."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch
from torch import nn

import grunit
from grunit.errors import InputError
from grunit.training import Batches, Checkpoint, DivergenceError, Settings, fit, seeded


class Tagger(nn.Module):
    """A recurrent network that answers at every step."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.core = grunit.Recurrent("gru", 2, 4, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4, 1)

    def forward(self, x, state=None):
        output, state = self.core(x, state)
        return self.head(self.dropout(output)), state


def whole_loss(model, batch):
    return (model(batch[0])[0] - batch[1]).square().mean()


def piece_loss(model, piece, state):
    output, state = model(piece[0], state)
    return (output - piece[1]).square().mean(), state


def data(rows: int = 10, steps: int = 6):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(rows, steps, 2, generator=generator)
    return x, x.cumsum(1)[..., :1]


def train(epochs=3, dropout=0.3, validation=None, loss=whole_loss, keep=None, resume=None, watch=None, **settings):
    with seeded(5):
        model = Tagger(dropout)
        history = fit(
            model,
            loss,
            Batches(data(), 4, seed=5),
            validation,
            Settings(max_epochs=epochs, lr=0.05, verbose=0, device="cpu", **settings),
            keep=keep,
            resume=resume,
            watch=watch,
        )
    return model, history


def same(first: nn.Module, second: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_one_step_of_plain_descent_is_the_formula():
    x, y = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 1, dtype=torch.float64)
    line = nn.Linear(3, 1, bias=False).double()
    start = line.weight.detach().clone()
    gradient = 2 / 5 * (x @ start.T - y).T @ x
    settings = Settings(max_epochs=1, lr=0.1, optimizer="sgd", weight_decay=0, clip=None, verbose=0, device="cpu")
    fit(line, lambda model, batch: (model(batch[0]) - batch[1]).square().mean(), Batches((x, y), 5), None, settings)
    assert torch.allclose(line.weight, start - 0.1 * gradient, rtol=0, atol=1e-12)


def test_clipping_bounds_the_step():
    line = nn.Linear(1, 1, bias=False)
    start = line.weight.item()
    settings = Settings(max_epochs=1, lr=1.0, optimizer="sgd", weight_decay=0, clip=0.25, verbose=0, device="cpu")
    x = torch.full((4, 1), 100.0)
    fit(line, lambda model, batch: model(batch[0]).mean(), Batches((x,), 4), None, settings)
    assert abs(line.weight.item() - start) == pytest.approx(0.25, rel=1e-4)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_generators_alone():
    before = torch.get_rng_state()
    first, _ = train()
    assert torch.equal(torch.get_rng_state(), before)
    assert same(first, train()[0])


class StopError(Exception):
    """Stands for anything that kills a training between epochs."""


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("scheduler", ["one_cycle", "plateau"])
def test_resume_from_disk_ends_at_the_same_bits(tmp_path, optimizer, scheduler):
    options = {"optimizer": optimizer, "scheduler": scheduler, "validation": Batches(data(4), 4, shuffle=False)}
    whole, history = train(5, **options)

    def stop(history):
        if history.epochs == 2:
            raise StopError

    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(StopError):
        train(5, keep=lambda moment: moment.save(file), watch=stop, **options)
    resumed, again = train(5, resume=Checkpoint.load(file), **options)
    assert same(whole, resumed)
    assert (again.train, again.validation, again.lr) == (history.train, history.validation, history.lr)


@pytest.fixture
def _ctrl_c_is_heard():
    """Python's own handler; where the tests run behind an ampersand, Ctrl-C would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_is_heard")
def test_ctrl_c_in_the_middle_of_an_epoch_is_resumed_to_the_same_bits():
    whole, history = train(3)
    kept, calls = [], []

    def pressing(model, batch):
        calls.append(1)
        if len(calls) == 5:  # three batches an epoch: the second one of the second epoch
            os.kill(os.getpid(), signal.SIGINT)
        return whole_loss(model, batch)

    with pytest.raises(KeyboardInterrupt):
        train(3, loss=pressing, keep=kept.append)
    assert kept[-1].state()["position"][:2] == [1, 2]
    resumed, again = train(3, resume=kept[-1])
    assert same(whole, resumed)
    assert again.train == history.train


@pytest.mark.usefixtures("_ctrl_c_is_heard")
def test_ctrl_c_in_the_last_validation_is_heard_and_leaves_a_training_that_is_complete():
    validation = Batches(data(4), 4, shuffle=False)
    whole, _ = train(2, validation=validation)
    kept = []

    def pressing(model, batch):
        if not model.training and len(kept) == 2:  # before the first batch and after the first epoch
            os.kill(os.getpid(), signal.SIGINT)
        return whole_loss(model, batch)

    with pytest.raises(KeyboardInterrupt):
        train(2, loss=pressing, keep=kept.append, validation=validation)
    assert kept[-1].state()["position"][:2] == [2, 0]
    assert same(whole, train(2, resume=kept[-1], validation=validation)[0])


def walk(validation_loss, **settings):
    """A weight that walks from 0 by steps of 0.1; what its validation loss is at each."""
    weight = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(weight.weight)
    one = Batches((torch.ones(1, 1),), 1)

    def loss(model, batch):
        return -model(batch[0]).mean() if model.training else validation_loss(model(batch[0]).mean())

    options = {"max_epochs": 4, "lr": 0.1, "optimizer": "sgd", "weight_decay": 0, "clip": None, **settings}
    return weight, lambda: fit(weight, loss, one, one, Settings(**options, verbose=0, device="cpu"))


def test_a_validation_that_is_not_a_number_at_first_does_not_hide_the_best():
    weight, start = walk(lambda place: (place - 0.3).abs() if place > 0.15 else place * float("nan"))
    history = start()
    assert history.best_epoch == 3
    assert weight.weight.item() == pytest.approx(0.3)


def test_a_validation_that_is_never_a_number_is_said_and_keeps_the_last_weights():
    weight, start = walk(lambda place: place * float("nan"))
    with pytest.raises(DivergenceError, match="validation loss was not finite in any of 4 epochs"):
        start()
    assert weight.weight.item() == pytest.approx(0.4)


def test_another_training_is_not_resumed():
    kept = []
    train(2, keep=kept.append)
    with pytest.raises(grunit.GrunitError, match="another lr"), seeded(0):
        fit(Tagger(), whole_loss, Batches(data(), 4), None, Settings(lr=1.0, seed=0), resume=kept[0])


def test_other_data_or_settings_of_equal_size_are_not_resumed():
    kept = []
    train(2, keep=kept.append)
    x, y = data()
    for batches, settings, what in (
        (Batches((x, y + 1), 4, seed=5), {}, "another training data"),
        (Batches((x, y), 5, seed=5), {}, "another (batch_size|number)"),
        (Batches((x, y), 4, seed=5), {"optimizer_options": {"betas": (0.5, 0.9)}}, "another optimizer_options"),
        (Batches((x, y), 4, seed=5), {"scheduler": "none", "warmup": 0.5}, "another warmup"),
        (Batches((x, y), 4, seed=5), {"patience": 3}, "another patience"),
    ):
        wanted = Settings(**{"max_epochs": 2, "lr": 0.05, "verbose": 0, "device": "cpu", **settings})
        with pytest.raises(grunit.GrunitError, match=what), seeded(5):
            fit(Tagger(), whole_loss, batches, None, wanted, resume=kept[0])


def test_more_epochs_are_resumed_only_where_the_rate_does_not_follow_them():
    kept = []
    train(2, keep=kept.append)
    assert train(3, resume=kept[-1])[1].epochs == 3
    train(2, keep=kept.append, scheduler="cosine")
    with pytest.raises(grunit.GrunitError, match="another max_epochs"):
        train(3, resume=kept[-1], scheduler="cosine")


def test_a_chunk_as_long_as_the_sequence_is_full_backpropagation():
    whole, _ = train(dropout=0.0)
    for chunk in (6, 100):
        assert same(whole, train(dropout=0.0, loss=piece_loss, chunk=chunk)[0])


def test_state_is_carried_between_pieces_and_its_gradient_is_cut():
    seen = []

    def watching(model, piece, state):
        seen.append((piece[0].shape[1], state))
        return piece_loss(model, piece, state)

    train(1, dropout=0.0, loss=watching, chunk=4)
    lengths = [length for length, _ in seen]
    assert lengths == [4, 2] * 3
    for (_, first), (_, second) in zip(seen[::2], seen[1::2], strict=True):
        assert first is None
        assert second[0].abs().sum() > 0
        assert not second[0].requires_grad


def test_validation_in_pieces_equals_validation_of_the_whole():
    options = {"dropout": 0.0}
    _, whole = train(1, validation=Batches(data(4), 4, shuffle=False), **options)
    _, pieces = train(1, validation=Batches(data(4), 4, shuffle=False), loss=piece_loss, chunk=6, **options)
    assert pieces.validation == pytest.approx(whole.validation, rel=1e-6)


def test_early_stopping_keeps_the_best_weights():
    # The weight walks from 0 by steps of 0.1 past 0.25, which is best on validation.
    weight = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(weight.weight)
    one = torch.ones(1, 1)

    def loss(model, batch):
        return -model(batch[0]).mean() if model.training else (model(batch[0]) - 0.25).abs().mean()

    settings = Settings(
        max_epochs=50, lr=0.1, optimizer="sgd", weight_decay=0, clip=None, patience=3, verbose=0, device="cpu"
    )
    history = fit(weight, loss, Batches((one,), 1), Batches((one,), 1), settings)
    assert history.stopped_early
    assert history.best_epoch == 2
    assert history.epochs == 5
    assert weight.weight.item() == pytest.approx(0.2)


def test_a_loss_that_is_not_a_number_stops_with_a_sentence_and_good_weights():
    weight = nn.Linear(1, 1, bias=False)
    calls = []

    def loss(model, batch):
        calls.append(1)
        return model(batch[0]).mean() * (float("nan") if len(calls) == 3 else 1.0)

    settings = Settings(max_epochs=4, lr=0.1, verbose=0, device="cpu")
    with pytest.raises(DivergenceError, match=r"epoch 2, batch 1.*lower lr"):
        fit(weight, loss, Batches((torch.ones(2, 1),), 1), None, settings)
    assert torch.isfinite(weight.weight).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_epochs", 0),
        ("lr", 0.0),
        ("weight_decay", -1.0),
        ("warmup", 1.0),
        ("clip", 0.0),
        ("patience", 0),
        ("chunk", 0),
        ("precision", "float8"),
        ("scheduler", "cosin"),
        ("optimizer", "adamww"),
        ("device", "gpu7"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name, value):
    with pytest.raises(grunit.GrunitError, match=name):
        fit(nn.Linear(1, 1), whole_loss, Batches(data(), 4), None, Settings(**{"verbose": 0, name: value}))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("averaging_patience", 1.5, "give a whole number"),
        ("averaging_decay", "x", "give a number"),
        ("lr", True, "give a number"),
        ("patience", "3", "give a whole number or None"),
        ("clip", "off", "give a number or None"),
    ],
)
def test_what_is_no_number_is_refused_by_name(name, value, said):
    with pytest.raises(InputError, match=f"{name} is {value!r}: {said}$"):
        Settings(**{name: value})


def test_numbers_of_numpy_are_numbers():
    assert Settings(max_epochs=np.int64(3), lr=np.float32(0.5)).max_epochs == 3


def test_bfloat16_trains():
    model, history = train(2, precision="bfloat16", dropout=0.0)
    assert history.train[1] < history.train[0]
    assert model.head.weight.dtype == torch.float32


def test_lines_are_printed_where_there_is_no_terminal(capsys):
    fit(Tagger(), whole_loss, Batches(data(), 4), None, Settings(max_epochs=2, device="cpu"))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert [line.split("  ")[0] for line in printed.err.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def long_data():
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(6, 120, 2, generator=generator)
    return x, x.cumsum(1)[..., :1] / 10


def train_random(epochs=2, seed=5, keep=None, resume=None, **settings):
    options = {"chunk": 20, "random_chunk": True, "checkpoint_every": 1, "verbose": 0, "device": "cpu", **settings}
    with seeded(5):
        model = Tagger(0.3)
        told = Settings(max_epochs=epochs, lr=0.05, seed=seed, **options)
        history = fit(model, piece_loss, Batches(long_data(), 2, seed=5), None, told, keep=keep, resume=resume)
    return model, history


def test_pieces_of_random_length_follow_from_the_seed_and_are_resumed_to_the_same_bits():
    moments = []
    whole, history = train_random(keep=moments.append)
    assert same(whole, train_random()[0])
    assert not same(whole, train_random(seed=6)[0])
    assert len(moments) == 7  # before the first batch, and after each of two epochs of three
    for moment in moments[1:6:2]:
        resumed, again = train_random(resume=moment)
        assert same(whole, resumed)
        assert again.train == history.train


def test_a_piece_of_random_length_learns_at_a_rate_of_its_length():
    with seeded(5):
        by_hand = Tagger()
    optimizer = torch.optim.SGD(by_hand.parameters())
    seen: list[list[int]] = []

    def listening(model, piece, state):
        if state is None:
            seen.append([])
        seen[-1].append(piece[0].shape[1])
        return piece_loss(model, piece, state)

    with seeded(5):
        model = Tagger()
        plain = {"optimizer": "sgd", "weight_decay": 0.0, "clip": None, "chunk": 20, "random_chunk": True}
        told = Settings(max_epochs=2, lr=0.05, verbose=0, device="cpu", **plain)
        batches = Batches(long_data(), 3, seed=5)
        fit(model, listening, batches, None, told)
    assert all(sum(lengths) == 120 for lengths in seen)
    assert len(seen) == 4
    assert len({tuple(lengths) for lengths in seen}) == 4  # other places in every epoch and batch
    cuts = iter(seen)
    for epoch in range(2):
        for x, y in batches.epoch(epoch):
            state, start = None, 0
            for length in next(cuts):
                optimizer.param_groups[0]["lr"] = 0.05 * length / 20
                part = slice(start, start + length)
                state = None if state is None else tuple(one.detach() for one in state)
                value, state = piece_loss(by_hand, (x[:, part], y[:, part]), state)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                start += length
    for one, other in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_random_lengths_need_a_length_to_vary_about():
    with pytest.raises(InputError, match="random_chunk is True: give chunk too"):
        Settings(random_chunk=True)
