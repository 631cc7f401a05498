"""Plans are found again, made anew when the cell changes, and refused with a reason when a step cannot be compiled."""

from __future__ import annotations

import copy
import gc
import threading
import warnings
import weakref

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop, assert_same, example, plan_of, weights_of
from tests.compiler.user_cells import OneState, PlainTensor
from torch import nn
from torch.nn import functional

from grunit.cells import GRU, LSTM, Cell
from grunit.compiler.eager import run_eagerly
from grunit.compiler.plan import Plan, Refusal, find_plan
from grunit.compiler.run import run
from grunit.errors import CompileWarning, InputError, ShapeError


def found(cell: Cell) -> Plan | Refusal:
    inputs, states = example(cell, requires_grad=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        return find_plan(cell, weights_of(cell), inputs, states, False, False)


def branches_on_values(s, x, h):
    return torch.tanh(s.W(x) + s.U(h)) if h.sum() > 0 else h * 0.5


UNCOMPILABLE = {
    "branches on the values": branches_on_values,
    "branches on the number of rows": lambda s, x, h: torch.tanh(s.W(x) + (s.U(h) if x.shape[0] > 10 else h)),
    "mixes the rows": lambda s, x, h: torch.tanh(s.W(x) + s.U(h) + h.mean(0)),
    "mixes the rows of a batch": lambda s, x, h: torch.tanh(s.W(x) + s.U(h) * x.shape[0]),
    "mixes": lambda s, x, h: torch.tanh(s.W(x) + s.U(h) + torch.relu(h[0] - 1000)),
    "": lambda s, x, h: torch.tanh(s.W(x) + s.U(h) * h.max().item()),
}


def test_a_gate_that_is_zero_now_does_not_hide_that_rows_are_mixed():
    class Hidden(OneState):
        def __init__(self, input_size, hidden_size):
            super().__init__(input_size, hidden_size)
            self.alpha = nn.Parameter(torch.zeros(1))

        def step(self, x, h):
            return (torch.tanh(self.W(x) + self.U(h)) + self.alpha * x.flip(0).sum(1, keepdim=True),)

    cell = Hidden(3, 4).double()
    with pytest.warns(CompileWarning, match="mixes the rows"):
        assert_equals_the_loop(cell, compiled=False)


@pytest.mark.parametrize("reason", UNCOMPILABLE)
def test_what_cannot_be_compiled_runs_as_the_plain_loop_and_says_so_once(reason):
    class Odd(OneState):
        def step(self, x, h):
            return (UNCOMPILABLE[reason](self, x, h),)

    cell = Odd(3, 4).double()
    with pytest.warns(CompileWarning, match=f"Odd runs as a plain Python loop.*{reason}") as said:  # noqa: PT031
        for rows in (3, 12):
            assert_equals_the_loop(cell, rows=rows, compiled=False)
        assert_equals_the_loop(Odd(3, 5), compiled=False)
    assert len(said) == 1


def test_dropout_in_a_step_draws_anew_at_every_step_and_compiles_in_evaluation_mode():
    class Dropping(OneState):
        def step(self, x, h):
            return (functional.dropout(h + 1, 0.5, self.training),)

    cell = Dropping(3, 50)
    x, h = torch.zeros(2, 1, 3), torch.zeros(1, 50)
    with pytest.warns(CompileWarning, match="draws random numbers"):
        output, _ = run(cell, weights_of(cell), [x], [h])
    assert not torch.equal(output[0] == 0, output[1] == 0)
    assert isinstance(found(cell.eval()), Plan)


def test_batch_normalisation_in_training_mode_runs_as_the_plain_loop():
    class Normalised(OneState):
        def build(self, input_size, hidden_size):
            self.norm = nn.BatchNorm1d(hidden_size, track_running_stats=False)

        def step(self, x, h):
            return (torch.tanh(self.norm(self.W(x) + self.U(h))),)

    with pytest.warns(CompileWarning, match="Normalised"):
        assert_equals_the_loop(Normalised(3, 4), compiled=False)


def test_a_tensor_that_wants_a_gradient_but_is_no_parameter_gets_it():
    class Hidden(OneState):
        def build(self, input_size, hidden_size):
            self.outside = [nn.Linear(hidden_size, hidden_size, dtype=torch.float64)]

        def step(self, x, h):
            return (torch.tanh(self.W(x) + self.outside[0](h)),)

    cell = Hidden(3, 4).double()
    inputs, states = example(cell)
    with pytest.warns(CompileWarning):
        output, _ = run(cell, weights_of(cell), inputs, states)
    truth, _ = run_eagerly(cell, weights_of(cell), inputs, states)
    weight = cell.outside[0].weight
    assert_same(torch.autograd.grad(output.sum(), weight)[0], torch.autograd.grad(truth.sum(), weight)[0], "gradient")


def walk_of(formula):
    class Mistaken(OneState):
        state = ("h", "c")

        def step(self, x, h, c):
            return formula(self, x, h, c)

    cell = Mistaken(3, 4)
    run(cell, weights_of(cell), *example(cell))


def test_a_misspelt_attribute_is_reported_as_python_does_with_a_traceback_into_the_step():
    with pytest.raises(AttributeError, match="nonsense") as caught:
        walk_of(lambda s, x, h, c: (s.nonsense(x), c))
    assert "s.nonsense(x)" in str(caught.traceback[-2].statement)


def test_shapes_that_do_not_fit_are_reported_as_torch_does(caplog):
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        walk_of(lambda s, x, h, c: (s.U(x), c))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_state_of_another_shape_names_the_state_and_both_shapes():
    with pytest.raises(ShapeError, match=r"Mistaken .* 'c' as \(B, 4\) and returned it as \(B, 8\)"):
        walk_of(lambda s, x, h, c: (h, torch.cat([c, c], 1)))


@pytest.mark.parametrize(("result", "words"), [((), "returned 0 states, the cell names 2"), (None, "NoneType")])
def test_the_wrong_number_of_states_is_refused(result, words):
    with pytest.raises(InputError, match=words):
        walk_of(lambda s, x, h, c: result)


class Scaled(OneState):
    def build(self, input_size, hidden_size):
        self.scale, self.function = 2.0, torch.tanh

    def step(self, x, h):
        return (self.function(self.W(x) * self.scale + self.U(h)),)


def change_a_number(cell):
    cell.scale = 3.0


def change_to_an_equal_number_of_another_type(cell):
    cell.scale = 2


def change_the_function(cell):
    cell.function = torch.sigmoid


def change_to_a_closure(cell):
    factor = 0.3
    cell.function = lambda value: factor * value


def change_to_another_closure_of_the_same_code(cell):
    def times(factor):
        return lambda value: factor * value

    cell.function = times(0.3)
    assert_equals_the_loop(cell)
    cell.function = times(0.4)


def change_to_a_tensor(cell):
    cell.scale = torch.randn(4, dtype=torch.float64)
    assert_equals_the_loop(cell)
    cell.scale = torch.randn(4, dtype=torch.float64)


@pytest.mark.parametrize(
    "change",
    [
        change_a_number,
        change_to_an_equal_number_of_another_type,
        change_the_function,
        change_to_a_closure,
        change_to_another_closure_of_the_same_code,
        change_to_a_tensor,
    ],
)
@pytest.mark.parametrize("with_object", [False, True], ids=["plain", "with an object"])
def test_a_changed_attribute_is_honoured(change, with_object):
    cell = Scaled(3, 4).double()
    if with_object:
        cell.thing = object()
    assert_equals_the_loop(cell)
    change(cell)
    assert_equals_the_loop(cell)


def test_a_tensor_attribute_changed_in_place_is_honoured():
    cell = PlainTensor(3, 4).double()
    assert_equals_the_loop(cell)
    cell.scale.mul_(2)
    assert_equals_the_loop(cell)


def test_mode_dtype_and_parameter_shapes_are_part_of_the_structure():
    class Modal(OneState):
        def step(self, x, h):
            return (torch.tanh(self.W(x) + self.U(h)) * (2.0 if self.training else 1.0),)

    cell = Modal(3, 4)
    single = found(cell)
    assert_equals_the_loop(cell)
    assert_equals_the_loop(cell.eval())
    assert found(cell.float()) is not single
    assert found(cell.train()) is single
    cell.W = nn.Linear(3, 4, bias=False)
    assert_equals_the_loop(cell)


def test_cells_of_one_structure_share_a_plan_and_others_do_not():
    assert found(GRU(3, 4)) is found(GRU(3, 4))
    assert found(GRU(3, 4)) is not found(GRU(3, 4, reset_after=False))
    assert found(GRU(3, 4)) is not found(GRU(3, 5))
    cell = LSTM(3, 4)
    assert found(cell) is found(copy.deepcopy(cell))


def test_two_classes_of_one_name_are_two_cells():
    def make(factor):
        class Twin(OneState):
            def step(self, x, h):
                return (torch.tanh(self.W(x) + self.U(h)) * factor,)

        return Twin(3, 4)

    assert_equals_the_loop(make(1.0))
    assert_equals_the_loop(make(2.0))


def test_several_threads_trace_and_run_at_once():
    class Threaded(OneState):
        def step(self, x, h):
            return (torch.tanh(self.W(x) + self.U(h)) * 0.5,)

    cells = [Threaded(3, size).double() for size in (2, 3, 4, 3)]
    failures = []

    def work(cell):
        try:
            for _ in range(3):
                assert_equals_the_loop(cell)
        except BaseException as error:  # noqa: BLE001  handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(cell,)) for cell in cells]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def close_over(cell):
    return lambda value: torch.tanh(value * cell.scale)


@pytest.mark.parametrize("attribute", ["nothing", "a closure over the cell", "its own method", "a tensor"])
def test_a_deleted_cell_is_collected(attribute):
    cell = Scaled(3, 4)
    if attribute == "a closure over the cell":
        cell.function = close_over(cell)
    elif attribute == "its own method":
        cell.wet = cell.build
    elif attribute == "a tensor":
        cell.scale = torch.ones(4)
    run(cell, weights_of(cell), *example(cell))[0].sum().backward()
    alive = weakref.ref(cell)
    del cell
    gc.collect()
    assert alive() is None


def test_many_walks_leave_nothing_behind():
    def walk():
        cell = GRU(3, 4)
        output, _ = run(cell, weights_of(cell), *example(cell))
        output.sum().backward()

    def tensors():
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    walk()
    before = tensors()
    for _ in range(200):
        walk()
    assert tensors() <= before


def test_the_plan_of_a_shipped_cell_is_a_plan():
    assert isinstance(plan_of(LSTM(3, 4)), Plan)
