"""Each option of a network, alone and with all others, in every way a network is used."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from tests.nn.layer_options import EVERYTHING, OPTIONS, stir
from tests.nn.networks import Decay, assert_same, make, noise

import grunit
from grunit import Recurrent
from grunit.errors import InputError

T, B, F, H = 5, 3, 2, 3


def network(option, cell="lstm", **more):
    return stir(make(cell, F, H, num_layers=2, **OPTIONS[option], **more))


@pytest.mark.parametrize("option", OPTIONS)
def test_whole_equals_chunks_equals_steps(option):
    rnn, x = network(option).eval(), noise(T, B, F)
    whole, final = rnn(x)
    first, state = rnn(x[:2])
    second, state = rnn(x[2:], state)
    assert_same((torch.cat([first, second]), state), (whole, final))
    state, outputs = rnn.init_state(B), []
    for value in x:
        output, state = rnn.step(value, state)
        outputs.append(output)
    assert_same((torch.stack(outputs), state), (whole, final))
    assert_same(rnn.step(x[0])[0], whole[0])


@pytest.mark.parametrize("option", OPTIONS)
def test_lengths_equal_row_by_row_runs(option):
    rnn, x, lengths = network(option, bidirectional=True).eval(), noise(T, B, F), [5, 0, 2]
    output, final = rnn(x, lengths=lengths)
    start = rnn.init_state(1)
    for row, length in enumerate(lengths):
        alone, state = rnn(x[:length, row]) if length else (x.new_zeros(0, rnn.output_size), [v[:, 0] for v in start])
        assert_same(output[:length, row], alone)
        assert not output[length:, row].any()
        assert_same([value[:, row] for value in final], list(state))


@pytest.mark.parametrize("option", OPTIONS)
def test_resets_equal_sequences_run_apart(option):
    rnn, x = network(option, bidirectional=option in ("learn_state", "zoneout", "state_norm")).eval(), noise(T, B, F)
    resets = torch.zeros(T, B, dtype=torch.bool)
    resets[3] = True
    whole = rnn(x, resets=resets)[0]
    if rnn.bidirectional:  # the second layer is apart as well: nothing crosses the line
        assert_same(whole, torch.cat([rnn(x[:3])[0], rnn(x[3:])[0]]))
    else:
        assert_same(whole[3:], rnn(x[3:])[0])


@pytest.mark.parametrize(
    ("option", "bidirectional"),
    [
        *[("state_dropout", True), ("zoneout", False), ("weight_drop", False), ("state_norm", True)],
        *[("learn_state", True), ("highway", False), ("dense", False)],
        pytest.param("everything", True, marks=pytest.mark.slow),
    ],
)
def test_gradients_with_fixed_masks_are_those_of_finite_differences(option, bidirectional):
    rnn = network(option, "gru" if bidirectional else "lstm", bidirectional=bidirectional)
    resets = torch.zeros(3, 2, dtype=torch.bool)
    resets[1, 1] = True
    leaves = [noise(3, 2, F), *(value.detach().clone() for value in rnn.parameters())]
    names = list(dict(rnn.named_parameters()))

    def call(x, *weights):
        torch.manual_seed(4)
        arguments = {"lengths": [2, 3], "resets": resets}
        output, final = torch.func.functional_call(rnn, dict(zip(names, weights, strict=True)), (x,), arguments)
        return (output, *final)

    leaves = [leaf.requires_grad_() for leaf in leaves]
    torch.autograd.gradcheck(call, leaves, fast_mode=True)
    if option in ("everything", "zoneout"):
        torch.autograd.gradgradcheck(call, leaves, fast_mode=True)


@pytest.mark.parametrize("option", ["zoneout", "everything"])
def test_the_same_seed_gives_the_same_on_both_backends(option):
    rnn, x = network(option), noise(T, B, F)
    resets = torch.rand(T, B) < 0.3
    results = []
    for backend in ("torch", "c"):
        with grunit.backend(backend):
            torch.manual_seed(4)
            output, final = rnn(x, lengths=[5, 2, 4], resets=resets)
            loss = output.square().sum() + sum(value.sum() for value in final)
            results.append([output, *final, *torch.autograd.grad(loss, rnn.parameters(), allow_unused=True)])
    assert_same(results[1], results[0])


@pytest.mark.slow
@pytest.mark.parametrize("cell", grunit.cells.names())
def test_any_cell_takes_zoneout_and_norm(cell):
    kind = grunit.cells.get(cell)
    with torch.no_grad():
        rnn = Recurrent(kind, F, 4, zoneout=0.2, state_norm=True).double().eval()
        sizes = rnn.cells[0].input_sizes()
        extra = {name: torch.rand(T, B, sizes.get(name, 1)).double() for name in rnn.extra_input_names}
        x = noise(T, B, F)
        whole, final = rnn(x, **extra)
        state, outputs = None, []
        for t in range(T):
            output, state = rnn.step(x[t], state, **{name: value[t] for name, value in extra.items()})
            outputs.append(output)
    assert_same((torch.stack(outputs), state), (whole, final))


@pytest.mark.parametrize("option", OPTIONS)
def test_trace_reads_the_gates_and_leaves_the_result(option):
    rnn, x = network(option), noise(T, B, F)
    gates = grunit.trace(rnn, x)
    assert sorted(gates)[:2] == ["candidate_l0", "candidate_l1"]
    assert gates["forget_gate_l1"].shape == (T, B, H)


@pytest.mark.parametrize("option", OPTIONS)
def test_copies_and_saved_weights_are_equal_and_independent(option):
    rnn, x = network(option).eval(), noise(T, B, F)
    before = rnn(x)
    other = make("lstm", F, H, num_layers=2, **OPTIONS[option]).eval()
    other.load_state_dict(rnn.state_dict())
    copies = [other, copy.deepcopy(rnn), pickle.loads(pickle.dumps(rnn))]
    with torch.no_grad():
        for value in rnn.parameters():
            value.zero_()
    for one in copies:
        assert_same(one(x), before)
    assert not torch.equal(rnn(x)[0], before[0])


def test_the_names_of_weights_do_not_change():
    plain = list(make("lstm", F, H, num_layers=2).state_dict())
    assert list(make("lstm", F, H, num_layers=2, zoneout=0.1, state_dropout=0.1, weight_drop=0.1).state_dict()) == plain
    more = [name for name in make("lstm", F, H, num_layers=2, **EVERYTHING).state_dict() if name not in plain]
    assert more[:2] == ["connections.0.project.weight", "connections.0.project.bias"]
    assert {name.split(".")[0] for name in more} == {"connections", "state_norms", "starts"}


def test_reset_parameters_draws_again_the_same_for_the_same_seed():
    torch.manual_seed(5)
    rnn = make("lstm", F, H, num_layers=2, **EVERYTHING)
    wanted = copy.deepcopy(rnn.state_dict())
    torch.manual_seed(5)
    stir(rnn).reset_parameters()
    assert set(wanted) == set(rnn.state_dict())
    torch.manual_seed(5)
    rnn.reset_parameters()
    assert all(torch.equal(value, wanted[name]) for name, value in rnn.state_dict().items())


def test_repr_names_the_options():
    text = Recurrent("gru", 3, 5, zoneout={"h": 0.1}, residual="add", learn_state=True, bidirectional=True).extra_repr()
    assert text == "gru, 3, 5, bidirectional=True, zoneout={'h': 0.1}, learn_state=True, residual='add'"


def test_a_step_while_training_is_a_sequence_of_one_step():
    rnn, x = network("everything"), noise(B, F)
    torch.manual_seed(2)
    stepped, state = rnn.step(x)
    torch.manual_seed(2)
    whole, final = rnn(x.unsqueeze(0))
    assert_same((stepped, state), (whole[0], final))


def test_new_parameters_take_the_dtype_of_the_cells_and_move_with_them():
    rnn = make("lstm", F, H, **EVERYTHING)
    assert {value.dtype for value in rnn.parameters()} == {torch.float64}
    x = torch.randn(T, B, F)
    assert rnn.float()(x)[0].dtype == torch.float32
    meta = Recurrent("lstm", F, H, device="meta", **EVERYTHING)
    assert {value.device.type for value in meta.parameters()} == {"meta"}


def test_bfloat16_autocast_stays_near_float32():
    rnn, x = Recurrent("lstm", 4, 8, num_layers=2, bidirectional=True, **EVERYTHING), torch.randn(6, 3, 4)
    rnn.eval()
    expected = rnn(x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        output = rnn(x)[0]
    torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.05)
    rnn.train()
    with torch.autocast("cpu", torch.bfloat16):
        rnn(x)[0].float().sum().backward()
    assert all(torch.isfinite(value.grad).all() for value in rnn.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True])
def test_torch_compile_gives_the_same(training):
    rnn, x = network("everything").train(training), noise(T, B, F)
    compiled = torch.compile(rnn, backend="aot_eager")
    torch.manual_seed(2)
    output = compiled(x)
    if not training:
        assert_same(output, rnn(x))
    output[0].sum().backward()
    assert all(torch.isfinite(value.grad).all() for value in rnn.parameters())


@pytest.mark.slow
def test_torch_export_gives_the_same():
    rnn, x = network("everything").eval(), noise(T, B, F)
    program = torch.export.export(rnn, (x,))
    y = noise(T, B, F)
    assert_same(program.module()(y), rnn(y))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"zoneout": 1.5}, "zoneout must be a number between 0 and 1, got 1.5"),
        ({"zoneout": {"m": 0.5}}, "zoneout names 'm': the states are h, c"),
        ({"zoneout": {"h": -1}}, r"zoneout\['h'\] must be a number between 0 and 1, got -1"),
        ({"zoneout": "much"}, "zoneout must be a number"),
        ({"state_dropout": -0.1}, "state_dropout must be a number between 0 and 1"),
        ({"input_dropout": 2}, "input_dropout must be"),
        ({"output_dropout": True}, "output_dropout must be"),
        ({"weight_drop": {"weight": 0.5}}, "weight_drop names 'weight': the parameters are weight_ih, weight_hh"),
        ({"residual": "plus"}, "residual must be one of None, add, gated, highway, got 'plus'"),
        ({"residual": ["add"]}, "residual must be one of"),
        ({"merge": "minus"}, "merge must be one of concat, sum, mean, multiply, max, got 'minus'"),
        ({"merge": None}, "merge must be one of"),
        ({"projection": 0}, "projection must be a whole number of at least 1, got 0"),
        ({"residual": "add", "dense": True}, "leave residual out"),
        ({"learn_state": True, "state_from_below": True}, "drop one of the two options"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        Recurrent("lstm", 3, 5, **options)


@pytest.mark.parametrize("option", ["state_dropout", "weight_drop"])
def test_a_cell_without_a_matrix_on_its_state_has_none_to_drop(option):
    with pytest.raises(InputError, match="Decay has no matrix that reads its state"):
        Recurrent(Decay, 3, 5, **{option: 0.5})
