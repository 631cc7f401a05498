"""One layer's step, forward and backward, as two C functions over a few steps of a single stream.

The backward makes the values of the forward again instead of reading them: a stream looks back a few steps, and
making a value costs less than a place to keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.c_emit import Walk
from grunit.compiler.c_kernels import CONSTANTS, Kernels
from grunit.compiler.c_views import has_rows, row_shape, volume
from grunit.compiler.plan import Plan
from grunit.compiler.printer import node_names
from grunit.compiler.regions import Region, make_region
from grunit.compiler.schedule import schedule
from grunit.compiler.simplify import ancestors, dependence
from grunit.compiler.trace import UncompilableError
from grunit.compiler.values import Value

aten = torch.ops.aten


class LayerWalks:
    """The functions of one layer, and which memory they read and write.

    Args:
        plan: the traced step.
        name: that the C functions begin with.
        below: whether a layer below wants the gradient of ``x``.

    Attributes:
        forward, backward: the walks; ``source`` has both.
        sums: values that are sums over steps, each with the two factors of the product it is: ``node: (a, b)`` for
            ``a' b``, and ``b`` None for a plain sum of ``a``.
        finish: what makes gradients of parameters from those sums.
        once: what both walks read that follows from parameters alone.

    Raises:
        UncompilableError: the step has an op that these functions do not know.
    """

    def __init__(self, plan: Plan, name: str, below: bool):
        step = plan.step
        self.step, self.dtype = step, next(iter(step.states.values())).meta["val"].dtype
        wanted = [key for key in step.parameters if step.gradients.get(key) is not None]
        self.parameters = [key for key in wanted if key not in plan.unused]
        order = schedule(step, [*self.parameters, *(["x"] if below else [])])
        self.names = node_names(step)
        rows = {*order.hoisted, *order.loop, *order.prepared, *order.backward_loop, *order.deferred}
        self.sums = self._find_sums([step.gradients[key] for key in self.parameters], rows)
        beyond = dependence(step.graph, set(self.sums))
        self.x_gradient = step.gradients["x"] if below else None
        kept = [node for pair in self.sums.values() for node in pair if node is not None]
        if self.x_gradient is not None:
            kept.append(self.x_gradient)
        given = {*step.inputs.values(), *step.states.values()}
        self.kept = [node for node in dict.fromkeys(kept) if node not in given]
        self.forward = self._plan_forward(name, rows - beyond)
        self.backward = self._plan_backward(name, rows - beyond)
        self.source = "\n".join([self.forward.write(), self.backward.write()])
        constants = torch.nn.Module()
        for node in step.graph.nodes:
            if node.op == "get_attr":
                setattr(constants, str(node.target), getattr(step.graph.owning_module, str(node.target)))
        gradients = [step.gradients[key] for key in self.parameters]
        self.finish: Region = make_region(
            "finish", (beyond | set(order.once)) - set(self.sums), gradients, constants, self.names
        )
        self.reads = self._read_of_parameters([self.forward, self.backward])
        self.once: Region = make_region("once", order.once, self.reads, constants, self.names)
        strange = [n for n in (*self.finish.reads, *self.once.reads) if has_rows(n)]
        if strange or any(n not in self.sums and n.op != "placeholder" for n in self.finish.reads):
            raise UncompilableError(f"{step.cell_name}: the gradients of its parameters are no sums over steps")

    def _find_sums(self, gradients: Iterable[Node], rows: set[Node]) -> dict[Node, tuple[Node, Node | None]]:
        """Where steps are summed up: values without rows that are made of values with rows."""
        found: dict[Node, tuple[Node, Node | None]] = {}
        for node in ancestors(gradients, rows):
            if has_rows(node) or not any(has_rows(read) for read in node.all_input_nodes):
                continue
            args: Any = node.args
            if node.target is aten.mm.default and _is_turned(args[0]) and has_rows(args[1]):
                found[node] = (args[0].args[0], args[1])
            elif node.target is aten.sum.dim_IntList and list(args[1]) == [0]:
                found[node] = (args[0], None)
            elif isinstance(node.meta.get("val"), Value):
                raise UncompilableError(f"the streaming backward does not know {node.format_node()}")
        return found

    def _plan_forward(self, name: str, inside: set[Node]) -> Walk:
        step = self.step
        new, old = list(step.new_states.values()), list(step.states.values())
        stems = [f"state_{key}" for key in step.states]
        kernels = Kernels(self._ordered(new, inside), [], set(new), self.dtype)
        moving, results = dict(zip(old, stems)), list(zip(new, stems))
        return Walk(f"{name}_forward", kernels, dict(self.names), moving, results, [])

    def _plan_backward(self, name: str, inside: set[Node]) -> Walk:
        step = self.step
        carry, cotangents = [step.gradients[key] for key in step.states], list(step.cotangents.values())
        stems = [f"grad_{key}" for key in step.states]
        kernels = Kernels(self._ordered([*carry, *self.kept], inside), [], {*carry, *self.kept}, self.dtype)
        return Walk(
            f"{name}_backward",
            kernels,
            dict(self.names),
            moving=dict(zip(cotangents, stems)),
            results=list(zip(carry, stems)),
            kept=[(node, f"keep_{i}") for i, node in enumerate(self.kept)],
            added={cotangents[0]: "arriving"},
        )

    def _ordered(self, ends: Sequence[Node], inside: set[Node]) -> list[Node]:
        # Numbers are written where they are read.
        needed = {node for node in ancestors(ends, inside) if node.target not in CONSTANTS}
        return [node for node in self.step.graph.nodes if node in needed]

    def _read_of_parameters(self, walks: Sequence[Walk]) -> list[Node]:
        read = [node for walk in walks for node in (*walk.leaves, *walk.packed) if not has_rows(node)]
        return list(dict.fromkeys(read))

    def size(self, node: Node) -> int:
        """Numbers a row of a value holds."""
        return volume(row_shape(node))


def _is_turned(node: Any) -> bool:
    """Whether a value is a transposed one with rows."""
    if not isinstance(node, Node) or not node.all_input_nodes or not has_rows(node.all_input_nodes[0]):
        return False
    return node.target is aten.t.default or (node.target is aten.permute.default and list(node.args[1]) == [1, 0])  # type: ignore[arg-type]
