"""Changed steps against loops written by hand from the papers' equations."""

from __future__ import annotations

import pytest
import torch
from tests.nn.layer_options import stir
from tests.nn.networks import Decay, assert_same, layer_of, make, noise, noisy_state
from torch.nn.functional import dropout, layer_norm, linear

from grunit import Recurrent
from grunit.cells import GRU, LSTM
from grunit.nn.modified import ModifiedCell

T, B, F, H = 5, 3, 2, 4


def lstm(cell, x, h, c):
    """Equations of Hochreiter & Schmidhuber with forget gates."""
    total = linear(x, cell.weight_ih, cell.bias_ih) + linear(h, cell.weight_hh, cell.bias_hh)
    i, f, g, o = total.chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru(cell, x, h, read, reset_after):
    """Equations of Cho et al.; ``read`` is what the matrices see of ``h``."""
    (xr, xz, xn), (br, bz, bn) = linear(x, cell.weight_ih, cell.bias_ih).chunk(3, -1), cell.bias_hh.chunk(3)
    ur, uz, un = cell.weight_hh.chunk(3)
    r, z = (xr + linear(read, ur, br)).sigmoid(), (xz + linear(read, uz, bz)).sigmoid()
    n = (xn + (r * linear(read, un, bn) if reset_after else linear(r * read, un, bn))).tanh()
    return z * h + (1 - z) * n


def test_state_dropout_of_an_lstm_is_that_of_gal_and_keras():
    rnn, x = make("lstm", F, H, state_dropout=0.5), noise(T, B, F)
    torch.manual_seed(3)
    output, final = rnn(x)
    torch.manual_seed(3)
    mask = dropout(torch.ones(B, H, dtype=torch.float64), 0.5)
    h = c = noise(B, H) * 0
    for t in range(T):
        h, c = lstm(rnn.cells[0], x[t], h * mask, c)
        assert_same(output[t], h)
    assert_same(final, (h[None], c[None]))


@pytest.mark.parametrize("reset_after", [True, False])
def test_state_dropout_hides_a_gru_state_from_matrices_and_not_from_its_carry(reset_after):
    rnn, x = Recurrent("gru", F, H, state_dropout=0.5, reset_after=reset_after, dtype=torch.float64), noise(T, B, F)
    torch.manual_seed(3)
    output = rnn(x)[0]
    torch.manual_seed(3)
    mask = dropout(torch.ones(B, H, dtype=torch.float64), 0.5)
    h = noise(B, H) * 0
    for t in range(T):
        h = gru(rnn.cells[0], x[t], h, h * mask, reset_after)
        assert_same(output[t], h)


def test_state_dropout_does_not_let_a_gated_state_grow():
    rnn = Recurrent("gru", 1, 8, state_dropout=0.5)
    with torch.no_grad():
        rnn.cells[0].bias_ih[8:16] = 20.0  # the update gate keeps everything
    start = torch.rand(1, 1, 8)
    assert_same(rnn(torch.zeros(200, 1, 1), start)[0][-1], start[0])


def test_zoneout_is_kruegers():
    rnn, x = make("lstm", F, H, zoneout={"c": 0.5, "h": 0.2}), noise(T, B, F)
    start = noisy_state(rnn, B)
    torch.manual_seed(3)
    output, final = rnn(x, start)
    torch.manual_seed(3)
    keep_c, keep_h = (torch.empty(T, B, H, dtype=torch.float64).bernoulli_(p) for p in (0.5, 0.2))
    (h,), (c,) = start
    for t in range(T):
        new_h, new_c = lstm(rnn.cells[0], x[t], h, c)  # the new h is made of the cell state before zoneout
        h, c = torch.where(keep_h[t] > 0, h, new_h), torch.where(keep_c[t] > 0, c, new_c)
        assert_same(output[t], h)
    assert_same(final, (h[None], c[None]))


def test_zoneout_in_evaluation_is_its_expectation():
    rnn, x = make("lstm", F, H, zoneout={"h": 0.2, "c": 0.5}).eval(), noise(T, B, F)
    output = rnn(x)[0]
    h = c = noise(B, H) * 0
    for t in range(T):
        new_h, new_c = lstm(rnn.cells[0], x[t], h, c)
        h, c = 0.2 * h + 0.8 * new_h, 0.5 * c + 0.5 * new_c
        assert_same(output[t], h)


def test_zoneout_of_everything_keeps_the_state():
    rnn = make("gru", F, H, zoneout=1.0)
    start = noisy_state(rnn, B)
    assert_same(rnn(noise(T, B, F), start)[1], start)


def test_state_norm_normalises_what_goes_out_and_back():
    rnn, x = stir(make("lstm", F, H, state_norm=True)), noise(T, B, F)
    output, norm = rnn(x)[0], rnn.state_norms[0]
    h = c = noise(B, H) * 0
    for t in range(T):
        h, c = lstm(rnn.cells[0], x[t], h, c)
        mean, variance = h.mean(-1, keepdim=True), h.var(-1, keepdim=True, unbiased=False)
        h = (h - mean) / (variance + 1e-5).sqrt() * norm.weight + norm.bias
        assert_same(output[t], h)


def test_norm_comes_before_zoneout():
    rnn, x = make("rnn", F, H, state_norm=True, zoneout=0.3).eval(), noise(2, B, F)
    h = noise(B, H) * 0
    for t in range(2):
        cell = rnn.cells[0]
        total = linear(x[t], cell.weight_ih, cell.bias_ih) + linear(h, cell.weight_hh, cell.bias_hh)
        h = 0.3 * h + 0.7 * layer_norm(total.tanh(), (H,))
    assert_same(rnn(x)[0][-1], h)


