"""Against ONNX Runtime on random weights: every variant of its LSTM, GRU and RNN, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.conformance.onnx_operators import run_onnxruntime, run_operator

STEPS, ROWS, FEATURES, HIDDEN = 7, 4, 3, 5
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
ACTIVATIONS = ("Tanh", "Sigmoid", "Relu", "HardSigmoid", "Softsign", "Softplus", "Elu", "LeakyRelu", "ThresholdedRelu")


def make_inputs(operator: str, direction: str, *, seed: int = 0, lengths=None, full=True, peepholes=False):
    """Random weights and inputs; ``full`` with biases and initial states."""
    random = np.random.default_rng(seed)
    directions = 2 if direction == "bidirectional" else 1

    def draw(*shape: int, scale: float = 0.5) -> np.ndarray:
        return random.normal(0, scale, shape).astype(np.float32)

    inputs = {
        "X": draw(STEPS, ROWS, FEATURES, scale=1.0),
        "W": draw(directions, GATES[operator] * HIDDEN, FEATURES),
        "R": draw(directions, GATES[operator] * HIDDEN, HIDDEN),
    }
    if full:
        inputs["B"] = draw(directions, 2 * GATES[operator] * HIDDEN)
        inputs["initial_h"] = draw(directions, ROWS, HIDDEN)
        if operator == "LSTM":
            inputs["initial_c"] = draw(directions, ROWS, HIDDEN)
    if lengths is not None:
        inputs["sequence_lens"] = np.array(lengths, np.int32)
    if peepholes:
        inputs["P"] = draw(directions, 3 * HIDDEN)
    return inputs


def assert_same(operator: str, inputs: dict[str, np.ndarray], attributes: dict[str, Any]) -> None:
    ours, theirs = run_operator(operator, inputs, attributes), run_onnxruntime(operator, inputs, attributes)
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        # ONNX Runtime's sigmoid and tanh are polynomials, good to a few units in float32's last place each step.
        np.testing.assert_allclose(ours[name], expected, rtol=2e-5, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("full", [True, False], ids=["bias and states", "bare"])
@pytest.mark.parametrize("lengths", [None, (7, 1, 4, 6)], ids=["whole", "lengths"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(
    ("operator", "variant"),
    [
        ("LSTM", {}),
        ("LSTM", {"input_forget": 1}),
        ("LSTM", {"peepholes": True}),
        ("LSTM", {"peepholes": True, "input_forget": 1}),
        ("GRU", {"linear_before_reset": 0}),
        ("GRU", {"linear_before_reset": 1}),
        ("RNN", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(f"{k}={v}" for k, v in value.items()) or "plain",
)
def test_variants(operator, variant, direction, lengths, full):
    attributes = {**variant, "direction": direction}
    peepholes = attributes.pop("peepholes", False)
    inputs = make_inputs(operator, direction, lengths=lengths, full=full, peepholes=peepholes)
    assert_same(operator, inputs, attributes)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_rnn_activations(activation):
    # ONNX Runtime's own default threshold is 0, not the 1 of the operator's definition.
    alpha = {"activation_alpha": [1.0]} if activation == "ThresholdedRelu" else {}
    assert_same("RNN", make_inputs("RNN", "forward"), {"activations": [activation], **alpha})


@pytest.mark.parametrize("candidate", ["Tanh", "Relu", "Softsign"])
@pytest.mark.parametrize("gates", ["Sigmoid", "HardSigmoid"])
@pytest.mark.parametrize("operator", ["LSTM", "LSTM with peepholes", "GRU"])
def test_gate_and_candidate_activations(operator, gates, candidate):
    name = operator.split()[0]
    inputs = make_inputs(name, "forward", peepholes="peepholes" in operator)
    activations = [gates, candidate] if name == "GRU" else [gates, candidate, candidate]
    assert_same(name, inputs, {"activations": activations})


def test_lstm_output_activation_unlike_the_candidates():
    assert_same("LSTM", make_inputs("LSTM", "forward"), {"activations": ["Sigmoid", "Relu", "Tanh"]})
