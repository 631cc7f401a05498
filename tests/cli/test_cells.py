"""The catalogue, against torch's own cells."""

from __future__ import annotations

import json

import pytest
import torch

from grunit import cells


def test_every_cell_is_listed_with_equations_and_paper(run):
    answer = run("cells", "--json")
    entries = json.loads(answer.out)["cells"]
    assert [entry["name"] for entry in entries] == cells.names()
    for entry in entries:
        assert entry["equations"], entry["name"]
        assert entry["paper"], entry["name"]
        assert entry["speed_class"] in ("dense", "elementwise", "linear")


@pytest.mark.parametrize(("name", "peer"), [("rnn", torch.nn.RNN), ("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU)])
def test_parameters_are_those_of_torch(run, name, peer):
    (entry,) = json.loads(run("cells", name, "--input-size", 3, "--hidden-size", 5, "--json").out)["cells"]
    assert entry["parameters"] == sum(parameter.numel() for parameter in peer(3, 5).parameters())


def test_text_names_every_cell_once_in_the_table(run):
    answer = run("cells")
    assert (answer.status, answer.err) == (0, "")
    lines = [line.split()[0] for line in answer.out.split("\n\n")[0].splitlines()[1:]]
    assert lines == cells.names()


def test_one_cell_whole(run):
    out = run("cells", "peephole_lstm").out
    assert "f = σ(W_f x + U_f h + p_f ⊙ c + b_f)" in out
    assert "Gers & Schmidhuber" in out
    assert "h, c" in out
    assert "forget_bias=None" in out
