"""What the common operations return, without asking PyTorch, which takes ten times as long to say it.

Every rule answers None where it is not sure, and PyTorch is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten

FLOATS = {torch.float32, torch.float64}


def _empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def _is_in_order(x: Tensor) -> bool:
    """Whether results laid out like this tensor are contiguous: no axis steps further than one before it."""
    steps = [step for size, step in zip(x.shape, x.stride()) if size != 1 and step]
    return all(steps[i] >= steps[i + 1] for i in range(len(steps) - 1))


def _pointwise(*values: Any, dtype: torch.dtype | None = None, **more: Any) -> Tensor | None:
    tensors = [value for value in values if isinstance(value, Tensor)]
    dtypes = {value.dtype for value in tensors}
    if len(dtypes) != 1 or not dtypes <= FLOATS or not all(isinstance(v, (Tensor, int, float)) for v in values):
        return None
    if not all(_is_in_order(value) for value in tensors):
        return None
    shape = _common_shape(tensors)
    return None if shape is None else _empty(shape, dtype or dtypes.pop())


def _common_shape(tensors: Sequence[Tensor]) -> Sequence[int] | None:
    first, *others = (value.shape for value in tensors)
    shape: Sequence[int] = first
    for other in others:
        if other != shape:
            longer, shorter = (shape, other) if len(shape) >= len(other) else (other, shape)
            pairs = list(zip(longer, [1] * (len(longer) - len(shorter)) + list(shorter)))
            if any(a != b and a != 1 and b != 1 for a, b in pairs):
                return None
            shape = [b if a == 1 else a for a, b in pairs]
    return shape


def _comparison(*values: Any) -> Tensor | None:
    return _pointwise(*values, dtype=torch.bool)


def _where(mask: Tensor, a: Tensor, b: Tensor) -> Tensor | None:
    like = _pointwise(a, b)
    if like is None or mask.dtype != torch.bool or not _is_in_order(mask):
        return None
    shape = _common_shape((mask, like))
    return None if shape is None else _empty(shape, like.dtype)


def _mm(a: Tensor, b: Tensor) -> Tensor | None:
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[0] or a.dtype != b.dtype or a.dtype not in FLOATS:
        return None
    return _empty((a.shape[0], b.shape[1]), a.dtype)


def _sum(x: Tensor, dims: Sequence[int] | None, keepdim: bool = False, **more: Any) -> Tensor | None:
    if not dims or more or x.dtype not in FLOATS or not x.dim() or not _is_in_order(x):
        return None
    gone = {dim % x.dim() for dim in dims}
    sizes = list(enumerate(x.shape))
    shape = [1 if i in gone else n for i, n in sizes] if keepdim else [n for i, n in sizes if i not in gone]
    return _empty(shape, x.dtype)


def _cat(parts: Sequence[Tensor], dim: int = 0) -> Tensor | None:
    first = parts[0]
    if first.dim() not in (1, 2, 3) or {(part.dim(), part.dtype) for part in parts} != {(first.dim(), first.dtype)}:
        return None
    dim %= first.dim()
    others = {tuple(size for i, size in enumerate(part.shape) if i != dim) for part in parts}
    if len(others) != 1 or not all(map(_is_in_order, parts)):
        return None
    shape = list(first.shape)
    shape[dim] = sum(part.shape[dim] for part in parts)
    return _empty(shape, first.dtype)


def _full(sizes: Sequence[int], number: float, *, dtype: torch.dtype, **more: Any) -> Tensor:
    return _empty(sizes, dtype)


def _scalar(number: float, *, dtype: torch.dtype | None = None, **more: Any) -> Tensor | None:
    return None if dtype is None else _empty((), dtype)


POINTWISE = (
    [operation.Tensor for operation in (aten.add, aten.sub, aten.mul, aten.div)]
    + [operation.default for operation in (aten.neg, aten.sigmoid, aten.tanh, aten.relu, aten.exp, aten.expm1)]
    + [operation.default for operation in (aten.log, aten.log1p, aten.sqrt, aten.rsqrt, aten.reciprocal, aten.abs)]
    + [operation.default for operation in (aten.sin, aten.cos, aten.maximum, aten.minimum)]
)
COMPARISONS = (aten.gt, aten.lt, aten.ge, aten.le, aten.eq, aten.ne)

RULES: dict[Any, Callable[..., Tensor | None]] = {
    **dict.fromkeys(POINTWISE, _pointwise),
    **dict.fromkeys((operation.Tensor for operation in COMPARISONS), _comparison),
    **dict.fromkeys((operation.Scalar for operation in COMPARISONS), _comparison),
    aten.mm.default: _mm,
    aten.where.self: _where,
    aten.sum.dim_IntList: _sum,
    aten.cat.default: _cat,
    aten.full.default: _full,
    aten.scalar_tensor.default: _scalar,
}


def result_of(operation: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Tensor:
    """A tensor like the one that an operation on tensors without memory returns."""
    rule = RULES.get(operation)
    made = None if rule is None else rule(*args, **kwargs)
    return operation(*args, **kwargs) if made is None else made
