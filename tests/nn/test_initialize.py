"""Start values of cells that do not know the option: orthogonality, bounds, biases, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import grunit
from grunit.cells.initialize import INITIALIZERS
from grunit.errors import InputError
from grunit.nn import initialize_cell
from grunit.nn.blocks import find_blocks


class Stacked(grunit.Cell):
    """The input and the state side by side in one matrix, as many write it; dropout, a gain, a stacked bias."""

    keep_bias = ("W.bias", 1)
    admit_bias = ("W.bias", 0)

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size + hidden_size, 2 * hidden_size)
        self.U = nn.Linear(hidden_size, hidden_size)
        self.gain = nn.Parameter(torch.full((hidden_size,), 7.0))
        self.dropout = nn.Dropout(0.5)

    def step(self, x, h):
        i, f = torch.sigmoid(self.W(torch.cat([x, h], -1))).chunk(2, -1)
        return f * h + i * torch.tanh(self.gain * self.U(self.dropout(i * h)))


class Raw(grunit.Cell):
    """Bare parameters in every orientation, a low-rank product, and a state of its own size."""

    state = ("h", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        make = lambda *shape: nn.Parameter(torch.full(shape, 9.0))  # noqa: E731
        self.W, self.U = make(input_size, hidden_size), make(hidden_size, hidden_size)
        self.P, self.Q = make(hidden_size, 2), make(2, hidden_size)
        self.V, self.b, self.decay = make(hidden_size, hidden_size), make(hidden_size), make(hidden_size)

    def step(self, x, h, c):
        c = torch.sigmoid(self.decay) * c + x @ self.W + h @ self.U.T + self.b
        return torch.tanh(c + h @ self.P @ self.Q + torch.einsum("bi,oi->bo", c, self.V)), c


class Scalar(grunit.Cell):
    """No matrix reads the state."""

    admit_bias = "W.bias"

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)

    def step(self, x, h):
        z = torch.sigmoid(self.W(x))
        return (1 - z) * h + z


def cells_of(*arguments, **options):
    return list(grunit.Recurrent(*arguments, **options).cells)


def assert_orthogonal(block):
    torch.testing.assert_close(block @ block.T, torch.eye(len(block)), rtol=0, atol=1e-5)


def test_orthogonal_finds_the_recurrent_half_of_a_shared_matrix():
    for cell in cells_of(Stacked, 3, 6, num_layers=2, bidirectional=True, initializer="orthogonal"):
        size = cell.input_size
        for gate in cell.W.weight.chunk(2):
            assert_orthogonal(gate[:, size:])
            bound = math.sqrt(6 / (size + 6))
            assert 0.6 * bound < gate[:, :size].abs().max() <= bound
        assert_orthogonal(cell.U.weight)
        assert not cell.W.bias.any()
        assert not cell.U.bias.any()
        assert (cell.gain == 7).all()
        assert cell.training
        assert cell.dropout.training


def test_every_orientation_of_a_bare_parameter_is_understood():
    (cell,) = cells_of(Raw, 30, 50, initializer="orthogonal")
    for block in (cell.U, cell.V, cell.P.T, cell.Q):  # the low-rank factors have orthonormal rows of their own
        assert_orthogonal(block)
    assert math.sqrt(6 / 80) * 0.98 < cell.W.abs().max() <= math.sqrt(6 / 80)
    assert not cell.b.any()
    assert (cell.decay == 9).all()


def test_the_fans_are_those_of_the_product_not_of_the_layout():
    (cell,) = cells_of(Raw, 24, 54, initializer="he")
    assert 0.5 * 0.97 < cell.W.abs().max() <= 0.5  # 24 inputs, though W is (24, 54)
    assert 0.97 / 3 < cell.U.abs().max() <= 1 / 3
    assert cell.Q.abs().max() > math.sqrt(3) * 0.9  # 2 inputs


def test_identity_lets_a_state_pass_unchanged():
    (cell,) = cells_of(Raw, 3, 5, initializer="identity")
    h = torch.rand(2, 5)
    assert torch.equal(h @ cell.U.T, h)
    assert cell.W.abs().max() < 0.006


def test_uniform_and_normal_have_their_spread():
    (cell,) = cells_of(Raw, 30, 64, initializer="uniform")
    for value in (cell.W, cell.U, cell.b):
        assert 0.1 < value.abs().max() <= 0.125
    (cell,) = cells_of(Raw, 100, 64, initializer="normal")
    assert abs(cell.W.var() * 100 - 1) < 4 * math.sqrt(2 / 6400)
    assert abs(cell.U.var() * 64 - 1) < 4 * math.sqrt(2 / 4096)


def test_a_cell_of_the_library_gets_the_same_blocks_either_way():
    cell = grunit.cells.GRU(3, 6, reset_after=False)
    initialize_cell(cell, "identity")
    assert torch.equal(cell.weight_hh, torch.eye(6).repeat(3, 1))
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()


def test_forget_bias_and_chrono_fill_the_bias_that_the_cell_names():
    (cell,) = cells_of(Stacked, 3, 6, forget_bias=2.0)
    assert (cell.W.bias[6:] == 2).all()
    assert not (cell.W.bias[:6] == 2).any()
    (cell,) = cells_of(Stacked, 3, 500, initializer="chrono", max_time=50)
    i, f = cell.W.bias.chunk(2)
    assert torch.equal(i, -f)
    assert f.min() >= 0
    assert f.max() <= math.log(49)
    (cell,) = cells_of(Stacked, 3, 6, initializer="orthogonal", forget_bias=1.0)
    assert (cell.W.bias == torch.tensor([0.0, 1.0]).repeat_interleave(6)).all()


def test_where_only_the_admitting_bias_is_named_its_negative_keeps():
    (cell,) = cells_of(Scalar, 3, 4, forget_bias=1.5)
    kept = cell.step(torch.zeros(1, 3), torch.ones(1, 4)) - cell.step(torch.zeros(1, 3), torch.zeros(1, 4))
    torch.testing.assert_close(kept, torch.full((1, 4), 1.5).sigmoid())


def test_reset_parameters_draws_anew_with_the_same_initialiser():
    rnn = grunit.Recurrent(Stacked, 3, 6, initializer="orthogonal", forget_bias=1.0)
    before = rnn.cells[0].U.weight.clone()
    rnn.reset_parameters()
    assert not torch.equal(rnn.cells[0].U.weight, before)
    assert_orthogonal(rnn.cells[0].U.weight)
    assert (rnn.cells[0].W.bias[6:] == 1).all()


def test_an_option_that_the_cell_knows_is_the_cells():
    class Own(Stacked):
        def __init__(self, input_size, hidden_size, initializer="mine"):
            super().__init__(input_size, hidden_size)
            self.given = initializer

    assert cells_of(Own, 3, 4, initializer="whatever")[0].given == "whatever"


def test_the_same_seed_draws_the_same_values_in_the_cells_dtype():
    drawn = []
    for _ in range(2):
        torch.manual_seed(5)
        cell = Stacked(3, 4).double()
        initialize_cell(cell, "xavier")
        drawn.append(cell.W.weight)
    assert drawn[0].dtype == torch.float64
    assert torch.equal(*drawn)


class Branching(Stacked):
    def step(self, x, h):
        return super().step(x, h) if x.sum() > 0 else h


class Nameless(Stacked):
    keep_bias = admit_bias = None


class Wrong(Stacked):
    keep_bias = "W.bias"


class Absent(Stacked):
    keep_bias = "b"


@pytest.mark.parametrize(
    ("cell", "options", "words"),
    [
        (Stacked, {"initializer": "ortogonal"}, "did you mean 'orthogonal'"),
        (Stacked, {"initializer": "chrono", "max_time": 2}, "at least 3 steps"),
        (Nameless, {"forget_bias": 1.0}, "class attribute keep_bias"),
        (Nameless, {"initializer": "chrono"}, "does not say which bias keeps"),
        (Wrong, {"forget_bias": 1.0}, r"name a block of a stacked bias as \(name, block\)"),
        (Absent, {"forget_bias": 1.0}, "names 'b', which is no parameter"),
        (Branching, {"initializer": "xavier"}, "cannot be told apart, step branches on the values"),
        (Scalar, {"initializer": "identity"}, "no matrix that multiplies a state"),
        (Stacked, {"initialiser": "xavier"}, "does not know the option initialiser"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(cell, options, words):
    with pytest.raises(InputError, match=words):
        grunit.Recurrent(cell, 3, 4, **options)


@pytest.mark.parametrize("name", grunit.cells.names())
@pytest.mark.parametrize("options", [{"initializer": each} for each in INITIALIZERS] + [{"forget_bias": 1.0}], ids=str)
def test_every_cell_of_the_catalogue_takes_every_start_or_refuses_it_in_a_sentence(name, options):
    kind = grunit.cells.get(name)
    # A cell without a gate that keeps takes no bias for it, and images no matrices.
    refusable = options.get("initializer", "chrono") == "chrono" or name.startswith("conv")
    refused = None
    try:
        (cell,) = cells_of(name, 4, 6, **options)
    except InputError as error:
        refused = str(error)
    if refused is None:
        assert all(value.isfinite().all() for value in cell.parameters())
    else:
        assert refusable
        assert kind.__name__ in refused
        assert "leave" in refused


def columns(matrix):
    """The shorter side across, so that a tall matrix is judged by its columns."""
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T


@pytest.mark.parametrize("name", [name for name in grunit.cells.names() if not name.startswith("conv")])
def test_orthogonal_reaches_every_matrix_of_a_state_in_the_catalogue(name):
    (cell,) = cells_of(name, 4, 6, initializer="orthogonal")
    parameters = dict(cell.named_parameters())
    owners = [each for each, value in parameters.items() for _ in range(value.numel())]
    flat = torch.cat([value.detach().flatten() for value in parameters.values()])
    for block in find_blocks(cell).blocks:
        # What of x a mogrifier or a GRU-D has mixed with a state counts as an input all the same.
        if block.recurrent and not owners[block.places.flatten()[0]].startswith(("weight_ih", "weight_r")):
            assert_orthogonal(columns(flat[block.places]))
        else:
            assert flat[block.places].abs().max() <= math.sqrt(6 / sum(block.places.shape)) + 1e-6
