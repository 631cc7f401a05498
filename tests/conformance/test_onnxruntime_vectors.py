"""Against the fixed numbers in ONNX Runtime's own tests of its LSTM, GRU and RNN; the file names their source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.onnx_operators import run_onnxruntime, run_operator

VECTORS = json.loads(Path(__file__).with_name("onnxruntime_vectors.json").read_text(encoding="utf-8"))["cases"]


def test_the_file_covers_every_operator_and_variant():
    def cases(**wanted):
        return [c for c in VECTORS if all(c.get(name, 0) == value for name, value in wanted.items())]

    assert len(VECTORS) == 55
    assert all(cases(operator=name, direction=way) for name in ("LSTM", "GRU", "RNN") for way in ("forward", "reverse"))
    assert cases(operator="GRU", linear_before_reset=0)
    assert cases(operator="GRU", linear_before_reset=1)
    assert cases(operator="LSTM", input_forget=1)
    assert [case for case in VECTORS if "P" in case["inputs"]]


def inputs_of(case) -> dict[str, np.ndarray]:
    kinds = {"sequence_lens": np.int32}
    return {name: np.array(value, kinds.get(name, np.float32)) for name, value in case["inputs"].items()}


def assert_as_printed(answers, case):
    for name, expected in case["outputs"].items():
        printed = np.array(expected, float)  # null becomes nan: not compared
        known = ~np.isnan(printed)
        # A unit of the last digit printed: most have eight decimals, one case five digits, some seven decimals.
        digits = 1e-4 if case["name"] == "TestLSTMBatchReallocation" else 1e-6
        np.testing.assert_allclose(answers[name][known], printed[known], rtol=digits, atol=2e-7, err_msg=name)


every_case = pytest.mark.parametrize("case", VECTORS, ids=[case["operator"] + " " + case["name"] for case in VECTORS])


@every_case
def test_grunit_gives_the_published_numbers(case):
    assert_as_printed(run_operator(case["operator"], inputs_of(case), case), case)


@every_case
def test_onnxruntime_gives_the_published_numbers(case):
    names = ("direction", "activations", "input_forget", "linear_before_reset")
    attributes = {name: case[name] for name in names if name in case}
    assert_as_printed(run_onnxruntime(case["operator"], inputs_of(case), attributes), case)
