"""Named intermediates are recorded for whoever listens, and for nobody else."""

from __future__ import annotations

import threading

import pytest
import torch

from grunit import cells
from grunit.cli.catalogue import CLASSIC
from grunit.gates import gate, record_gates

GATES = {
    "rnn": {"candidate"},
    "lstm": {"input_gate", "forget_gate", "candidate", "output_gate"},
    "gru": {"reset_gate", "update_gate", "candidate"},
    "peephole_lstm": {"input_gate", "forget_gate", "candidate", "output_gate"},
    "peephole_gru": {"reset_gate", "update_gate", "candidate"},
}


def test_a_gate_is_the_value_itself():
    value = torch.randn(2, 3)
    assert gate("input_gate", value) is value
    with record_gates() as gates:
        assert gate("input_gate", value) is value
    assert gates["input_gate"] is value


@pytest.mark.parametrize("name", CLASSIC)
def test_every_shipped_cell_names_its_gates(name):
    cell = cells.get(name)(3, 4)
    with record_gates() as gates:
        cell(torch.randn(2, 3), *(torch.randn(2, 4) for _ in cell.state))
    assert set(gates) == GATES[name]
    assert all(value.shape == (2, 4) for value in gates.values())
    for kind, value in gates.items():
        if kind.endswith("gate"):
            assert ((value > 0) & (value < 1)).all()


def test_listening_ends_with_the_block_even_after_an_error():
    with pytest.raises(KeyError), record_gates() as gates:
        raise KeyError
    gate("late", torch.ones(1))
    assert gates == {}


def test_an_inner_block_takes_over_and_gives_back():
    with record_gates() as outer:
        with record_gates() as inner:
            gate("inside", torch.ones(1))
        gate("outside", torch.ones(1))
    assert list(outer) == ["outside"]
    assert list(inner) == ["inside"]


def test_other_threads_do_not_listen():
    with record_gates() as gates:
        thread = threading.Thread(target=lambda: gate("elsewhere", torch.ones(1)))
        thread.start()
        thread.join()
    assert gates == {}
