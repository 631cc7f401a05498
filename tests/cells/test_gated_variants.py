"""The options of every gated cell, on the variants of LSTM and GRU: each does what it says or is refused."""

from __future__ import annotations

import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same, noise

from grunit.cells import get
from grunit.errors import InputError
from grunit.gates import record_gates

CELLS = (
    *("coupled_lstm", "projected_lstm", "layer_norm_lstm", "layer_norm_gru", "adaptive_gru", "agru", "augru"),
    *("ur_lstm", "cell_state_gru"),
)
WITHOUT_A_KEEPING_GATE = ("coupled_lstm", "agru")
LSTMS = ("coupled_lstm", "projected_lstm", "layer_norm_lstm", "ur_lstm")


def arguments(cell, rows: int = 2):
    sizes = {"x": cell.input_size, "attention": 1, "h": cell.hidden_size, "c": cell.hidden_size, **cell.state_sizes()}
    return [noise(rows, sizes[name]) for name in (*cell.inputs, *cell.state)]


@pytest.mark.parametrize("name", [name for name in CELLS if name != "ur_lstm"])
def test_without_biases_it_is_the_cell_whose_biases_are_zero(name):
    bare, cell = get(name)(3, 4, bias=False, dtype=DOUBLE), get(name)(3, 4, dtype=DOUBLE)
    assert not [parameter for parameter in bare.state_dict() if "bias" in parameter]
    cell.load_state_dict(bare.state_dict(), strict=False)
    with torch.no_grad():
        for parameter, value in cell.named_parameters():
            if "bias" in parameter:
                value.zero_()
    given = arguments(cell)
    assert_same(bare(*given), cell(*given))


@pytest.mark.parametrize("name", CELLS)
def test_orthogonal_recurrent_blocks(name):
    cell = get(name)(3, 4, initializer="orthogonal", dtype=DOUBLE)
    units = cell.weight_hh.shape[1]
    for block in cell.weight_hh.detach().split(4):
        torch.testing.assert_close(block.T @ block, torch.eye(units, dtype=DOUBLE))


@pytest.mark.parametrize("name", CELLS)
def test_xavier_blocks_lie_in_their_bounds(name):
    cell = get(name)(3, 40, initializer="xavier", dtype=DOUBLE)
    for weight in (cell.weight_ih, cell.weight_hh):
        bound = (6 / (40 + weight.shape[1])) ** 0.5
        for block in weight.detach().split(40):
            assert 0.9 * bound < block.abs().max() <= bound


@pytest.mark.parametrize("name", [name for name in CELLS if name not in WITHOUT_A_KEEPING_GATE])
def test_the_forget_bias_is_that_of_the_gate_that_keeps(name):
    cell = get(name)(3, 4, forget_bias=1.25)
    rows = cell.stacked.index(cell.keeps)
    total = (cell.bias_ih + cell.bias_hh).split(4)[rows]
    assert total.tolist() == [1.25] * 4
    assert cell.keeps == (
        "forget_gate" if name in LSTMS else "reset_gate" if name == "cell_state_gru" else "update_gate"
    )


@pytest.mark.parametrize("name", [name for name in CELLS if name not in WITHOUT_A_KEEPING_GATE])
def test_chrono_spreads_the_time_the_gate_keeps(name):
    cell = get(name)(3, 50, initializer="chrono", max_time=20, dtype=DOUBLE)
    times = (cell.bias_ih + cell.bias_hh).detach().split(50)[cell.stacked.index(cell.keeps)].exp()
    assert times.min() >= 1
    assert 10 < times.max() <= 19


@pytest.mark.parametrize("name", WITHOUT_A_KEEPING_GATE)
@pytest.mark.parametrize("options", [{"forget_bias": 1.0}, {"initializer": "chrono"}])
def test_without_a_gate_that_keeps_both_are_refused(name, options):
    with pytest.raises(InputError, match="has no gate that keeps the old state"):
        get(name)(3, 4, **options)


@pytest.mark.parametrize("name", CELLS)
def test_activations_reach_gates_and_candidate(name):
    cell = get(name)(3, 4, activation=torch.sin, gate_activation=torch.cos, dtype=DOUBLE)
    plain = get(name)(3, 4, activation="identity", gate_activation="identity", dtype=DOUBLE)
    plain.load_state_dict(cell.state_dict())
    given = arguments(cell)
    with record_gates() as gates:
        cell(*given)
    with record_gates() as sums:
        plain(*given)
    own = set(cell.stacked) - {"candidate"}
    assert own <= set(gates)
    for block in own:
        assert_same([gates[block]], [sums[block].cos()])
    if name in ("coupled_lstm", "projected_lstm", "layer_norm_lstm", "ur_lstm"):  # else the reset gate is in between
        assert_same([gates["candidate"]], [sums["candidate"].sin()])


@pytest.mark.parametrize("name", [*CELLS, "scalar_gru"])
def test_an_unknown_option_is_refused(name):
    with pytest.raises(InputError, match="does not know the option peephole"):
        get(name)(3, 4, peephole=True)
