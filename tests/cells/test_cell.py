"""The class that users subclass: how arguments are matched, what is refused."""

from __future__ import annotations

import pytest

from grunit.cells import Cell
from grunit.errors import InputError


def order_of(inputs_, state_, step):
    return type("Own", (Cell,), {"inputs": inputs_, "state": state_, "step": step}).argument_order()


def test_arguments_are_found_by_name_in_whatever_order():
    assert order_of(("x", "dt"), ("h", "c"), lambda self, x, h, dt, c: None) == ("x", "h", "dt", "c")


def test_other_names_are_taken_in_the_order_of_inputs_then_states():
    assert order_of(("x", "dt"), ("h",), lambda self, value, gap, before: None) == ("x", "dt", "h")
    assert order_of(("x",), ("h", "c"), lambda self, x, *state: None) == ("x", "h", "c")


@pytest.mark.parametrize(
    "step", [lambda self, x, c, hid: None, lambda self, h, x, /, c: None, lambda self, c, *rest: None]
)
def test_a_name_that_would_receive_another_state_is_refused(step):
    with pytest.raises(InputError, match=r"Own\.step has the argument '[ch]' where it would receive '[hx]'"):
        order_of(("x",), ("h", "c"), step)


def test_an_unknown_option_is_refused_by_name():
    with pytest.raises(InputError, match="Cell does not know the option colour"):
        Cell(3, 4, colour="red")


def test_a_cell_without_a_step_says_what_to_write():
    with pytest.raises(NotImplementedError, match="def step"):
        Cell(3, 4)(None, None)
