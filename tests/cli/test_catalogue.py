"""What the catalogue reads off a cell."""

from __future__ import annotations

import pytest
import torch

from grunit import cells
from grunit.cli.catalogue import count_parameters, describe, formula_of, gates_of, read_catalogue


@pytest.mark.parametrize("name", cells.names())
def test_a_formula_counts_the_parameters_at_any_size(name):
    formula = formula_of(cells.get(name))
    if formula is None:
        return
    f, h = 5, 12
    terms = formula.replace("- ", "+ -").split(" + ")
    total = 0
    for term in terms:
        number = 1
        for factor in term.replace("-H", "-1 H").replace("-F", "-1 F").split():
            number *= {"H²": h * h, "F²": f * f, "H": h, "F": f}.get(factor) or int(factor)
        total += number
    assert total == count_parameters(cells.get(name)(f, h))


def test_gates_are_in_the_order_of_the_step():
    assert gates_of(cells.LSTM(3, 5)) == ["input_gate", "forget_gate", "candidate", "output_gate"]


@pytest.mark.parametrize(("size", "peer"), [(2, torch.nn.RNN), (5, torch.nn.RNN)])
def test_parameters_are_counted_for_the_sizes_asked_for(size, peer):
    (entry,) = read_catalogue(["rnn"], size, 3)
    assert entry["parameters"] == sum(parameter.numel() for parameter in peer(size, 3).parameters())


def test_the_class_of_a_users_cell_is_found_out(monkeypatch):
    class Own(cells.MinGRU):
        """My own."""

    monkeypatch.setitem(cells.registry._CELLS, "own", Own)
    (entry,) = read_catalogue(["own"], 2, 3)
    assert (entry["title"], entry["speed_class"], entry["family"]) == ("My own.", "linear", "linear")


def test_a_step_that_cannot_be_compiled_has_no_class():
    class Branches(cells.RNN):
        """Goes one way or the other."""

        def step(self, x, h):
            return super().step(x, h) if h.sum() > 0 else (h,)

    assert describe("branches", Branches, 2, 3)["speed_class"] is None
