"""The few dataclasses a compiled step is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch.fx import Graph, Node


@dataclass(frozen=True)
class StepGraph:
    """One step, forward and backward, as a graph of aten ops with a symbolic number of rows.

    Every dictionary maps a name to the node that carries it. ``gradients`` has a key for each float parameter,
    input and state; a gradient may be None where the step does not depend on that tensor.
    """

    cell_name: str
    graph: Graph
    parameters: dict[str, Node]
    inputs: dict[str, Node]
    masks: dict[str, Node]
    states: dict[str, Node]
    cotangents: dict[str, Node]
    new_states: dict[str, Node]
    gradients: dict[str, Node]
    gates: dict[str, Node]


@dataclass(frozen=True)
class Stage:
    """A run of loop nodes of one kind: ``"product"``, ``"pointwise"`` or ``"reduction"``."""

    kind: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Schedule:
    """Every node of a step sorted by when it is needed.

    Forward: ``once`` (parameters only), ``hoisted`` (inputs and parameters: before the loop, all steps at once),
    ``loop`` (the rest). Backward: ``prepared`` (derivative factors that no gradient enters: before the reverse
    loop, all steps at once), ``backward_loop`` (read by the gradient of the step before), ``deferred`` (read by
    nobody in the loop: after it, all steps at once).
    """

    step: StepGraph
    kind: str
    once: tuple[Node, ...]
    hoisted: tuple[Node, ...]
    loop: tuple[Node, ...]
    prepared: tuple[Node, ...]
    backward_loop: tuple[Node, ...]
    deferred: tuple[Node, ...]
    saved: tuple[Node, ...]
    """Values of the forward loop, states before the step, and dear values made before the loop, that the backward
    reads."""
    carried: tuple[Node, ...]
    """Values of the backward loop that the deferred part reads."""
    wanted: tuple[str, ...]
    """Names of the parameters and inputs whose gradients are computed."""
    stages: tuple[Stage, ...] = field(default=())
    backward_stages: tuple[Stage, ...] = field(default=())

    def __str__(self) -> str:
        from grunit.compiler.printer import print_schedule

        return print_schedule(self)
