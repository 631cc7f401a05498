"""One step at a time at batch 1, called from Python, the state carried along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import grunit
from benchmarks import onnx_models
from benchmarks.agreement import check_agreement
from benchmarks.quiet import quietly
from benchmarks.settings import Settings, say
from benchmarks.tables import markdown
from grunit.cli.contenders import Size, build
from grunit.cli.timing import interleave, speedup, use_threads

UNITS = (32, 64, 128, 256)
NAMES = {
    "Session": "grunit.Session",
    "Session, bfloat16": "grunit.Session, bfloat16 weights",
    "Session, int8": "grunit.Session, int8 weights",
    "step": "Recurrent.step",
    "torch.nn": "torch.nn layer, T = 1",
    "torch.nn cell": "torch.nn cell",
    "onnxruntime": "ONNX Runtime, arrays",
    "onnxruntime, bound": "ONNX Runtime, bound memory",
}
CHECKED_STEPS = 3


def measure(settings: Settings) -> dict[str, Any]:
    """One row a cell and number of units."""
    rows = []
    with use_threads(1), torch.inference_mode():
        for name, (kind, options) in settings.cells.items():
            for units in (8,) if settings.smoke else UNITS:
                say(f"streaming: {name}, {units} units")
                rows.append({"cell": name, **measure_one(kind, options, units, settings)})
    return {"rows": rows}


def measure_one(kind: Any, options: dict[str, Any], units: int, settings: Settings) -> dict[str, Any]:
    """Every way to take a step, for one cell."""
    rnn, peer = build(kind, Size(1, 1, units), **options)
    x = np.random.default_rng(0).standard_normal((1, units), np.float32)
    same = kind == "lstm" or (kind == "gru" and not options)
    exact = ["Session", *(["torch.nn", "torch.nn cell", "onnxruntime", "onnxruntime, bound"] if same else [])]
    # Some steps, so that a state that is not carried along shows.
    several = {name: repeated(call) for name, call in steps(rnn, peer, x).items()}
    check_agreement(several, "step", exact)
    calls = steps(rnn, peer, x)
    times, others = quietly(
        lambda: interleave(calls, seconds=settings.seconds / 2, least_rounds=settings.least_rounds), settings
    )
    return {
        "units": units,
        "times": {each: found.to_dict() for each, found in times.items()},
        "speedup": {each: speedup(times, "Session", each).median for each in times if each != "Session"},
        "others": others,
    }


def steps(rnn: grunit.Recurrent, peer: nn.Module, x: np.ndarray) -> dict[str, Callable[[], Any]]:
    """Calls that take one step each."""
    calls: dict[str, Callable[[], Any]] = {"Session": on_session(rnn, x, "float32")}
    calls["Session, bfloat16"] = on_session(rnn, x, "bfloat16")
    calls["Session, int8"] = on_session(rnn, x, "int8")
    calls["step"] = carried(lambda value, state: rnn.step(value, state), torch.from_numpy(x), rnn.init_state(1))
    calls["torch.nn"] = carried(peer, torch.from_numpy(x)[None], None)
    calls["torch.nn cell"] = on_torch_cell(peer, torch.from_numpy(x))
    calls["onnxruntime"] = onnx_models.run_plainly(peer, x[None])
    calls["onnxruntime, bound"] = onnx_models.run_bound(peer, x[None])
    return calls


def repeated(call: Callable[[], Any]) -> Callable[[], Tensor]:
    """A call that takes some steps and returns the output of the last, flat and a copy of its own."""

    def several() -> Tensor:
        for _ in range(CHECKED_STEPS - 1):
            call()
        return torch.as_tensor(call()).flatten().clone()

    return several


def on_session(rnn: grunit.Recurrent, x: np.ndarray, weights: str) -> Callable[[], np.ndarray]:
    """``session.step`` on an array."""
    with grunit.backend("c"):
        session = grunit.Session(rnn, batch_size=1, weights=weights)
    return lambda: session.step(x)


def carried(step: Callable[[Tensor, Any], tuple[Tensor, Any]], x: Tensor, state: Any) -> Callable[[], Tensor]:
    """A step that goes on from the state it left."""
    kept = [state]

    def call() -> Tensor:
        output, kept[0] = step(x, kept[0])
        return output

    return call


def on_torch_cell(layer: nn.Module, x: Tensor) -> Callable[[], Tensor]:
    """The cell of torch.nn with the weights of a layer of it."""
    kind = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell}[type(layer).__name__]
    cell = kind(layer.input_size, layer.hidden_size)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    several = isinstance(layer, nn.LSTM)

    def step(value: Tensor, state: Any) -> tuple[Tensor, Any]:
        new = cell(value, state)
        return (new[0] if several else new), new

    return carried(step, x, None)


def tell(document: dict[str, Any]) -> str:
    """Microseconds a step, and how many times faster a session is."""
    rows = document["rows"]
    units = sorted({row["units"] for row in rows})
    header = ["cell", "stepped by", *(f"H = {count}" for count in units)]
    lines, ratios = [], []
    for cell in dict.fromkeys(row["cell"] for row in rows):
        found = [next(row for row in rows if row["cell"] == cell and row["units"] == count) for count in units]
        for name, title in NAMES.items():
            lines.append([cell, title, *(f"{row['times'][name]['median'] * 1e6:.1f}" for row in found)])
            if name != "Session":
                ratios.append([cell, title, *(f"{row['speedup'][name]:.1f}" for row in found)])
    return (
        "One step at batch 1 on one thread, called from Python; as many features as units. Cells that torch.nn and "
        "ONNX do not have stand beside the plain LSTM there.\n\n"
        f"## Microseconds a step\n\n{markdown(lines, header)}\n\n"
        f"## Times faster a session is\n\n{markdown(ratios, header)}"
    )
