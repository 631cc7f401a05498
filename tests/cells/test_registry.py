"""Cells by name."""

from __future__ import annotations

import pytest

from grunit import cells
from grunit.cells import registry
from grunit.errors import InputError


class Own(cells.Cell):
    pass


@pytest.fixture
def _own_names(monkeypatch):
    monkeypatch.setattr(registry, "_CELLS", dict(registry._CELLS))


def test_the_catalogue_begins_with_the_plainest():
    assert cells.names()[:3] == ["rnn", "lstm", "gru"]
    assert {"peephole_lstm", "peephole_gru"} <= set(cells.names())


@pytest.mark.parametrize("name", cells.names())
def test_name_and_class_lead_to_each_other(name):
    assert cells.name_of(cells.get(name)) == name


def test_a_class_stands_for_itself():
    assert cells.get(Own) is Own
    assert cells.name_of(Own) is None


@pytest.mark.usefixtures("_own_names")
def test_a_cell_of_ones_own_is_registered_once():
    cells.register("own", Own)
    cells.register("own", Own)
    assert cells.get("own") is Own
    with pytest.raises(InputError, match="'own' is taken by Own"):
        cells.register("own", cells.GRU)


def test_what_is_no_cell_is_refused():
    with pytest.raises(InputError, match="did you mean 'lstm'"):
        cells.get("LSTN")
    with pytest.raises(InputError, match="subclass"):
        cells.get(3)
    with pytest.raises(InputError, match="not a cell"):
        cells.register("list", list)


@pytest.mark.parametrize(
    ("called", "name"), [("mlstm", "multiplicative_lstm"), ("CIFG", "coupled_lstm"), ("rhn", "recurrent_highway")]
)
def test_a_cell_by_the_name_of_its_paper_is_suggested(called, name):
    with pytest.raises(InputError, match=f"did you mean '{name}'"):
        cells.get(called)
