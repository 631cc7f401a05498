"""Whole sequences equal the plain loop with plain autograd: outputs, final states, every gradient, in float64."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.compiler import comparison
from tests.compiler.comparison import assert_equals_the_loop, weights_of
from tests.compiler.user_cells import CELLS, OneState

from grunit import cells
from grunit.cli.catalogue import CLASSIC
from grunit.compiler.run import run
from grunit.errors import ShapeError

OPTIONS = {
    "rnn": [{}, {"activation": "relu"}, {"bias": False}],
    "lstm": [{}, {"coupled_gates": True}, {"proj_size": 1}, {"bias": False, "proj_size": 2}, {"forget_bias": 1.0}],
    "gru": [{}, {"reset_after": False}, {"reset_after": False, "bias": False}, {"initializer": "chrono"}],
    "peephole_lstm": [{}, {"bias": False}, {"gate_activation": "hard_sigmoid", "activation": "softsign"}],
    "peephole_gru": [{}, {"reset_after": False}, {"initializer": "orthogonal", "activation": torch.sin}],
}
SHIPPED = [(name, options) for name, several in OPTIONS.items() for options in several]


@given(
    shipped=st.sampled_from(SHIPPED),
    length=st.integers(1, 6),
    rows=st.integers(1, 4),
    data=st.data(),
)
@settings(max_examples=40)
def test_every_shipped_cell_equals_the_plain_loop(shipped, length, rows, data):
    name, options = shipped
    masked = data.draw(st.booleans(), "masked")
    lengths = data.draw(st.lists(st.integers(0, length), min_size=rows, max_size=rows)) if masked else None
    assert_equals_the_loop(
        cells.get(name)(3, 4, **options),
        length,
        rows,
        lengths=lengths,
        resets=torch.rand(length, rows) < 0.3 if masked else None,
        reverse=data.draw(st.booleans(), "reverse"),
    )


@pytest.mark.parametrize("name", CLASSIC)
def test_one_unit_one_feature_one_row_one_step(name):
    assert_equals_the_loop(cells.get(name)(1, 1), 1, 1)


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.__name__)
def test_cells_of_ones_own_equal_the_plain_loop(kind):
    assert_equals_the_loop(kind(3, 4))
    resets = torch.tensor([[False, True, False], [False] * 3, [True] * 3, [False, True, True]])
    assert_equals_the_loop(kind(3, 4), 4, 3, lengths=[4, 1, 0], resets=resets, reverse=True)


@example(length=3, rows=2, hidden_size=7)  # 7 is also the number of rows that steps are traced with
@given(length=st.integers(1, 4), rows=st.integers(1, 9), hidden_size=st.sampled_from([2, 7]))
@settings(max_examples=4)
def test_no_size_is_taken_for_another(length, rows, hidden_size):
    class Square(OneState):
        def step(self, x, h):
            return (torch.tanh(self.W(x) + self.U(h)).view(x.shape[0], -1) * h.new_ones(x.shape[0], 1),)

    assert_equals_the_loop(Square(hidden_size, hidden_size), length, rows)


def test_a_sequence_without_rows_has_an_output_without_rows():
    cell = cells.GRU(3, 4)
    output, (h,) = run(cell, weights_of(cell), [torch.zeros(2, 0, 3)], [torch.zeros(0, 4)])
    assert output.shape == (2, 0, 4)
    assert h.shape == (0, 4)


def test_a_sequence_without_steps_is_refused():
    cell = cells.GRU(3, 4)
    with pytest.raises(ShapeError, match="0 time steps"):
        run(cell, weights_of(cell), [torch.zeros(0, 2, 3)], [torch.zeros(2, 4)])


def test_a_whole_sequence_equals_its_pieces_with_carried_state():
    cell = cells.PeepholeLSTM(3, 4).double()
    (x,), states = comparison.example(cell, 7, 2, requires_grad=False)
    whole, final = run(cell, weights_of(cell), [x], states)
    pieces, carried = [], tuple(states)
    for part in x.split([1, 4, 2]):
        output, carried = run(cell, weights_of(cell), [part], carried)
        pieces.append(output)
    comparison.assert_same(torch.cat(pieces), whole, "pieces")
    comparison.assert_same(carried[1], final[1], "carried c")


def test_integer_inputs_choose_rows_of_a_table():
    class Words(OneState):
        def step(self, x, h):
            return (torch.tanh(torch.nn.functional.embedding(x[:, 0], self.W.weight.T) + self.U(h)),)

    words = torch.randint(0, 3, (5, 2, 1))
    cell = Words(3, 4).double()
    weights = weights_of(cell)
    start = torch.randn(2, 4, dtype=torch.float64)
    output, _ = run(cell, weights, [words], [start])
    truth, h = [], start
    for t in range(5):
        h = torch.tanh(cell.W.weight.T[words[t, :, 0]] + h @ cell.U.weight.T + cell.U.bias)
        truth.append(h)
    comparison.assert_same(output, torch.stack(truth), "output")
    got = torch.autograd.grad(output.sum(), [cell.W.weight, cell.U.weight])
    expected = torch.autograd.grad(torch.stack(truth).sum(), [cell.W.weight, cell.U.weight])
    for one, other in zip(got, expected, strict=True):
        comparison.assert_same(one, other, "gradient")


def test_a_linear_decay_sums_to_its_closed_form():
    class Decay(cells.Cell):
        def step(self, x, h):
            return (0.5 * h + x,)

    x = torch.randn(6, 2, 3, dtype=torch.float64, requires_grad=True)
    output, _ = run(Decay(3, 3), {}, [x], [torch.zeros(2, 3, dtype=torch.float64)])
    weights = 0.5 ** torch.arange(5, -1, -1, dtype=torch.float64)
    comparison.assert_same(output[-1], torch.einsum("t,tbf->bf", weights, x), "last output")
    (gradient,) = torch.autograd.grad(output[-1].sum(), x)
    comparison.assert_same(gradient, weights[:, None, None].expand(6, 2, 3), "gradient")
