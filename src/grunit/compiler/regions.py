"""Turn a part of a step's graph into a Python function."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node
from torch.fx.graph_module import GraphModule

from grunit.compiler.simplify import is_movable, is_size
from grunit.compiler.trace import UncompilableError
from grunit.compiler.values import Rows

aten = torch.ops.aten

# The functions a person would have written: quicker to call than their overloads, and readable in `.source`.
PLAIN: dict[Any, Callable[..., Any]] = {
    aten.add.Tensor: torch.add,
    aten.sub.Tensor: torch.sub,
    aten.mul.Tensor: torch.mul,
    aten.div.Tensor: torch.div,
    aten.neg.default: torch.neg,
    aten.sigmoid.default: torch.sigmoid,
    aten.tanh.default: torch.tanh,
    aten.relu.default: torch.relu,
    aten.exp.default: torch.exp,
    aten.log.default: torch.log,
    aten.where.self: torch.where,
    aten.mm.default: torch.mm,
    aten.permute.default: torch.permute,
    aten.cat.default: torch.cat,
}


@dataclass(frozen=True)
class Region:
    """A piece of the step as a function ``call(rows, *reads) -> tuple of writes``."""

    name: str
    reads: tuple[Node, ...]
    writes: tuple[Node, ...]
    graph: Graph
    constants: Any

    @cached_property
    def _module(self) -> GraphModule:
        # Made when it is first called: where the C backend runs, most regions never are.
        return GraphModule(self.constants, self.graph, class_name=self.name)

    @cached_property
    def call(self) -> Callable[..., tuple[Tensor, ...]]:
        """The function."""
        return self._module.forward

    @property
    def code(self) -> str:
        """The function as text."""
        return _readable(self._module.code, self.name)


def make_region(
    name: str, nodes: Iterable[Node], writes: Sequence[Node], constants: Any, names: dict[Node, str] | None = None
) -> Region:
    """Copy what ``writes`` need of ``nodes`` into a function of its own.

    Args:
        name: of the function.
        nodes: the nodes that belong to the region; others that cannot be handed over are computed again in it.
        writes: what it shall return; those not computed here are passed through.
        constants: the module that holds tensors the step made of numbers.
        names: what to call the nodes in the code.

    The number of rows is an argument: the same region serves B rows in the loop and T * B rows outside it.
    """
    names = names or {}
    inside = set(nodes)
    needed = _needed(writes, inside)
    graph = Graph()
    rows = graph.placeholder("rows")
    copies: dict[Node, Node] = {}
    reads: list[Node] = []

    def read(node: Node) -> Node:
        """The copy of a node; a node from elsewhere becomes an argument, a size is worked out from ``rows``."""
        if node not in copies:
            if is_size(node):
                copies[node] = _copy_size(graph, node, rows)  # type: ignore[assignment]
            else:
                reads.append(node)
                with graph.inserting_after(_last_placeholder(graph)):
                    copies[node] = graph.placeholder(names.get(node, node.name))
        return copies[node]

    for node in needed:
        if node.op == "get_attr":
            copies[node] = graph.get_attr(str(node.target))
            continue
        for argument in node.all_input_nodes:
            read(argument)
        copies[node] = graph.node_copy(node, read)
        copies[node].target = PLAIN.get(node.target, node.target)
        if node in names:
            copies[node]._rename(names[node])
    graph.output(tuple(read(node) for node in writes))
    _fuse_addmm(graph)
    return Region(name, tuple(reads), tuple(writes), graph, constants)


def _needed(writes: Sequence[Node], inside: set[Node]) -> list[Node]:
    found: set[Node] = set()
    pending = [n for n in writes if n in inside]
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending.extend(r for r in node.all_input_nodes if r in inside or not (is_size(r) or is_movable(r)))
    return [n for n in (next(iter(found)).graph.nodes if found else ()) if n in found]


def _last_placeholder(graph: Graph) -> Node:
    return [n for n in graph.nodes if n.op == "placeholder"][-1]


def _copy_size(graph: Graph, node: Node, rows: Node) -> Node | int:
    """A size as a formula of the number of rows: ``rows``, ``3 * rows``, ``3 * rows + 1``."""
    size: int | Rows = node.meta["val"]
    if isinstance(size, int):
        return size
    if size.formula:
        raise UncompilableError(f"step needs a size that is no multiple of the number of rows: {size}")
    result = rows if size.times == 1 else graph.call_function(operator.mul, (rows, size.times))
    return result if size.more == 0 else graph.call_function(operator.add, (result, size.more))


def _fuse_addmm(graph: Graph) -> None:
    """``a + x @ w`` in one call."""
    for node in list(graph.nodes):
        if node.target is torch.add and not node.kwargs and len(node.args) == 2:
            for addend, product in (node.args, node.args[::-1]):
                if isinstance(product, Node) and product.target is torch.mm and len(product.users) == 1:
                    if not isinstance(addend, Node) or addend is product:
                        continue
                    with graph.inserting_before(node):
                        fused = graph.call_function(torch.addmm, (addend, *product.args))
                    node.replace_all_uses_with(fused)
                    graph.erase_node(node)
                    graph.erase_node(product)
                    fused._rename(node.name)
                    break


def _readable(code: str, name: str) -> str:
    lines = [line.split(";  ")[0] for line in code.strip().splitlines() if line.strip()]
    text = "\n".join(lines).replace("torch.ops.aten.", "aten.")
    return text.replace("def forward(self, ", f"def {name}(")
