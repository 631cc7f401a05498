"""Cells against numbers of the papers' own code and of other libraries, written down in gated_variants.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import grunit
from grunit.cells import get

CASES = json.loads((Path(__file__).parent / "gated_variants.json").read_text())


def tensor(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case['cell']}" for number, case in enumerate(CASES)])
def test_a_sequence_gives_the_numbers_of_the_source(case):
    inputs = {name: tensor(values) for name, values in case["inputs"].items()}
    start = {name: tensor(values) for name, values in case["start"].items()}
    rnn = grunit.Recurrent(case["cell"], inputs["x"].shape[-1], start["h"].shape[-1], **case["options"]).double()
    (cell,) = rnn.cells
    cell.load_state_dict({name: tensor(values) for name, values in case["parameters"].items()})
    output, final = rnn(inputs.pop("x"), tuple(start[name][None] for name in get(case["cell"]).state), **inputs)
    tolerance = 10.0 ** -case["digits"]
    torch.testing.assert_close(output, tensor(case["expected"]["h"]), rtol=tolerance, atol=tolerance)
    for name, value in zip(cell.state, final, strict=True):
        torch.testing.assert_close(value[0], tensor(case["expected"][name][-1]), rtol=tolerance, atol=tolerance)