def test_a_learnt_start_is_a_state_that_is_given():
    rnn, x = stir(make("lstm", F, H, num_layers=2, bidirectional=True, learn_state=True)), noise(T, B, F)
    plain = make("lstm", F, H, num_layers=2, bidirectional=True)
    plain.cells.load_state_dict(rnn.cells.state_dict())
    start = tuple(torch.stack([getattr(s, n).expand(B, H) for s in rnn.starts]) for n in ("h", "c"))
    assert_same(rnn.init_state(B), start)
    assert_same(rnn(x), plain(x, start))
    assert_same(rnn(x, noisy := noisy_state(rnn, B)), plain(x, noisy))
    assert_same(rnn(x[:, 0])[0], rnn(x)[0][:, 0])
    rnn(x)[0].sum().backward()
    assert all(value.grad.abs().sum() > 0 for value in rnn.starts.parameters())


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, [4]])
def test_a_reset_goes_back_to_the_learnt_start(bidirectional, lengths):
    rnn = stir(make("lstm", F, H, bidirectional=bidirectional, learn_state=True))
    x, marks = noise(T, 1, F), torch.tensor([False, False, True, False, False])[:, None]
    output = rnn(x, lengths=lengths, resets=marks)[0]
    end = lengths[0] if lengths else T
    assert_same(output[:end], torch.cat([rnn(x[:2])[0], rnn(x[2:end])[0]]))
    # A reset at the first step sets a given state aside.
    first = torch.zeros(T, 1, dtype=torch.bool)
    first[0] = True
    if not bidirectional:
        assert_same(rnn(x, noisy_state(rnn, 1), resets=first), rnn(x))


def test_weight_drop_is_the_network_with_dropped_weights():
    rnn, x = make("gru", F, H, num_layers=2, weight_drop=0.5), noise(T, B, F)
    torch.manual_seed(3)
    output = rnn(x)[0]
    torch.manual_seed(3)
    dropped = {f"cells.{i}.weight_hh": dropout(rnn.cells[i].weight_hh, 0.5) for i in range(2)}
    plain = make("gru", F, H, num_layers=2)
    plain.load_state_dict(rnn.state_dict())
    assert_same(output, torch.func.functional_call(plain, dropped, (x,))[0])
    assert_same(rnn.eval()(x), plain(x))


def test_weight_drop_by_name_drops_what_is_named():
    rnn, x = Recurrent(Decay, F, H, weight_drop={"W.weight": 1.0}), noise(T, B, F)
    dt = torch.ones(T, B, dtype=torch.float64)
    nothing = {"cells.0.W.weight": torch.zeros(H, F, dtype=torch.float64)}
    plain = Recurrent(Decay, F, H)
    plain.load_state_dict(rnn.state_dict())
    assert_same(rnn(x, dt=dt), torch.func.functional_call(plain, nothing, (x,), {"dt": dt}))


def test_options_keep_the_extra_inputs_of_a_cell():
    rnn = Recurrent(Decay, F, H, num_layers=2, zoneout=0.5, state_norm=True).eval()
    x, dt = noise(T, B, F), torch.rand(T, B, dtype=torch.float64)
    whole = rnn(x, dt=dt)[0]
    state = None
    for t in range(T):
        output, state = rnn.step(x[t], state, dt=dt[t])
        assert_same(output, whole[t])


def test_layers_of_different_cells_take_the_zoneout_of_their_own_states():
    rnn, x = Recurrent(["lstm", "gru"], F, H, zoneout={"c": 0.5}, dtype=torch.float64).eval(), noise(T, B, F)
    first = Recurrent("lstm", F, H, zoneout={"c": 0.5}, dtype=torch.float64).eval()
    first.cells.load_state_dict({k: v for k, v in rnn.cells.state_dict().items() if k.startswith("0.")})
    second = layer_of(rnn, 1, "gru")
    assert_same(rnn(x)[0], second(first(x)[0])[0])


def test_a_cell_without_changes_is_called_as_it_is():
    cell, x, (h, c) = LSTM(F, H), torch.randn(B, F), torch.randn(2, B, H)
    assert_same(ModifiedCell(cell).step(x, h, c), cell.step(x, h, c))
    assert ModifiedCell(GRU(F, H), masked=True, random=False).inputs == ("x",)


@pytest.mark.parametrize(("cell", "kept"), [("slstm", {"h"}), ("gru_d", {"h"}), ("lstm", {"h", "c"}), ("gru", {"h"})])
def test_one_number_is_for_the_states_that_can_be_kept_alone(cell, kept):
    rnn = Recurrent(cell, 3, 6, zoneout=0.25)
    x, state = torch.randn(2, 3), tuple(torch.rand(1, 2, value.shape[-1]) for value in rnn.init_state(1))
    extra = {name: torch.ones(2, rnn.cells[0].input_sizes()[name]) for name in rnn.extra_input_names}
    _, plain = Recurrent.step(copy_without_zoneout(rnn, cell), x, state, **extra)
    _, mixed = rnn.eval().step(x, state, **extra)
    for name, old, new, found in zip(rnn.layout.names, state, plain, mixed, strict=True):
        expected = 0.25 * old + 0.75 * new if name in kept else new
        torch.testing.assert_close(found, expected)


def copy_without_zoneout(rnn, cell):
    plain = Recurrent(cell, 3, 6).eval()
    plain.load_state_dict(rnn.state_dict())
    return plain


def test_each_layer_of_different_cells_keeps_the_states_that_it_can():
    rnn = Recurrent(["lstm", "slstm"], 3, 6, zoneout=0.25).eval()
    zoned = [set(change.zoneout) for change in rnn._changes.changed[False, False]]
    assert zoned == [{"h", "c"}, {"h"}]
