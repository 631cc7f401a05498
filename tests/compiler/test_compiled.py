"""``grunit.compile``: what a person sees of a cell."""

from __future__ import annotations

import ast
import warnings

import pytest
import torch
from tests.compiler.user_cells import MinGRU, OneState

import grunit
from grunit import cells
from grunit.cli.catalogue import CLASSIC
from grunit.compiler.c_build import BuildError, find_compiler
from grunit.errors import InputError


@pytest.mark.parametrize("name", CLASSIC)
def test_the_source_is_python_and_names_its_parts(name):
    compiled = grunit.compile(cells.get(name)(3, 4))
    parts = {node.name for node in ast.walk(ast.parse(compiled.source)) if isinstance(node, ast.FunctionDef)}
    assert {"hoisted", "step", "step_backward", "deferred"} <= parts


def test_it_says_which_backend_runs_the_cell_and_why():
    compiled = grunit.compile(cells.GRU(3, 4))
    assert (compiled.backend, compiled.reason) == ("torch", "the torch backend was asked for")
    assert str(compiled) == str(compiled.schedule)


def test_on_the_c_backend_the_source_is_c():
    try:
        find_compiler()
    except BuildError as error:
        pytest.skip(str(error))
    with grunit.backend("auto"):
        compiled = grunit.compile(cells.RNN(3, 4))
    assert (compiled.backend, compiled.reason) == ("c", "the fastest that can run this cell here")
    assert "#include" in compiled.source


def test_what_stays_a_python_loop_says_why():
    class Branching(OneState):
        def step(self, x, h):
            return (h if h.sum() > 0 else self.W(x),)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", grunit.errors.CompileWarning)
        compiled = grunit.compile(Branching(3, 4))
    assert (compiled.backend, compiled.schedule, compiled.source) == ("eager", None, "")
    assert str(compiled) == "not compiled: step branches on the values of a tensor"


def test_the_class_of_a_cell_stands_in_its_schedule():
    assert grunit.compile(MinGRU(3, 4)).schedule.kind == "linear"
    assert grunit.compile(cells.LSTM(3, 4)).schedule.kind == "dense"


def test_what_is_no_cell_is_refused():
    with pytest.raises(InputError, match="cannot compile"):
        grunit.compile(torch.nn.Linear(3, 4))
    with pytest.raises(InputError, match="does not know its sizes"):
        grunit.compile(cells.Cell())
