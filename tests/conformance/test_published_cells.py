"""Cells against numbers that other people's implementations gave, each case with its source, in float64."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import grunit
from grunit.cells import get

CASES = json.loads((Path(__file__).parent / "published_cells.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[f"{case['cell']}-{i}" for i, case in enumerate(CASES)])
def test_outputs_and_final_states_are_those_of_the_other_implementation(case):
    def tensor(values):
        return torch.tensor(values, dtype=torch.float64)

    x, states = tensor(case["x"]), [tensor(value) for value in case["states"]]
    rnn = grunit.Recurrent(get(case["cell"]), x.shape[-1], states[0].shape[-1], **case["options"]).double()
    names = {name for name, _ in rnn.cells[0].named_parameters()}
    assert names == set(case["parameters"])
    with torch.no_grad():
        for name, value in case["parameters"].items():
            rnn.cells[0].get_parameter(name).copy_(tensor(value))
        output, final = rnn(x, tuple(value[None] for value in states))
    torch.testing.assert_close(output, tensor(case["output"]), rtol=1e-11, atol=1e-12)
    for got, expected in zip(final, case["final"], strict=True):
        torch.testing.assert_close(got[0], tensor(expected), rtol=1e-11, atol=1e-12)
