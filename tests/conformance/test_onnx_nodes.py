"""Against the ONNX project's own node test cases and its reference evaluator."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.backend.test.case import node as node_cases
from onnx.backend.test.case.node import gru, lstm, rnn  # noqa: F401  importing a module makes its cases
from onnx.reference import ReferenceEvaluator
from tests.conformance.onnx_operators import run_operator

# collect_testcases() would make the cases of all two hundred operators, which takes seven seconds.
CASES = {
    case.name: case for case in node_cases._NodeTestCases if case.model.graph.node[0].op_type in ("LSTM", "GRU", "RNN")
}


def named_inputs(model: onnx.ModelProto, values) -> dict[str, np.ndarray]:
    """The node's inputs under the names of the operator's definition, whatever the graph calls them."""
    (node,) = model.graph.node
    formal = [parameter.name for parameter in onnx.defs.get_schema(node.op_type).inputs]
    given = dict(zip([each.name for each in model.graph.input], values, strict=True))
    return {formal[index]: given[name] for index, name in enumerate(node.input) if name}


def test_the_cases_we_know_are_there():
    assert {
        "test_lstm_defaults",
        "test_lstm_with_initial_bias",
        "test_lstm_with_peepholes",
        "test_lstm_batchwise",
        "test_gru_defaults",
        "test_gru_with_initial_bias",
        "test_gru_seq_length",
        "test_gru_batchwise",
        "test_simple_rnn_defaults",
        "test_simple_rnn_with_initial_bias",
        "test_rnn_seq_length",
        "test_simple_rnn_batchwise",
    } <= CASES.keys()


@pytest.mark.parametrize("backend", ["torch", pytest.param("auto", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(CASES))
def test_node_case(name, backend):
    case = CASES[name]
    (node,) = case.model.graph.node
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in attributes.items()}
    formal = [parameter.name for parameter in onnx.defs.get_schema(node.op_type).outputs]
    for inputs, expected in case.data_sets:
        answers = run_operator(node.op_type, named_inputs(case.model, inputs), attributes, backend)
        reference = ReferenceEvaluator(case.model).run(
            None, dict(zip([each.name for each in case.model.graph.input], inputs, strict=True))
        )
        wanted = [formal[index] for index, output in enumerate(node.output) if output]
        for output, stored, computed in zip(wanted, expected, reference, strict=True):
            np.testing.assert_allclose(answers[output], stored, rtol=1e-6, atol=1e-6, err_msg=output)
            np.testing.assert_allclose(answers[output], computed, rtol=1e-6, atol=1e-6, err_msg=output)
