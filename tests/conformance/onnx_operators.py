"""The ONNX operators LSTM, GRU and RNN, answered by grunit's cells: what the conformance tests share.

The operators are defined at https://onnx.ai/onnx/operators; all tensors here are numpy arrays in their layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.nn import functional

import grunit

Arrays = Mapping[str, np.ndarray]

# Where each of our blocks stands in ONNX's order: LSTM i o f c -> i f g o, GRU z r h -> r z n.
BLOCKS = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
DEFAULT_ACTIVATIONS = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh"), "RNN": ("tanh",)}

# ONNX names them in any case; alpha and beta stand at the operator's defaults.
ACTIVATIONS: dict[str, str | Callable[[Tensor], Tensor]] = {
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "hardsigmoid": "hard_sigmoid",
    "softsign": "softsign",
    "softplus": "softplus",
    "leakyrelu": lambda x: functional.leaky_relu(x, 0.01),
    "elu": "elu",
    "affine": "identity",
    "scaledtanh": "tanh",
    "thresholdedrelu": lambda x: torch.where(x > 1.0, x, 0.0),
}


def choose_cell(operator: str, inputs: Arrays, attributes: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The shipped cell that computes a node, with its options."""
    names = attributes.get("activations") or DEFAULT_ACTIVATIONS[operator]
    directions = inputs["W"].shape[0]
    one = [
        ACTIVATIONS[name.lower()] for name in names[: len(names) // (directions if "activations" in attributes else 1)]
    ]
    if "activations" in attributes and directions == 2:
        assert [*names[: len(one)]] * 2 == [*names], "both directions of a layer are the same cell"
    if operator == "RNN":
        return "rnn", {"activation": one[0]}
    if operator == "GRU":
        reset_after = bool(attributes.get("linear_before_reset", 0))
        return "gru", {"gate_activation": one[0], "activation": one[1], "reset_after": reset_after}
    options: dict[str, Any] = dict(zip(("gate_activation", "activation", "output_activation"), one, strict=True))
    options["coupled_gates"] = bool(attributes.get("input_forget", 0))
    return ("peephole_lstm" if "P" in inputs else "lstm"), options


def load_weights(cell: Any, operator: str, inputs: Arrays, direction: int) -> None:
    """Copy one direction of a node's weights into a cell, in the cell's order of gates."""
    order = list(BLOCKS[operator])
    if getattr(cell, "coupled_gates", False):
        order.remove(2)  # the forget gate is 1 - i: its weights go unused
    blocks = len(BLOCKS[operator])
    hidden = inputs["R"].shape[-1]

    def rows(stacked: np.ndarray) -> Tensor:
        pieces = np.split(stacked, blocks)
        return torch.from_numpy(np.concatenate([pieces[block] for block in order]))

    bias = inputs["B"][direction] if "B" in inputs else np.zeros(2 * blocks * hidden, np.float32)
    values = {
        "weight_ih": rows(inputs["W"][direction]),
        "weight_hh": rows(inputs["R"][direction]),
        "bias_ih": rows(bias[: blocks * hidden]),
        "bias_hh": rows(bias[blocks * hidden :]),
    }
    if "P" in inputs:
        peepholes = np.split(inputs["P"][direction], 3)
        values.update(zip(("weight_ci", "weight_co", "weight_cf"), map(torch.from_numpy, peepholes), strict=True))
        if cell.coupled_gates:
            del values["weight_cf"]
    cell.load_state_dict(values)


def make_model(operator: str, inputs: Arrays, attributes: Mapping[str, Any]) -> onnx.ModelProto:
    """A model of one node, its inputs and outputs named as in the operator's definition."""
    schema = onnx.defs.get_schema(operator)
    names = [parameter.name if parameter.name in inputs else "" for parameter in schema.inputs]
    outputs = [parameter.name for parameter in schema.outputs]
    node = onnx.helper.make_node(operator, names, outputs, hidden_size=inputs["R"].shape[-1], **attributes)
    types = {np.dtype(np.float32): onnx.TensorProto.FLOAT, np.dtype(np.int32): onnx.TensorProto.INT32}
    graph = onnx.helper.make_graph(
        [node],
        operator,
        [onnx.helper.make_tensor_value_info(name, types[inputs[name].dtype], None) for name in names if name],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
    )
    # The newest versions that the oldest ONNX Runtime we test with can read.
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)


def run_onnxruntime(operator: str, inputs: Arrays, attributes: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What ONNX Runtime answers to a node."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = make_model(operator, inputs, attributes).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, dict(inputs)), strict=True))


def run_operator(
    operator: str, inputs: Arrays, attributes: Mapping[str, Any], backend: str = "torch"
) -> dict[str, np.ndarray]:
    """What :class:`grunit.Recurrent` answers to a node: ``Y``, ``Y_h`` and, of an LSTM, ``Y_c``."""
    directions, _, input_size = inputs["W"].shape
    hidden = inputs["R"].shape[-1]
    by_batch = bool(attributes.get("layout", 0))  # X is (B, T, F), states are (B, directions, H)
    reverse = attributes.get("direction", "forward") == "reverse"
    cell, options = choose_cell(operator, inputs, attributes)
    # There is no layer that only walks backwards: take the reverse half of a bidirectional one.
    rnn = grunit.Recurrent(
        cell, input_size, hidden, bidirectional=directions == 2 or reverse, batch_first=by_batch, **options
    )
    for index, each in enumerate(rnn.cells):
        load_weights(each, operator, inputs, index if directions == 2 else 0)

    x = torch.from_numpy(inputs["X"])
    batch_size = x.shape[0 if by_batch else 1]
    state = list(rnn.init_state(batch_size))
    for index, name in enumerate(("initial_h", "initial_c")[: len(state)]):
        if name in inputs:
            given = torch.from_numpy(inputs[name])
            given = given.transpose(0, 1) if by_batch else given
            state[index] = given.expand(rnn.directions, -1, -1).contiguous()
    lengths = torch.from_numpy(inputs["sequence_lens"]).long() if "sequence_lens" in inputs else None
    # Not the fastest backend by itself: it would compile C for each of three hundred small variants.
    with torch.no_grad(), grunit.backend(backend):
        output, final = rnn(x, tuple(state), lengths=lengths)
    output = output.unflatten(-1, (rnn.directions, hidden))
    if reverse:
        output, final = output[..., 1:, :], tuple(value[1:] for value in final)
    # Ours is (T, B, directions, H) or (B, T, directions, H); ONNX wants directions before the batch, or before H.
    answers = {"Y": output if by_batch else output.transpose(1, 2)}
    for name, value in zip(("Y_h", "Y_c"), final, strict=False):
        answers[name] = value.transpose(0, 1) if by_batch else value
    return {name: value.numpy() for name, value in answers.items()}
