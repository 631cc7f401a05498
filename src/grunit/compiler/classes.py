"""The class of a cell, read off its equations: dense, elementwise or linear in its state."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.program import StepGraph
from grunit.compiler.simplify import ancestors, dependence

aten = torch.ops.aten

FREE, AFFINE, NONLINEAR = 0, 1, 2

SUMS = {aten.add.Tensor, aten.add.Scalar, aten.sub.Tensor, aten.sub.Scalar, aten.rsub.Scalar, aten.neg.default}
SAME = {aten.clone.default, aten.alias.default, aten._to_copy.default, aten.expand.default, aten.detach.default}
MULTIPLES = {aten.mul.Tensor, aten.mul.Scalar}
QUOTIENTS = {aten.div.Tensor, aten.div.Scalar}


def classify(step: StepGraph) -> str:
    """``"dense"``, ``"elementwise"`` or ``"linear"``.

    Only states that a later step reads count: the output of QRNN, a function of its cell state, makes nothing
    nonlinear. *linear*: each such state is ``a * old + b`` unit by unit, with a and b free of states.
    *elementwise*: a unit's new state depends on its own old states alone. *dense*: anything else, also when in doubt.
    """
    live = live_states(step)
    sources = {step.states[name] for name in live}
    needed = ancestors([step.new_states[name] for name in live])
    shapes = {_shape(node) for node in sources}
    if len(shapes) > 1:
        return "dense"
    degree: dict[Node, int] = {}
    for node in step.graph.nodes:
        if node not in needed:
            continue
        if node in sources:
            degree[node] = AFFINE
            continue
        reads = [degree.get(read, FREE) for read in node.all_input_nodes]
        if max(reads, default=FREE) == FREE:
            continue
        if _shape(node) not in shapes or not _is_pointwise(node.target):
            return "dense"
        degree[node] = _degree(node, degree)
    highest = max((degree.get(step.new_states[name], FREE) for name in live), default=FREE)
    return "elementwise" if highest == NONLINEAR else "linear"


def _shape(node: Node) -> str:
    """As text: sizes with a symbol in them cannot be members of a set."""
    return str(tuple(getattr(node.meta.get("val"), "shape", ())))


def _is_pointwise(target: Any) -> bool:
    return target in SAME or (isinstance(target, torch._ops.OpOverload) and torch.Tag.pointwise in target.tags)


def _degree(node: Node, degree: dict[Node, int]) -> int:
    def of(argument: Any) -> int:
        return degree.get(argument, FREE) if isinstance(argument, Node) else FREE

    reads = [of(argument) for argument in node.all_input_nodes]
    if node.target in SUMS or node.target in SAME:
        return max(reads)
    if node.target in MULTIPLES:
        return min(sum(of(argument) for argument in node.args[:2]), NONLINEAR)
    if node.target in QUOTIENTS:
        return of(node.args[0]) if of(node.args[1]) == FREE else NONLINEAR
    if node.target is aten.where.self and of(node.args[0]) == FREE:
        return max(reads)
    return NONLINEAR


def live_states(step: StepGraph) -> set[str]:
    """The states whose old value reaches, in this step or a later one, a state that is read."""
    reached = {name: dependence(step.graph, {node}) for name, node in step.states.items()}
    live = set(step.states)
    while True:
        read = {name for name in live if any(step.new_states[other] in reached[name] for other in live)}
        if read == live:
            return live
        live = read
