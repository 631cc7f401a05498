"""A torch.nn layer as an ONNX model of one operator, and how ONNX Runtime runs it at its best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from torch import nn

# Where each of torch's blocks stands in ONNX's order: LSTM i f g o -> i o f g, GRU r z n -> z r n.
BLOCKS = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}


def make_model(layer: nn.Module) -> onnx.ModelProto:
    """X and the start states in; Y and the final states out; the weights are constants of the model."""
    kind = type(layer).__name__
    weights = {name: value.detach().numpy() for name, value in layer.named_parameters()}

    def block(name: str) -> np.ndarray:
        pieces = np.split(weights[name], len(BLOCKS[kind]))
        return np.concatenate([pieces[i] for i in BLOCKS[kind]])[None]

    bias = np.concatenate([block("bias_ih_l0"), block("bias_hh_l0")], 1)
    constants = {"W": block("weight_ih_l0"), "R": block("weight_hh_l0"), "B": bias}
    states = ["initial_h", "initial_c"] if kind == "LSTM" else ["initial_h"]
    results = ["Y", "Y_h", "Y_c"][: len(states) + 1]
    extra = {"linear_before_reset": 1} if kind == "GRU" else {}
    node = onnx.helper.make_node(
        kind, ["X", "W", "R", "B", "", *states], results, hidden_size=layer.hidden_size, **extra
    )
    graph = onnx.helper.make_graph(
        [node],
        kind,
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("X", *states)],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in results],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)


def start(layer: nn.Module, threads: int) -> onnxruntime.InferenceSession:
    """A session with all optimisations on."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    model = make_model(layer).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_plainly(layer: nn.Module, x: np.ndarray, threads: int = 1) -> Callable[[], np.ndarray]:
    """A call of ``session.run`` on arrays, which goes on from the state it left."""
    session = start(layer, threads)
    states = names_of_states(session)
    feeds: dict[str, Any] = {"X": x, **{name: zeros(x, layer) for name in states}}

    def call() -> np.ndarray:
        y, *final = session.run(None, feeds)
        feeds.update(zip(states, final))
        return y

    return call


def run_bound(layer: nn.Module, x: np.ndarray, threads: int = 1) -> Callable[[], np.ndarray]:
    """The same with inputs, outputs and states bound once to memory of the session, states in turns."""
    session = start(layer, threads)
    states = names_of_states(session)
    y = np.zeros((x.shape[0], 1, x.shape[1], layer.hidden_size), np.float32)
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    # The start states of one binding are the final states of the other.
    pairs = [[value(zeros(x, layer)) for _ in states] for _ in range(2)]
    x_value, y_value, bindings = value(x), onnxruntime.OrtValue.ortvalue_from_numpy(y), []
    for old, new in (pairs, pairs[::-1]):
        binding = session.io_binding()
        binding.bind_ortvalue_input("X", x_value)
        binding.bind_ortvalue_output("Y", y_value)
        for name, before, after in zip(states, old, new):
            binding.bind_ortvalue_input(name, before)
            binding.bind_ortvalue_output(name.replace("initial", "Y"), after)
        bindings.append(binding)
    turn = [0]

    def call() -> np.ndarray:
        session.run_with_iobinding(bindings[turn[0]])
        turn[0] = 1 - turn[0]
        return y_value.numpy()

    return call


def names_of_states(session: onnxruntime.InferenceSession) -> list[str]:
    """``initial_h`` and, of an LSTM, ``initial_c``."""
    return [each.name for each in session.get_inputs() if each.name.startswith("initial")]


def zeros(x: np.ndarray, layer: nn.Module) -> np.ndarray:
    """A start state."""
    return np.zeros((1, x.shape[1], layer.hidden_size), np.float32)
