"""A schedule as text a person can read: equations under the headings of when they run."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import torch
from torch.fx import Node

from grunit.compiler.program import Schedule, StepGraph
from grunit.compiler.simplify import is_size

aten = torch.ops.aten

INFIX = {
    aten.add.Tensor: (" + ", 1),
    aten.add.Scalar: (" + ", 1),
    aten.sub.Tensor: (" - ", 1),
    aten.sub.Scalar: (" - ", 1),
    aten.mul.Tensor: (" * ", 2),
    aten.mul.Scalar: (" * ", 2),
    aten.div.Tensor: (" / ", 2),
    aten.div.Scalar: (" / ", 2),
    aten.mm.default: (" @ ", 2),
    aten.pow.Tensor_Scalar: (" ** ", 3),
    aten.gt.Scalar: (" > ", 0),
    aten.lt.Scalar: (" < ", 0),
    aten.ge.Scalar: (" >= ", 0),
    aten.le.Scalar: (" <= ", 0),
    aten.eq.Scalar: (" == ", 0),
    operator.mul: (" * ", 2),
    operator.add: (" + ", 1),
}

MOVES = (aten.permute.default, aten.scalar_tensor.default, aten.slice.Tensor)


def node_names(step: StepGraph) -> dict[Node, str]:
    """Names a reader of the equations knows, for the nodes that have one."""
    names: dict[Node, str] = {}
    taken: set[str] = {"rows"}
    for prefix, group in (
        ("", step.parameters),
        ("", step.inputs),
        ("", step.states),
        ("", step.masks),
        ("", step.gates),
        ("new_", step.new_states),
        ("grad_new_", step.cotangents),
        ("grad_", step.gradients),
    ):
        for name, node in group.items():
            text = prefix + name.replace(".", "_")
            if isinstance(node, Node) and node not in names and text not in taken:
                names[node] = text
                taken.add(text)
    return names


class Printer:
    """Writes nodes as equations; a value that is read once is written where it is read."""

    def __init__(self, names: dict[Node, str], width: int = 100):
        self.names, self.width = names, width
        self.counter = 0
        self.inlined: dict[Node, tuple[str, int]] = {}

    def lines(self, nodes: Iterable[Node]) -> list[str]:
        """One line a value that has a name, or is read more than once or elsewhere."""
        nodes = [n for n in nodes if not is_size(n)]
        inside, result = set(nodes), []
        for node in nodes:
            text, strength = self.expression(node)
            users = list(node.users)
            once = len(users) == 1 and users[0] in inside and (len(text) < self.width * 0.6 or strength >= 9)
            if node not in self.names and (once or node.target in MOVES):
                self.inlined[node] = (text, strength)
                continue
            if node not in self.names:
                self.counter += 1
                self.names[node] = f"v{self.counter}"
            result.append(f"{self.names[node]} = {text}")
        return result

    def word(self, node: Node) -> str:
        """What a value is called where only its name is wanted."""
        return self.names.get(node) or self.inlined.get(node, (node.name, 9))[0]

    def expression(self, node: Node) -> tuple[str, int]:
        """The text of a node and how strongly it binds."""

        def read(argument: Any, least: int = 0) -> str:
            if isinstance(argument, Node):
                if argument in self.names:
                    return self.names[argument]
                text, strength = self.inlined.get(argument) or (argument.name, 9)
                return f"({text})" if strength < least else text
            if isinstance(argument, float):
                return f"{argument:g}"
            if isinstance(argument, (list, tuple)):
                return "[" + ", ".join(read(a) for a in argument) + "]"
            return str(argument)

        args: Any = node.args
        if node.target in INFIX:
            sign, strength = INFIX[node.target]
            left, right = read(args[0], strength), read(args[1], strength + (sign in (" - ", " / ")))
            return f"{left}{sign}{right}", strength
        if node.target is aten.permute.default and list(args[1]) == [1, 0]:
            return f"{read(args[0], 9)}.T", 9
        if node.target is aten.slice.Tensor:
            whole = args[0].meta["val"]
            end = "" if args[3] > 2**62 else args[3]
            return f"{read(args[0], 9)}[{':, ' * (args[1] % whole.dim())}{args[2]}:{end}]", 9
        if node.target is aten.neg.default:
            return f"-{read(args[0], 3)}", 3
        if node.target is aten.scalar_tensor.default:
            return read(args[0]), 9
        if node.target is aten.cat.default:
            dim = (args[1] if len(args) > 1 else 0) % node.meta["val"].dim()
            along = "" if dim == node.meta["val"].dim() - 1 else f", dim={dim}"
            return f"cat({', '.join(read(a) for a in args[0])}{along})", 9
        if node.target is aten.sum.dim_IntList:
            return f"sum_{'rows' if list(args[1]) == [0] else 'features'}({read(args[0])})", 9
        name = getattr(node.target, "_opname", None) or str(node.target)
        return f"{name.lstrip('_')}({', '.join(read(a) for a in args)})", 9


def print_schedule(schedule: Schedule) -> str:
    """The whole schedule; see :attr:`grunit.compiler.program.Schedule` for the headings."""
    step = schedule.step
    printer = Printer(node_names(step))
    sizes = ", ".join(f"{name} ({node.meta['val'].shape[1]})" for name, node in step.states.items())
    parts = [f"{step.cell_name}: {schedule.kind} in its state {sizes}"]

    def section(title: str, nodes: Iterable[Node]) -> None:
        lines = printer.lines(nodes)
        if lines:
            parts.append(f"\n{title}\n" + "\n".join(f"    {line}" for line in lines))

    section("once, from parameters only", schedule.once)
    section("hoisted before the loop, all steps at once", schedule.hoisted)
    for number, stage in enumerate(schedule.stages, 1):
        section(f"loop, stage {number}: {stage.kind}", stage.nodes)
    results = ", ".join(f"{name} <- {printer.word(n)}" for name, n in step.new_states.items())
    parts.append(f"    next: {results}")
    if schedule.backward_loop:
        parts.append("\nsaved for the backward: " + ", ".join(printer.word(n) for n in schedule.saved))
    section("prepared before the reverse loop, all steps at once", schedule.prepared)
    for number, stage in enumerate(schedule.backward_stages, 1):
        section(f"reverse loop, stage {number}: {stage.kind}", stage.nodes)
    section("deferred after the reverse loop, all steps at once", schedule.deferred)
    for name, node in step.gradients.items():
        text = "grad_" + name.replace(".", "_")
        if isinstance(node, Node) and (name in step.states or name in schedule.wanted) and printer.word(node) != text:
            parts.append(f"    {text} = {printer.word(node)}")
    return "\n".join(parts)
