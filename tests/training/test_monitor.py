"""Gradients and gates of a training: the numbers, and what is said about them."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import nn

import grunit
from grunit import cells
from grunit.training import Batches, History, Settings, TrainingWarning, fit
from grunit.training.monitor import count_shares, gate_shares, judge_gates, judge_gradient

PLAIN = {"max_epochs": 3, "lr": 0.01, "verbose": 0, "device": "cpu", "monitor": True}
STEPS, ROWS = 6, 8


class Network(nn.Module):
    def __init__(self, cell="lstm", hidden_size=4, **options):
        super().__init__()
        self.core = grunit.Recurrent(cell, 2, hidden_size, batch_first=True, **options)
        self.head = nn.Linear(self.core.output_size, 1)

    def forward(self, x, lengths=None):
        return self.head(self.core(x, lengths=lengths)[0].mean(1))


def squared(model, batch):
    return (model(*batch[:-1]) - batch[-1]).square().mean()


def data(size=4, lengths=None):
    x = torch.randn(ROWS, STEPS, 2, generator=torch.Generator().manual_seed(1))
    tensors = (x, x.sum((1, 2)).unsqueeze(1).sin())
    return Batches(tensors if lengths is None else (x, lengths, tensors[1]), size, seed=2)


def force(cell: nn.Module, block: int, bias: float) -> None:
    """One block of the gates is at sigmoid(about ``bias``)."""
    size = cell.hidden_size
    with torch.no_grad():
        cell.bias_ih[block * size : (block + 1) * size] = bias


def test_closed_forget_gates_are_named_with_their_layer_and_direction():
    model = Network(num_layers=2, bidirectional=True)
    force(model.core.cells[3], 1, -50.0)  # input, forget, candidate, output; the fourth strand is layer 2, backwards
    with pytest.warns(TrainingWarning) as said:
        history = fit(model, squared, data(), None, Settings(**PLAIN))
    (sentence,) = [str(warning.message) for warning in said]  # once, not once an epoch
    assert sentence.startswith("in epoch 1 the forget gates of layer 2, backwards (core) are closed 100 % of the time")
    assert list(history.warnings.values()) == [sentence]
    assert history.gates["core.forget_gate_l1_reverse"] == [[1, 1.0, 0.0], [2, 1.0, 0.0], [3, 1.0, 0.0]]
    assert all(look[1] < 0.5 for look in history.gates["core.forget_gate_l1"])


def test_open_gates_are_named():
    model = Network("gru")
    force(model.core.cells[0], 1, 50.0)
    with pytest.warns(TrainingWarning, match=r"the update gates \(core\) are open 100 % of the time"):
        fit(model, squared, data(), None, Settings(**PLAIN))


@pytest.mark.parametrize("name", cells.names())
def test_nothing_is_said_of_a_cell_as_it_begins(name):
    """Every cell of the catalogue on inputs of spread 1, with what else it needs."""
    kind = cells.get(name)
    if kind.__module__.endswith(("conv_lstm", "conv_gru")):
        pytest.skip("reads images, not features")
    core = grunit.Recurrent(name, 3, 8)
    generator = torch.Generator().manual_seed(0)
    widths = core.cells[0].input_sizes()
    more = {
        extra: torch.rand(20, 4, widths.get(extra, 1), generator=generator).cumsum(0)
        if extra == "time"
        else torch.rand(20, 4, widths.get(extra, 1), generator=generator)
        for extra in core.extra_input_names
    }
    gates = grunit.trace(core, torch.randn(20, 4, 3, generator=generator), **more)
    assert judge_gates(count_shares(gates), 1) == []


def test_nothing_is_said_of_a_healthy_training_and_nothing_watched_unasked():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watched = fit(Network(), squared, data(), None, Settings(**PLAIN))
        blind = fit(Network(), squared, data(), None, Settings(**{**PLAIN, "monitor": False}))
    assert watched.warnings == {}
    assert len(watched.gradient_norm) == 3
    assert (blind.gradient_norm, blind.gates, blind.warnings) == ([], {}, {})


def test_shares_are_those_of_gates_computed_by_hand():
    """A gate of one unit whose pre-activation is the input: sigmoid(-9) closed, sigmoid(9) open, sigmoid(0) neither."""

    class Leak(grunit.Cell):
        def step(self, x, h):
            keep = grunit.gate("forget_gate", torch.sigmoid(x[:, :1]))
            return (grunit.gate("candidate", keep * h + x[:, :1] * 0),)

    core = grunit.Recurrent(Leak, 1, 1)
    x = torch.tensor([[-9.0, 9.0], [0.0, -9.0], [0.0, 9.0], [-9.0, -9.0]]).unsqueeze(-1)  # (T, B, F)
    with grunit.backend("torch"):
        assert gate_shares(core, lambda: core(x)) == {"forget_gate": (4 / 8, 2 / 8)}
        # Steps beyond a row's end do not count: of the first row one is left, closed; of the second all four.
        assert gate_shares(core, lambda: core(x, lengths=torch.tensor([1, 4]))) == {
            "forget_gate": pytest.approx((3 / 5, 2 / 5))
        }
        packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([1, 4]), enforce_sorted=False)
        assert gate_shares(core, lambda: core(packed)) == {"forget_gate": pytest.approx((3 / 5, 2 / 5))}


def test_drop_in_layers_are_watched():
    layer = grunit.nn.LSTM(2, 3)
    assert set(gate_shares(layer, lambda: layer(torch.randn(5, 2, 2)))) == {"forget_gate", "input_gate", "output_gate"}


def test_gradient_norm_is_that_before_clipping():
    x = torch.tensor([[3.0, 4.0]])
    line = nn.Linear(2, 1, bias=False)  # the gradient of the mean output is x: norm 5
    settings = Settings(max_epochs=2, verbose=0, device="cpu", clip=0.1, clip_value=0.5, monitor=True)
    history = fit(line, lambda model, batch: model(batch[0]).mean(), Batches((x,), 1), None, settings)
    assert history.gradient_norm == pytest.approx([5.0, 5.0], rel=1e-6)


def test_gradient_norm_is_the_mean_over_the_steps_of_an_epoch():
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0], [0.0, 0.0]])
    line = nn.Linear(2, 1, bias=False)
    run = {"max_epochs": 1, "verbose": 0, "device": "cpu", "monitor": True}
    mean = lambda model, batch: model(batch[0]).mean()  # noqa: E731
    assert fit(line, mean, Batches((x,), 1), None, Settings(**run)).gradient_norm == [pytest.approx((5 + 1 + 10) / 4)]
    # Two batches make one step of their mean: |(3, 5) / 2| and |(6, 8) / 2|.
    history = fit(line, mean, Batches((x,), 1, shuffle=False), None, Settings(**run, accumulate=2))
    assert history.gradient_norm == [pytest.approx((math.hypot(1.5, 2.5) + 5) / 2)]


def test_a_gradient_that_grows_is_spoken_of_with_the_mend():
    def growing(model, batch):
        return model(batch[0]).mean() * (1.0 if model.calls < 4 else 300.0)

    class Counted(nn.Linear):
        calls = 0

        def forward(self, x):
            self.calls += self.training
            return super().forward(x)

    line, x = Counted(2, 1, bias=False), torch.tensor([[3.0, 4.0]])
    settings = Settings(max_epochs=6, lr=0.02, verbose=0, device="cpu", monitor=True)
    with pytest.warns(TrainingWarning) as said:
        history = fit(line, growing, Batches((x,), 1), None, settings)
    assert [str(warning.message) for warning in said] == [
        "the gradient norm grew 300x in epoch 4, from 5 to 1.5e+03: lower lr (it is 0.02) or clip more (clip is 1)"
    ]
    assert len(history.warnings) == 1


@pytest.mark.parametrize(
    ("before", "norm", "words"),
    [
        ([], 1e9, None),  # nothing to hold the first epoch against
        ([1.0], 99.0, None),
        ([1.0], 101.0, "grew 101x"),
        ([1e-3, 1.0, 1.0, 1.0, 1.0, 1.0], 50.0, None),  # only the last epochs count
        ([1.0], 0.0, "was 0"),
        ([1.0], math.inf, "not finite"),
        ([math.nan, 0.0], 1.0, None),
    ],
)
def test_what_is_said_of_a_gradient(before, norm, words):
    found = judge_gradient(before, norm, 2, 0.1, None)
    assert [sentence for _, sentence in found if words and words in sentence] == [sentence for _, sentence in found]
    assert bool(found) == (words is not None)


def test_looks_are_as_far_apart_as_asked():
    history = fit(Network(), squared, data(), None, Settings(**{**PLAIN, "max_epochs": 5, "monitor": 2}))
    assert [look[0] for look in history.gates["core.input_gate"]] == [1, 3, 5]
    assert len(history.gradient_norm) == 5
    with pytest.raises(grunit.GrunitError, match=r"^monitor is -1"):
        Settings(monitor=-1)


@pytest.mark.parametrize("options", [{}, {"chunk": 2}, {"accumulate": 2}])
def test_watching_changes_no_bit_of_the_weights(options):
    """Also where the loss draws random numbers and the network has dropout."""

    def noisy(model, batch, *state):
        output, new = model.core(batch[0] + 0.1 * torch.randn_like(batch[0]), *state)
        value = (model.head(output).mean() - batch[1].mean()).square()
        return (value, new) if state else value

    weights = []
    for monitor in (False, True):
        torch.manual_seed(0)
        model = Network(num_layers=2, dropout=0.3)
        x = torch.randn(ROWS, STEPS, 2, generator=torch.Generator().manual_seed(1))
        fit(model, noisy, Batches((x, x), 4, seed=2), None, Settings(**{**PLAIN, "monitor": monitor}, **options))
        weights.append(torch.cat([value.flatten() for value in model.state_dict().values()]))
    assert torch.equal(*weights)


def test_a_resumed_training_has_the_same_history_and_may_begin_to_watch():
    moments = []
    run = Settings(**PLAIN, checkpoint_every=1)

    def train(**more):
        torch.manual_seed(0)
        return fit(Network(), squared, data(2), None, **{"settings": run, **more})

    whole = train(keep=moments.append)
    for moment in (moments[2], moments[5]):  # in the midst of epochs 1 and 2
        again = train(resume=moment)
        assert (again.gradient_norm, again.gates) == (whole.gradient_norm, whole.gates)
    moments.clear()
    train(settings=Settings(**{**PLAIN, "monitor": False}), keep=moments.append)
    assert len(train(resume=moments[1]).gradient_norm) == 2


def test_history_in_json_and_back():
    history = History(train=[1.0], gradient_norm=[math.inf], gates={"g": [[1, 0.5, 0.0]]}, warnings={"a": "b"})
    told = history.to_dict()
    assert told["gradient_norm"] == [None]
    again = History.from_dict(told)
    assert math.isnan(again.gradient_norm[0])
    assert (again.gates, again.warnings) == (history.gates, history.warnings)
    assert (
        History.from_dict({"train": [1.0], "validation": [], "lr": [], "seconds": [], "stopped_early": False}).gates
        == {}
    )
