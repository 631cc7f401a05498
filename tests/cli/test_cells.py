"""The catalogue on the command line, against torch's own cells."""

from __future__ import annotations

import json
import os

import pytest
import torch

from grunit import cells
from grunit.cli.catalogue import FAMILIES


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")


def test_every_cell_is_listed_with_all_there_is_to_know(run):
    answer = run("cells", "--json")
    entries = json.loads(answer.out)["cells"]
    assert [entry["name"] for entry in entries] == cells.names()
    for entry in entries:
        for key in ("title", "equations", "state", "gates", "parameters", "advice", "paper", "class_name"):
            assert entry[key], f"{entry['name']} has no {key}"
        assert entry["speed_class"] in ("dense", "elementwise", "linear"), entry["name"]
        assert entry["family"] in FAMILIES


@pytest.mark.parametrize(("name", "peer"), [("rnn", torch.nn.RNN), ("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU)])
def test_parameters_are_those_of_torch(run, name, peer):
    (entry,) = json.loads(run("cells", name, "--input-size", 3, "--hidden-size", 5, "--json").out)["cells"]
    assert entry["parameters"] == sum(parameter.numel() for parameter in peer(3, 5).parameters())


def test_text_is_one_table_that_fits_a_screen(run):
    answer = run("cells")
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    first = [line.split()[0] for line in lines if line]
    assert sorted(word for word in first if word in cells.names()) == sorted(cells.names())
    assert len(lines) < len(cells.names()) + 20
    assert max(map(len, lines)) <= 110
    headings = [line for line in lines if line in FAMILIES.values()]
    assert headings == [heading for heading in FAMILIES.values() if heading in headings]
    assert "σ" not in answer.out


def test_equations_of_all(run):
    out = run("cells", "--equations").out
    assert "f = σ(W_f x + U_f h + p_f ⊙ c + b_f)" in out
    assert "c' = f ⊙ c + i ⊙ g" in out


def test_one_cell_whole(run):
    out = run("cells", "peephole_lstm").out
    assert "f = σ(W_f x + U_f h + p_f ⊙ c + b_f)" in out
    assert "Gers & Schmidhuber" in out
    assert "h (32), c (32)" in out
    assert "forget_bias=None" in out
    assert "input_gate, forget_gate" in out
    assert "4 H² + 4 F H" in out


def test_a_name_with_a_slip_is_told_the_nearest(run):
    answer = run("cells", "peephol_lstm")
    assert answer.status == 2
    assert answer.err == "grunit: unknown cell 'peephol_lstm': did you mean 'peephole_lstm'?\n"


def test_speed_beside_lstm(run, monkeypatch):
    from grunit.cli import cell_speed, contenders

    monkeypatch.setattr(cell_speed, "SIZE", contenders.Size(2, 3, 4))
    monkeypatch.setattr(cell_speed.compare_with_lstm, "__defaults__", (contenders.Size(2, 3, 4),))
    monkeypatch.setattr(cell_speed.compare_with_lstm, "__kwdefaults__", {"seconds": 0.0, "least_rounds": 2})
    answer = run("cells", "gru", "--speed", "--json")
    speed = json.loads(answer.out)["cells"][0]["speed"]
    assert [row["work"] for row in speed["rows"]] == ["training", "inference"]
    for row in speed["rows"]:
        least = {each: found["least"] for each, found in row["times"].items()}
        assert set(least) == {"cell", "lstm", "torch.nn.LSTM"}
        assert min(least.values()) > 0
    assert speed["backend"] == os.environ["GRUNIT_BACKEND"]
    text = run("cells", "gru", "--speed").out
    assert "2 rows, 3 steps, 4 units" in text
    assert "torch.nn.LSTM ms" in text


def test_speed_needs_a_name(run):
    answer = run("cells", "--speed")
    assert answer.status == 2
    assert "give its name" in answer.err
