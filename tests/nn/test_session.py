"""Streams through sessions against whole sequences through the network."""

from __future__ import annotations

import copy
import ctypes
import pickle
import threading

import numpy
import pytest
import torch
from tests.nn.networks import CELLS, VARIANTS, Decay, make, noise
from torch import nn

import grunit
from grunit import Recurrent, Session
from grunit.errors import CompileWarning, InputError, ShapeError

H = 9  # one size, so that each kind of network compiles once
TOLERANCE = {torch.float64: 1e-11, torch.float32: 2e-6}


def compiled(module, *arguments, **named):
    with grunit.backend("c"):
        return Session(module, *arguments, **named)


def in_torch(module, *arguments, **named):
    with grunit.backend("torch"):
        return Session(module, *arguments, **named)


def stream(session, x, **extra):
    return numpy.stack([session.step(v, **{n: e[t] for n, e in extra.items()}).copy() for t, v in enumerate(x)])


def assert_near(actual, expected, dtype=torch.float64):
    numpy.testing.assert_allclose(
        actual, expected.detach().numpy(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], strict=True
    )


@pytest.mark.parametrize(
    ("variant", "dtype"),
    [*((variant, torch.float64) for variant in VARIANTS), *((name, torch.float32) for name in CELLS)],
    ids=str,
)
def test_steps_are_the_sequence_and_its_chunks(variant, dtype):
    rnn = make(variant, 3, H, num_layers=2, dropout=0.5).to(dtype)
    with torch.no_grad():
        for batch_size in (1, 3):
            x = noise(7, batch_size, 3).to(dtype)
            rnn.eval()
            whole, final = rnn(x)
            middle = rnn(x[:4])[1]
            rnn.train()  # a session is always in evaluation mode: no dropout
            session = compiled(rnn, batch_size)
            assert_near(stream(session, x), whole, dtype)
            for name, value in zip(rnn.layout.names, final):
                assert_near(session.state[name], value, dtype)
            session.load_state(dict(zip(rnn.layout.names, middle)))
            assert_near(stream(session, x[4:]), whole[4:], dtype)
            session.reset()
            stream(session, x[:4])
            saved = tuple(torch.from_numpy(value) for value in session.save_state().values())
            rnn.eval()
            assert_near(rnn(x[4:], saved)[0].numpy(), whole[4:], dtype)


def test_layers_of_different_cells():
    rnn = Recurrent(["lstm", "gru", "peephole_lstm"], 3, H, dtype=torch.float64)
    x = noise(5, 2, 3)
    session = compiled(rnn, 2)
    assert_near(stream(session, x), rnn(x)[0])
    assert {name: value.shape for name, value in session.state.items()} == {"h": (3, 2, H), "c": (2, 2, H)}


@pytest.mark.parametrize("kind", [grunit.nn.LSTM, grunit.nn.GRU, grunit.nn.RNN])
def test_drop_in_layers_step_as_torch_walks(kind):
    ours = kind(3, H, num_layers=2)
    theirs = getattr(nn, kind.__name__)(3, H, num_layers=2)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(6, 2, 3)
    assert_near(stream(compiled(ours, 2), x), theirs(x)[0], torch.float32)


def test_more_inputs_are_more_buffers():
    rnn = Recurrent(Decay, 3, H)
    x, dt = noise(5, 2, 3), noise(5, 2).abs()
    session = compiled(rnn, 2)
    expected = rnn(x, dt=dt)[0]
    assert session.inputs["dt"].shape == (2, 1)
    assert_near(stream(session, x, dt=dt), expected)
    session.reset()
    session.inputs["x"][:], session.inputs["dt"][:, 0] = x[0].numpy(), dt[0].numpy()
    assert_near(session(), expected[0])


def whole_stack(dtype=torch.float64):
    front = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Dropout(0.5), nn.LayerNorm(6), nn.BatchNorm1d(6))
    front[4].running_mean.normal_()
    front[4].running_var.uniform_(0.5, 2)
    head = nn.Sequential(nn.Linear(H, 5), nn.ReLU(), nn.Linear(5, 2), nn.Softmax(-1))
    return nn.Sequential(front, Recurrent("gru", 6, H, num_layers=2), head).to(dtype)


def test_front_and_head_run_in_the_same_call():
    model = whole_stack()
    session = compiled(model, 3)
    front, rnn, head = model.eval()
    x = noise(5, 3, 4)
    hidden = rnn(torch.stack([front(v) for v in x]))[0]
    assert_near(stream(session, x), head(hidden))
    assert session.backend == "c"
    assert session.reason is None
    assert "grunit_step" in session.source


