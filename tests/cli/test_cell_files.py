"""A cell in a file of the user's own is fitted, compared and found again, and what is no such cell is refused."""

from __future__ import annotations

import json

import pytest

from grunit import Forecaster

CELL = """
import torch
import grunit

class Leaky(grunit.Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = torch.nn.Linear(input_size, hidden_size)
        self.U = torch.nn.Linear(hidden_size, hidden_size, bias=False)

    def step(self, x, h):
        return 0.5 * h + 0.5 * torch.tanh(self.W(x) + self.U(h))

def no_class():
    pass
"""
SMALL = ("--target", "sales", "--h", 3, "--set", "hidden_size=4", "--set", "max_epochs=1")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CELL)
    return path


def test_it_is_fitted_and_asked_for_again(run, table, file):
    answer = run("fit", "forecast", table, "--cell", "mine.py:Leaky", *SMALL, "-o", "model", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["cell"] == "Leaky"
    # A model never names a file to run: the user does, every time.
    status, _, err = run("predict", "model")
    assert status == 2
    assert "'Leaky'" in err
    assert run("predict", "model", "--cell", "mine.py:Leaky").status == 0
    answer = run("evaluate", "model", table, "--cell", "mine.py:Leaky", "--baselines", "drift", "--json")
    assert [row["model"] for row in json.loads(answer.out)["scores"]] == ["Forecaster", "drift"]


def test_a_fit_with_it_is_taken_up_again(run, stop_fit, table, file):
    small = (*SMALL[:-1], "max_epochs=2")
    answer = stop_fit(Forecaster, "forecast", table, "--cell", "mine.py:Leaky", *small, "-o", "model")
    assert f"type: grunit fit forecast {table} --resume -o model --cell mine.py:Leaky" in answer.err
    words = ("fit", "forecast", table, "--resume", "-o", "model")
    refused = run(*words)
    assert "name its file and class with --cell FILE.py:CLASS" in refused.err
    answer = run(*words, "--cell", "mine.py:Leaky", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["epochs"] == 2


def test_it_is_compared(run, table, file):
    words = ("--windows", 2, "--seeds", 1, "--cells", "gru,mine.py:Leaky", "--json")
    answer = run("compare", "forecast", table, *SMALL, *words)
    assert answer.status == 0, answer.err
    assert [row["name"] for row in json.loads(answer.out)["rows"]][:2] == ["gru", "Leaky"]


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("none.py:Leaky", "no file none.py"),
        ("mine.py", "names no class"),
        ("mine.py:Leeky", "did you mean 'Leaky'"),
        ("mine.py:no_class", "no subclass of grunit.Cell"),
        ("broken.py:Leaky", "ZeroDivisionError"),
    ],
)
def test_what_is_no_cell_is_refused_before_any_work(run, table, file, tmp_path, word, part):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    status, out, err = run("fit", "forecast", table, "--cell", word, *SMALL, "-o", "model")
    assert (status, out) == (2, ""), err
    assert part in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "model").exists()
