"""Products in a smaller dtype, everything else as it was."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.fx import Graph, Node

aten = torch.ops.aten


def lower_products(graph: Graph, dtype: torch.dtype) -> None:
    """Round both factors of every matrix product to ``dtype``; the result goes on in the dtype it had; in place.

    The casts are nodes of their own, so that casts of parameters and inputs leave the loop like everything else.
    """
    for node in list(graph.nodes):
        if node.target is not aten.mm.default or not node.meta["val"].is_floating_point():
            continue
        wide = node.meta["val"].dtype
        with graph.inserting_before(node):
            factors = [_cast(graph, factor, dtype) for factor in node.args]
        with graph.inserting_after(node):
            result = graph.call_function(aten._to_copy.default, (node,), {"dtype": wide})
        result.meta["val"] = node.meta["val"]
        node.replace_all_uses_with(result, delete_user_cb=lambda user, keep=result: user is not keep)
        node.args = tuple(factors)
        node.meta["val"] = replace(node.meta["val"], dtype=dtype)
    graph.lint()


def _cast(graph: Graph, node: Node, dtype: torch.dtype) -> Node:
    cast = graph.call_function(aten._to_copy.default, (node,), {"dtype": dtype})
    cast.meta["val"] = replace(node.meta["val"], dtype=dtype)
    return cast
