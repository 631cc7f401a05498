"""What all cells linear in their state promise: their class, both backends, very long sequences in float32."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop, plan_of, weights_of

import grunit
from grunit.cells import HGRN, QRNN, RGLRU, SRU, MinGRU, MinLSTM
from grunit.compiler import run
from grunit.compiler.eager import run_eagerly
from grunit.compiler.scan import ScanProgram
from grunit.errors import InputError

LINEAR = [MinGRU, MinLSTM, SRU, QRNN, RGLRU, HGRN]
OPTIONS = [
    (MinGRU, {"positive": True}),
    (MinGRU, {"activation": "tanh", "bias": False}),
    (MinLSTM, {"positive": True}),
    (SRU, {"activation": "identity", "highway_scale": 3**0.5}),
    (QRNN, {"pooling": "f"}),
    (QRNN, {"pooling": "ifo", "bias": False}),
    (RGLRU, {"sharpness": 2.0}),
    (HGRN, {"lower_bound": 0.0}),
]
ELEMENTWISE = [(SRU, {"peepholes": True}), (QRNN, {"window": 2}), (QRNN, {"window": 3, "pooling": "ifo"})]


@pytest.mark.parametrize(("kind", "options"), [*((kind, {}) for kind in LINEAR), *OPTIONS])
@pytest.mark.parametrize("features", [3, 4])
def test_the_compiler_finds_it_linear_and_runs_it_by_scan(kind, options, features):
    cell = kind(features, 4, **options)
    plan = plan_of(cell)
    assert plan.schedule.kind == "linear"
    assert isinstance(plan.program(None, True, "torch"), ScanProgram)
    resets = torch.rand(9, 3) < 0.2
    assert_equals_the_loop(cell, 9, 3)
    assert_equals_the_loop(cell, 9, 3, lengths=[9, 4, 0], resets=resets, reverse=True)


@pytest.mark.parametrize(("kind", "options"), ELEMENTWISE)
def test_what_reads_a_state_in_a_gate_is_elementwise(kind, options):
    cell = kind(3, 4, **options)
    assert plan_of(cell).schedule.kind == "elementwise"
    assert_equals_the_loop(cell, 9, 3, lengths=[9, 4, 0], resets=torch.rand(9, 3) < 0.2)


@pytest.mark.parametrize(("kind", "options"), [*((kind, {}) for kind in LINEAR), *ELEMENTWISE])
def test_gradients_are_those_of_finite_differences(kind, options):
    rnn = grunit.Recurrent(kind, 3, 2, **options).double()
    names, values = zip(*rnn.named_parameters())

    def walk(x, *parameters):
        output, state = torch.func.functional_call(rnn, dict(zip(names, parameters)), (x,))
        return output, *state

    x = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(walk, (x, *values))


@pytest.mark.parametrize("kind", LINEAR)
@pytest.mark.slow
def test_the_c_backend_runs_it(kind):
    cell = kind(3, 4)
    with grunit.backend("c"):
        assert grunit.compile(cell).backend == "c"
        assert_equals_the_loop(cell, 9, 3, lengths=[9, 4, 0], resets=torch.rand(9, 3) < 0.2)


def trained_on(walk, cell, x, weights):
    """The output of a walk and the gradients of a loss that reads all of it."""
    x = x.clone().requires_grad_()
    sizes = [cell.state_sizes().get(name, cell.hidden_size) for name in cell.state]
    output, _ = walk(cell, weights_of(cell), [x], [x.new_zeros(x.shape[1], size) for size in sizes])
    loss = (output * weights.to(output)).sum() / len(output)
    return output.detach(), torch.autograd.grad(loss, [x, *cell.parameters()])


def assert_close_in_float32(found, truth):
    """Equal within the rounding of float32 over many steps, each tensor measured by its largest value."""
    for got, expected in zip((found[0], *found[1]), (truth[0], *truth[1]), strict=True):
        assert got.isfinite().all()
        assert (got.double() - expected).abs().max() <= 1e-4 * expected.abs().max()


def long_cell(kind, units):
    """A cell whose memory is as long as its gates can make it: some units keep for thousands of steps."""
    torch.manual_seed(0)
    cell = kind(2, units)
    if kind is not RGLRU:
        cell.initializer, cell.max_time = "chrono", 10_000
        cell.reset_parameters()
    return cell


@pytest.mark.parametrize("kind", LINEAR)
@pytest.mark.slow
def test_10000_steps_in_float32_are_those_of_the_plain_loop_in_float64(kind):
    cell = long_cell(kind, 3)
    x, weights = torch.randn(10_000, 1, 2), torch.randn(10_000, 1, 3)
    truth = trained_on(run_eagerly, copy.deepcopy(cell).double(), x.double(), weights)
    assert_close_in_float32(trained_on(run, cell, x, weights), truth)


@pytest.mark.parametrize("backend", ["torch", pytest.param("c", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", LINEAR)
def test_65536_steps_in_float32_neither_overflow_nor_drift(kind, backend):
    cell = long_cell(kind, 4)
    x, weights = torch.randn(65_536, 1, 2), torch.randn(65_536, 1, 4)
    truth = trained_on(run, copy.deepcopy(cell).double(), x.double(), weights)
    with grunit.backend(backend):
        assert_close_in_float32(trained_on(run, cell, x, weights), truth)


@pytest.mark.parametrize("kind", LINEAR)
def test_extreme_inputs_leave_outputs_and_gradients_finite(kind):
    cell = kind(4, 4)
    x = torch.tensor([1e4, -1e4, 1e3, 0.0]).repeat(50, 2, 1)
    output, gradients = trained_on(run, cell, x, torch.ones(50, 2, 4))
    assert output.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("kind", LINEAR)
def test_whole_sequence_chunks_and_steps_agree(kind):
    rnn = grunit.Recurrent(kind, 3, 5, num_layers=2).double()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    whole, last = rnn(x)
    first, state = rnn(x[:3])
    second, state = rnn(x[3:], state)
    one = rnn.init_state(2)
    steps = []
    for t in range(7):
        y, one = rnn.step(x[t], one)
        steps.append(y)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(torch.stack(steps), whole, rtol=1e-12, atol=1e-12)
    for a, b, c in zip(last, state, one, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(a, c, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kind", "gate"), [(MinLSTM, 0), (SRU, 0), (QRNN, 1), (HGRN, 1)])
def test_the_forget_bias_is_that_of_the_gate_that_keeps(kind, gate):
    biases = kind(3, 4, forget_bias=2.5).bias_ih.split(4)
    assert (biases[gate] == 2.5).all()
    assert all((other != 2.5).all() for i, other in enumerate(biases) if i != gate)


def test_a_gate_that_keeps_and_admits_takes_the_forget_bias_the_other_way_round():
    assert (MinGRU(3, 4, forget_bias=2.5).bias_ih[:4] == -2.5).all()


def test_chrono_spreads_the_units_over_the_longest_dependence():
    keep = MinLSTM(1, 4000, initializer="chrono", max_time=50).bias_ih[:4000]
    times = keep.exp()
    assert 1 <= times.min() < 1.1
    assert 48 < times.max() <= 49
    assert abs(times.mean() - 25) < 1


def test_xavier_is_for_each_gate_by_itself():
    weight = HGRN(100, 50, initializer="xavier").weight_ih
    bound = (6 / 150) ** 0.5
    assert 0.99 * bound < weight.abs().max() <= bound


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"initializer": "chrno"}, "did you mean 'chrono'"),
        ({"initializer": "chrono", "bias": False}, "built with bias=False"),
        ({"forget_bias": 1.0, "bias": False}, "built with bias=False"),
        ({"initializer": "chrono", "max_time": 2}, "at least 3 steps"),
        ({"gate_activation": "relu"}, "does not know the option gate_activation"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        MinGRU(3, 4, **options)


def test_a_cell_that_keeps_by_a_decay_has_no_forget_bias():
    with pytest.raises(InputError, match="RGLRU has no gate that keeps the old state"):
        RGLRU(3, 4, forget_bias=1.0)