@pytest.mark.parametrize("make_session", [compiled, in_torch])
def test_an_embedding_reads_row_numbers(make_session):
    model = [nn.Embedding(11, 3), Recurrent("gru", 3, H), nn.Linear(H, 11)]
    session = make_session(model, 2)
    x = torch.randint(11, (6, 2))
    assert_near(stream(session, x), model[2](model[1](model[0](x))[0]), torch.float32)
    before = session.save_state()
    for wrong in (11, -1, 2**40):
        with pytest.raises(InputError, match="rows 0 to 10"):
            session.step([3, wrong])
    numpy.testing.assert_array_equal(session.state["h"], before["h"])
    with pytest.raises(InputError, match="int64"):
        session.step([0.5, 1.0])


def test_torch_and_compiled_sessions_agree():
    model = whole_stack()
    x = noise(4, 2, 4)
    slow, fast = in_torch(model, 2), compiled(model, 2)
    assert_near(stream(slow, x), torch.from_numpy(stream(fast, x)))
    numpy.testing.assert_allclose(slow.state["h"], fast.state["h"], rtol=1e-11, atol=1e-11)
    assert slow.backend == "torch"
    assert "asked for" in slow.reason
    assert slow.source is None


class Branches(grunit.Cell):
    """Looks at values, so that no graph can be made of it."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)

    def step(self, x, h):
        return self.W(x) + (h if x.sum() > 0 else -h)


def test_what_cannot_be_compiled_steps_all_the_same():
    rnn = Recurrent(Branches, 3, H)
    x = torch.randn(4, 2, 3)
    with pytest.warns(CompileWarning), grunit.backend("auto"):
        session = Session(rnn, 2)
    assert session.backend == "torch"
    assert "Branches" in session.reason
    assert_near(stream(session, x), rnn(x)[0], torch.float32)
    with pytest.raises(InputError, match="Branches"):
        compiled(rnn)
    with pytest.raises(InputError, match="int8"), grunit.backend("auto"):
        Session(rnn, weights="int8")
    with pytest.raises(InputError, match="compiled"):
        session.addresses  # noqa: B018


def test_state_is_read_and_written_in_place():
    rnn = make("lstm", 3, H, num_layers=2)
    session = compiled(rnn, 3)
    x, h, c = noise(3, 3), noise(2, 3, H), noise(2, 3, H)
    session.state["h"][:], session.state["c"][:] = h.numpy(), c.numpy()
    expected, final = rnn.step(x, (h, c))
    output = session.step(x)
    assert_near(output, expected)
    session.state["h"][:] = 0
    assert_near(output, expected)  # the output is not the state
    session.load_state({"h": final[0], "c": final[1]})
    session.reset(rows=[0, 2])
    assert not session.state["c"][:, [0, 2]].any()
    assert_near(session.state["c"][:, 1], final[1][:, 1])


@pytest.mark.parametrize("make_session", [compiled, in_torch])
def test_weights_are_a_snapshot_until_refreshed(make_session):
    rnn = make("gru", 3, H, num_layers=2)
    x = noise(2, 1, 3)
    session = make_session(rnn)
    before = rnn(x)[0]
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.mul_(1.5)
    assert_near(stream(session, x), before)
    session.refresh()
    session.reset()
    assert_near(stream(session, x), rnn(x)[0])


def test_sessions_of_one_module_are_independent_also_in_threads():
    rnn = make("gru", 3, H, num_layers=2)
    xs = [noise(300, 1, 3) for _ in range(4)]
    expected = [rnn(x)[0] for x in xs]
    sessions = [compiled(rnn) for _ in xs]
    results: dict[int, numpy.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i: results.update({i: stream(sessions[i], xs[i])})) for i in range(len(xs))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, value in enumerate(expected):
        assert_near(results[i], value)


def test_a_program_in_c_can_step():
    rnn = make("gru", 3, H, num_layers=2)
    session = compiled(rnn)
    x = noise(1, 3)
    places = session.addresses
    ctypes.memmove(places["x"], x.data_ptr(), 3 * 8)
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(places["function"])
    assert function(places["table"]) == 0
    found = numpy.ctypeslib.as_array((ctypes.c_double * H).from_address(places["output"]))
    assert_near(found, rnn.step(x)[0][0])


def round_weights(module, how):
    """The same network with every matrix rounded as documented."""
    module = copy.deepcopy(module)
    for parameter in module.parameters():
        if parameter.dim() == 2:
            scale = parameter.detach().abs().amax(1, keepdim=True) / 127
            whole = torch.round(parameter.detach() / scale) * scale
            parameter.data = whole if how == "int8" else parameter.detach().bfloat16().float()
    return module


@pytest.mark.parametrize("how", ["bfloat16", "int8"])
@pytest.mark.parametrize("cell", ["lstm", "peephole_gru"])
def test_fewer_bits_are_the_network_with_rounded_weights(cell, how):
    model = nn.Sequential(Recurrent(cell, 3, H, num_layers=2), nn.Linear(H, 2))
    rnn, head = round_weights(model, how).double()
    x = torch.randn(30, 2, 3)
    session = compiled(model, 2, weights=how)
    assert_near(stream(session, x).astype("float64"), head(rnn(x.double())[0]).float().double(), torch.float32)


@pytest.mark.parametrize("how", ["bfloat16", "int8"])
def test_fewer_bits_stay_within_the_bound_of_their_rounding(how):
    """tanh moves no further than its argument, so one step moves no further than the product."""
    rnn = Recurrent("rnn", 40, H)
    weight = next(p.detach() for name, p in rnn.named_parameters() if p.shape == (H, 40))
    largest = weight.abs().amax(1, keepdim=True) / 127 / 2 if how == "int8" else weight.abs() * 2.0**-8
    x = torch.randn(1, 40)
    moved = numpy.abs(compiled(rnn, weights=how).step(x) - rnn.step(x)[0].detach().numpy())
    assert (moved <= ((x.abs() * largest).sum(1) + 1e-6).numpy()).all()
    assert moved.max() > 0


def test_half_precision_networks_are_stepped_in_float32():
    rnn = Recurrent("gru", 3, H, num_layers=2).bfloat16()
    x = torch.randn(4, 1, 3)
    session = compiled(rnn)
    assert session.output.dtype == numpy.float32
    assert_near(stream(session, x), copy.deepcopy(rnn).float()(x)[0], torch.float32)


def test_refusals():
    gru = Recurrent("gru", 3, H)
    with pytest.raises(InputError, match="bidirectional"):
        Session(Recurrent("gru", 3, H, bidirectional=True))
    with pytest.raises(InputError, match="state_from_below"):
        Session(Recurrent("gru", 3, H, num_layers=2, state_from_below=True))
    for wrong in ([], [nn.Linear(3, 3)], [gru, gru], [nn.LSTM(3, 3)]):
        with pytest.raises(InputError, match="exactly one"):
            Session(wrong)
    with pytest.raises(InputError, match="torch modules, got str"):
        Session(["gru"])
    with pytest.raises(InputError, match="batch_size"):
        Session(gru, 0)
    with pytest.raises(InputError, match="unknown weights 'int4'"):
        Session(gru, weights="int4")
    with pytest.raises(InputError, match="float32 networks"):
        compiled(make("gru", 3, H), weights="int8")
    with pytest.raises(ShapeError, match="reads 3 features"):
        Session([nn.Linear(2, 4), gru])
    with pytest.raises(ShapeError, match="Linear cannot read"):
        Session([gru, nn.Linear(H + 1, 2)])


def test_refused_values_leave_the_session_as_it_was():
    session = in_torch(Recurrent("gru", 3, H), 2)
    session.step(numpy.ones((2, 3)))
    before = session.save_state()
    for wrong in (numpy.ones((3, 2)), numpy.ones(3), numpy.ones((2, 4)), torch.ones(2, 3, 2)):
        with pytest.raises(ShapeError, match=r"x must have shape \(2, 3\)"):
            session.step(wrong)
    with pytest.raises(InputError, match="complex"):
        session.step(numpy.ones((2, 3), complex))
    with pytest.raises(InputError, match="unknown input 'dt'"):
        session.step(dt=1)
    with pytest.raises(InputError, match="state holds h"):
        session.load_state({"c": before["h"]})
    with pytest.raises(ShapeError, match="state 'h' must have shape"):
        session.load_state({"h": before["h"][0]})
    numpy.testing.assert_array_equal(session.state["h"], before["h"])


def test_a_session_does_not_leave_its_process():
    session = in_torch(Recurrent("gru", 3, H))
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="bound to memory"):
            leave(session)
