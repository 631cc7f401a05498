"""Nested Python values with tensors inside, as named tensors plus JSON: what a checkpoint needs instead of pickle."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

Packed = tuple[dict[str, Tensor], Any]


def pack(value: Any) -> Packed:
    """Split a value into tensors by name and a JSON tree that says where they go.

    Dicts (with string or whole-number keys), lists, tuples, numbers, strings, booleans, None and tensors are known;
    a tuple comes back as a list.

    >>> import torch
    >>> tensors, tree = pack({"step": 3, 0: torch.ones(2), "best": float("inf")})
    >>> sorted(tensors), unpack(tensors, tree)["best"]
    (['0'], inf)
    """
    tensors: dict[str, Tensor] = {}
    return tensors, _pack(value, "", tensors)


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        # A copy that shares no memory, in an order safetensors can write.
        tensors[path] = value.detach().cpu().clone().contiguous()
        return {"tensor": path}
    if isinstance(value, dict):
        return {"dict": [[key, _pack(item, _join(path, key), tensors)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"list": [_pack(item, _join(path, index), tensors) for index, item in enumerate(value)]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__} at {path!r}")


def unpack(tensors: dict[str, Tensor], tree: Any) -> Any:
    """Put together what :func:`pack` split."""
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: unpack(tensors, item) for key, item in content}
    if kind == "list":
        return [unpack(tensors, item) for item in content]
    return float(content)


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
