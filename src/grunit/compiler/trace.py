"""Run a step once on shapes alone and keep the graph: PyTorch itself gives the forward and the backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from grunit.compiler.program import StepGraph
from grunit.compiler.record import record
from grunit.compiler.symbolic import UncompilableError, is_mutation, trace_symbolically


def trace(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    *,
    masked: bool = False,
    resettable: bool = False,
) -> StepGraph:
    """The joint graph of one step of ``cell`` and its pullback.

    Args:
        cell: whose ``step`` to trace.
        parameters: parameters and buffers by name; only shapes, dtypes and devices are read.
        inputs, states: one step's tensors, ``(B, size)``; only sizes, dtypes and devices are read.
        masked: with a ``valid`` mask as an input of the step.
        resettable: with a ``reset`` mask as an input of the step.

    Raises:
        UncompilableError: the step branches on values, mixes rows, draws random numbers, or leaves tensors behind.
    """
    masks = [name for name, on in (("valid", masked), ("reset", resettable)) if on]
    try:
        graph, gradients, gates = record(cell, parameters, inputs, states, masks)
    except Exception:  # noqa: BLE001 - what is not known there or wrong shows again here, and gets its words
        graph, gradients, gates = trace_symbolically(cell, parameters, inputs, states, masks)
    return _name_nodes(cell, graph, list(parameters), masks, gradients, gates)


def _name_nodes(
    cell: Any, graph: Graph, parameters: list[str], masks: list[str], gradients: list[str], gates: list[str]
) -> StepGraph:
    for node in graph.nodes:
        if node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload):
            if torch.Tag.nondeterministic_seeded in node.target.tags:
                raise UncompilableError(f"step draws random numbers ({node.target})")
            if is_mutation(node):
                raise UncompilableError(f"step changes a parameter, buffer, input or state in place ({node.target})")
    for node in graph.nodes:
        if node.op == "get_attr" and getattr(graph.owning_module, str(node.target)).requires_grad:
            raise UncompilableError("step reads a tensor that wants a gradient and is no parameter of the cell")
    placeholders = iter([node for node in graph.nodes if node.op == "placeholder"])
    groups = (parameters, cell.inputs, masks, cell.state, cell.state)
    given: list[dict[str, Node]] = [{name: next(placeholders) for name in group} for group in groups]
    (output,) = [node for node in graph.nodes if node.op == "output"]
    results = iter(output.args[0])
    made: list[dict[str, Node]] = [{name: next(results) for name in group} for group in (cell.state, gradients, gates)]
    return StepGraph(type(cell).__name__, graph, *given, *made)


__all__ = ["UncompilableError", "trace"]
