"""Cells against numbers that public implementations computed; the file names them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.cells.steps import DOUBLE, assert_same

import grunit

CASES = json.loads(Path(__file__).with_name("public_steps.json").read_text(encoding="utf-8"))["cases"]


def test_the_file_covers_these_cells():
    assert {case["cell"] for case in CASES} == {"mogrifier_lstm", "brc", "nbrc", "fast_grnn", "li_gru"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join([case["cell"], *map(str, case["options"].values())]))
def test_a_sequence_gives_the_numbers_of_the_public_implementation(case):
    x, output = (torch.tensor(case[name], dtype=DOUBLE) for name in ("x", "output"))
    states, final = ([torch.tensor(value, dtype=DOUBLE) for value in case[name]] for name in ("states", "final"))
    rnn = grunit.Recurrent(case["cell"], x.shape[-1], output.shape[-1], **case["options"]).double()
    weights = {name: torch.tensor(value, dtype=DOUBLE) for name, value in case["parameters"].items()}
    rnn.cells[0].load_state_dict(weights)
    got, new = rnn(x, tuple(state[None] for state in states))
    assert_same([got, *(state[0] for state in new)], [output, *final])
