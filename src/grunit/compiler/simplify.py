"""Tidy a traced graph so that more of it can leave the loop; nothing here changes what is computed.

Only rounding may differ: sums are regrouped so that terms known before the loop are added up before the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.fx import Graph, Node

from grunit.compiler.values import ROWS, Rows, Value, broadcast

aten = torch.ops.aten


def simplify(graph: Graph, states: set[Node], cotangents: set[Node]) -> None:
    """Merge equal nodes, cancel double transposes, regroup sums, drop what nobody reads; in place."""
    _cancel_moves(graph)
    _merge_equal(graph)
    depends = dependence(graph, states | cotangents)
    constant = dependence(graph, {n for n in graph.nodes if n.op == "placeholder" and has_rows(n)})
    _regroup_sums(graph, lambda n: 2 if n in depends else 1 if n in constant else 0)
    _merge_equal(graph)
    graph.eliminate_dead_code()
    graph.lint()


def dependence(graph: Graph, sources: set[Node]) -> set[Node]:
    """All nodes whose values depend on one of ``sources``, themselves included. The number of rows is no value."""
    found = set(sources)
    for node in graph.nodes:
        if node not in found and not is_size(node) and any(read in found for read in node.all_input_nodes):
            found.add(node)
    return found


def ancestors(nodes: Iterable[Node], inside: set[Node] | None = None) -> set[Node]:
    """The nodes and all that they are computed from, as far as it lies ``inside``."""
    found: set[Node] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node not in found and (inside is None or node in inside):
            found.add(node)
            pending.extend(node.all_input_nodes)
    return found


def is_size(node: Node) -> bool:
    """Whether a node is a number of rows rather than a tensor."""
    return isinstance(node.meta.get("val"), (int, Rows))


def has_rows(node: Node) -> bool:
    """Whether a value of the step has one row a sequence, as opposed to parameters and numbers."""
    value = node.meta.get("val")
    return isinstance(value, Value) and value.dim() > 0 and not isinstance(value.shape[0], int)


def is_movable(node: Node) -> bool:
    """Whether a value can be handed from one part of the program to another.

    It can if it is free of rows, or has exactly one row a sequence along its first axis, so that the values of all
    steps can lie side by side. What cannot (rows along another axis, several rows a sequence, several results at
    once) is computed again where it is read.
    """
    value = node.meta.get("val")
    if not isinstance(value, Value):
        return False
    first, *others = value.shape or (1,)
    return (isinstance(first, int) or first == ROWS) and all(isinstance(size, int) for size in others)


def _freeze(argument: Any) -> Any:
    if isinstance(argument, (list, tuple)):
        return (type(argument).__name__, *(_freeze(a) for a in argument))
    if isinstance(argument, dict):
        return tuple(sorted((key, _freeze(value)) for key, value in argument.items()))
    return argument if isinstance(argument, Node) else (type(argument).__name__, argument)


def _merge_equal(graph: Graph) -> None:
    seen: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if node.op not in ("call_function", "get_attr"):
            continue
        key = (node.op, node.target, _freeze(node.args), _freeze(node.kwargs))
        if key in seen:
            node.replace_all_uses_with(seen[key])
            graph.erase_node(node)
        else:
            seen[key] = node


def _cancel_moves(graph: Graph) -> None:
    """Remove transposes of transposes, slices of everything, and concatenations of one tensor."""
    for node in list(graph.nodes):
        args: Any = node.args
        whole = node.target is aten.slice.Tensor and node.meta["val"].shape == args[0].meta["val"].shape
        if whole or (node.target is aten.cat.default and len(args[0]) == 1):
            node.replace_all_uses_with(args[0] if whole else args[0][0])
            graph.erase_node(node)
            continue
        if node.target is aten.permute.default and list(node.args[1]) == [1, 0]:
            inner = node.args[0]
            if inner.target is aten.permute.default and list(inner.args[1]) == [1, 0]:
                node.replace_all_uses_with(inner.args[0])
                graph.erase_node(node)


def _is_sum(node: Any) -> bool:
    return isinstance(node, Node) and node.target is aten.add.Tensor and not node.kwargs


def _regroup_sums(graph: Graph, lateness: Callable[[Node], int]) -> None:
    """Rewrite sums of several terms as (parameters) + (inputs) + (states): the earlier, the further inside."""
    for node in reversed(list(graph.nodes)):
        if not _is_sum(node) or (len(node.users) == 1 and _is_sum(next(iter(node.users)))):
            continue
        terms = _terms(node, node)
        if len(terms) < 3 or not all(isinstance(term, Node) for term in terms):
            continue
        # Sums of masks and of small integers are not those of numbers: only one floating dtype may be regrouped.
        dtypes = {term.meta["val"].dtype for term in (node, *terms)}
        if len(dtypes) > 1 or not node.meta["val"].is_floating_point():
            continue
        levels = [lateness(term) for term in terms]
        if len(set(levels)) < 2:
            continue
        with graph.inserting_before(node):
            total: Node | None = None
            for level in (0, 1, 2):
                part: Node | None = None
                for term in (term for term, at in zip(terms, levels) if at == level):
                    part = term if part is None else _add(graph, part, term)
                if part is not None:
                    total = part if total is None else _add(graph, total, part)
        assert total is not None
        if total.meta["val"].shape == node.meta["val"].shape:
            node.replace_all_uses_with(total)
    graph.eliminate_dead_code()


def _terms(node: Node, root: Node) -> list[Any]:
    """The leaves of a tree of additions whose inner nodes nobody else reads."""
    if node is not root and (not _is_sum(node) or len(node.users) != 1):
        return [node]
    leaves: list[Any] = []
    for argument in node.args:
        leaves += _terms(argument, root) if isinstance(argument, Node) else [argument]
    return leaves


def _add(graph: Graph, a: Node, b: Node) -> Node:
    node = graph.call_function(aten.add.Tensor, (a, b))
    first, second = a.meta["val"], b.meta["val"]
    node.meta["val"] = Value(broadcast(first.shape, second.shape), first.dtype, first.device)
    return node
