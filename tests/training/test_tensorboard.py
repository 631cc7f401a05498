"""What TensorBoard's own reader finds in the files."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import grunit
from grunit.training import Batches, Checkpoint, Settings, TensorBoard, fit

accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator",
    reason="needs tensorboard: pip install grunit[tensorboard]",
)
PLAIN = {"max_epochs": 4, "lr": 0.05, "verbose": 0, "device": "cpu"}


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.core = grunit.Recurrent("gru", 1, 4)
        self.head = torch.nn.Linear(4, 1)

    def forward(self, x):
        return self.head(self.core(x.transpose(0, 1))[0][-1])


def loss(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


def data(rows=12):
    x = torch.randn(rows, 5, 1, generator=torch.Generator().manual_seed(0))
    return Batches((x, x.sum(1)), 4, seed=1)


def read(folder):
    found = accumulator.EventAccumulator(str(folder))
    found.Reload()
    return found


def series(found, name):
    return {event.step: event.value for event in found.Scalars(name)}


def test_files_hold_what_the_history_does(tmp_path):
    history = fit(Network(), loss, data(), data(8), Settings(**PLAIN, monitor=True, log_dir=tmp_path / "log"))
    found = read(tmp_path / "log")
    for name, values in {
        "loss/train": history.train,
        "loss/validation": history.validation,
        "lr": history.lr,
        "seconds": history.seconds,
        "gradient/norm": history.gradient_norm,
        "gates/core.update_gate/closed": [look[1] for look in history.gates["core.update_gate"]],
        "gates/core.update_gate/open": [look[2] for look in history.gates["core.update_gate"]],
    }.items():
        expected = dict(zip(range(1, 5), np.float32(values).tolist(), strict=True))
        assert series(found, name) == expected, name


def test_a_resumed_training_is_whole_and_told_once(tmp_path):
    moments = []
    settings = Settings(**PLAIN, log_dir=tmp_path)

    class StoppedError(Exception):
        pass

    def stop(history):
        if history.epochs == 2:
            raise StoppedError

    torch.manual_seed(0)
    with pytest.raises(StoppedError):
        fit(Network(), loss, data(), None, settings, keep=moments.append, watch=stop)
    assert isinstance(moments[-1], Checkpoint)
    history = fit(Network(), loss, data(), None, settings, resume=moments[-1])
    events = read(tmp_path).Scalars("loss/train")
    assert [event.step for event in events] == [1, 2, 3, 4]
    assert [event.value for event in events] == np.float32(history.train).tolist()


def test_as_a_watch_it_writes_each_epoch_when_it_is_done(tmp_path):
    seen = []
    with TensorBoard(tmp_path) as board:

        def watch(history):
            board(history)
            seen.append(max(series(read(tmp_path), "loss/train")))

        fit(Network(), loss, data(), None, Settings(**PLAIN), watch=watch)
    assert seen == [1, 2, 3, 4]


def test_warnings_are_text(tmp_path):
    model = Network()
    with torch.no_grad():
        model.core.cells[0].bias_ih[4:8] = 50.0  # the update gate, which keeps the state when it is open
    with pytest.warns(grunit.training.TrainingWarning, match="update gates"):
        fit(model, loss, data(), None, Settings(**PLAIN, monitor=True, log_dir=tmp_path))
    (event,) = read(tmp_path).Tensors("warnings/text_summary")
    assert "the update gates (core) are open 100 %" in event.tensor_proto.string_val[0].decode()


def test_a_saved_model_names_no_folder_of_the_training(tmp_path):
    X = [np.arange(5.0), np.arange(4.0)]
    options = {"log_dir": str(tmp_path / "log"), "monitor": 2}
    regressor = grunit.SequenceRegressor(hidden_size=2, max_epochs=1, verbose=0, training_options=options)
    regressor.fit(X, [1.0, 2.0]).save(tmp_path / "model")
    assert grunit.load(tmp_path / "model").training_options == {"monitor": 2}
    assert "log" not in (tmp_path / "model" / "config.json").read_text()


def test_without_the_package_the_extra_is_named_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard", None)
    with pytest.raises(grunit.errors.MissingExtraError, match=r"grunit\[tensorboard\]"):
        fit(Network(), loss, data(), None, Settings(**PLAIN, log_dir=tmp_path / "log"))
    assert not (tmp_path / "log").exists()
