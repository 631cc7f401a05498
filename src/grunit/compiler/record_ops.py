"""The operations that :mod:`grunit.compiler.record` knows: which it writes down, and which it takes apart first.

All of it is as PyTorch's own decompositions have it, which take half a second to load; a test compares the graphs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from grunit.compiler.decompose import OWN

aten = torch.ops.aten

META = torch.device("meta")

SAME = {aten.detach.default, aten.alias.default}
"""Operations that make a second tensor of the same values."""

IN_PLACE = {aten.masked_fill_.Scalar: aten.masked_fill.Scalar}
"""Operations that derivatives make in place, and what makes a new tensor instead."""

LEAVES = {
    aten.add.Tensor,
    aten.sub.Tensor,
    aten.mul.Tensor,
    aten.div.Tensor,
    aten.neg.default,
    aten.reciprocal.default,
    aten.sigmoid.default,
    aten.tanh.default,
    aten.relu.default,
    aten.exp.default,
    aten.expm1.default,
    aten.log.default,
    aten.log1p.default,
    aten.sqrt.default,
    aten.rsqrt.default,
    aten.sin.default,
    aten.cos.default,
    aten.abs.default,
    aten.sign.default,
    aten.maximum.default,
    aten.minimum.default,
    aten.where.self,
    aten.pow.Tensor_Scalar,
    aten.gt.Scalar,
    aten.gt.Tensor,
    aten.lt.Scalar,
    aten.lt.Tensor,
    aten.ge.Scalar,
    aten.ge.Tensor,
    aten.le.Scalar,
    aten.le.Tensor,
    aten.eq.Scalar,
    aten.eq.Tensor,
    aten.ne.Scalar,
    aten.ne.Tensor,
    aten.logical_and.default,
    aten.logical_or.default,
    aten.logical_not.default,
    aten.bitwise_and.Tensor,
    aten.bitwise_or.Tensor,
    aten.bitwise_not.default,
    aten.floor.default,
    aten.ceil.default,
    aten.round.default,
    aten.trunc.default,
    aten.erf.default,
    aten.isnan.default,
    aten.mm.default,
    aten.sum.dim_IntList,
    aten.mean.dim,
    aten.amax.default,
    aten.amin.default,
    aten.slice.Tensor,
    aten.select.int,
    aten.permute.default,
    aten.expand.default,
    aten.view.default,
    aten.unsqueeze.default,
    aten.squeeze.dims,
    aten.cat.default,
    aten.clone.default,
    aten.clamp.default,
    aten.full.default,
    aten.full_like.default,
    aten.scalar_tensor.default,
    aten.add.Scalar,
    aten.sub.Scalar,
    aten.mul.Scalar,
    aten.div.Scalar,
}

SIZED = {aten.view.default, aten.expand.default, aten.slice.Tensor, aten.full.default}
"""Leaves whose whole numbers are sizes."""


def _masked_fill(x: Tensor, mask: Tensor, number: float) -> Tensor:
    if not x.is_floating_point():
        return NotImplemented
    return torch.where(mask, float(number), x).contiguous()


def _full_like(x: Tensor, number: float) -> Tensor:
    return aten.full_like.default(x, number, pin_memory=False, memory_format=torch.preserve_format)


def _zeros(like: Tensor, sizes: Sequence[int]) -> Tensor:
    return aten.full.default(sizes, 0, dtype=like.dtype, layout=torch.strided, device=META, pin_memory=False)


def _new_zeros(x: Tensor, sizes: Sequence[int], **more: Any) -> Tensor:
    return _zeros(x, sizes) if more.get("dtype", x.dtype) in (None, x.dtype) else NotImplemented


def _unbind(x: Tensor, dim: int = 0) -> list[Tensor]:
    width = x.shape[dim]
    return [aten.squeeze.dims(aten.slice.Tensor(x, dim % x.dim(), i, i + 1), [dim % x.dim()]) for i in range(width)]


def _layer_norm(
    x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    x = x.contiguous()
    variance, mean = torch.var_mean(x, list(range(x.dim() - len(shape), x.dim())), unbiased=False, keepdim=True)
    scale = torch.rsqrt(variance + epsilon)
    out = (x - mean) * scale
    out = out if weight is None else out * weight
    return out if bias is None else out + bias, mean, scale


def _layer_norm_backward(
    gradient: Tensor,
    x: Tensor,
    shape: Sequence[int],
    mean: Tensor,
    scale: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    axis = x.dim() - len(shape)
    outer, inner = list(range(axis)), list(range(axis, x.dim()))
    if not outer:
        return NotImplemented
    count = math.prod(shape)
    normal = (x - mean) * scale
    arriving = gradient if weight is None else gradient * weight
    found: list[Tensor | None] = [None, None, None]
    if wanted[0]:
        whole = arriving * count - arriving.sum(inner, True) - normal * (arriving * normal).sum(inner, True)
        found[0] = scale / count * whole
    if wanted[1] and weight is not None:
        found[1] = (gradient * normal).sum(outer)
    if wanted[2] and bias is not None:
        found[2] = gradient.sum(outer)
    return tuple(found)


def _softmax(x: Tensor, dim: int, half_to_float: bool) -> Tensor:
    x = x.contiguous()
    raised = torch.exp(x - torch.amax(x, dim, keepdim=True))
    return raised / torch.sum(raised, dim, keepdim=True)


def _softmax_backward(gradient: Tensor, y: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    weighted = gradient * y
    return (weighted - y * torch.sum(weighted, dim, keepdim=True)).contiguous()


def _softplus(x: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    if beta != 1:
        return NotImplemented
    return torch.where(x > threshold, x, torch.log1p(torch.exp(x)))


def _softplus_backward(gradient: Tensor, x: Tensor, beta: float, threshold: float) -> Tensor:
    raised = (x * beta).exp()
    return torch.where((x * beta) > threshold, gradient, gradient * raised / (raised + 1.0))


def _log_sigmoid(x: Tensor) -> tuple[Tensor, Tensor]:
    raised = torch.exp(-torch.abs(x))
    return torch.minimum(_zeros(x, []), x) - torch.log1p(raised), raised


def _log_sigmoid_backward(gradient: Tensor, x: Tensor, raised: Tensor) -> Tensor:
    negative = x < 0
    steepest, sign = torch.where(negative, 1, 0), torch.where(negative, 1, -1)
    return gradient * (steepest - sign * (raised / (1 + raised)))


def _silu_backward(gradient: Tensor, x: Tensor) -> Tensor:
    opened = torch.sigmoid(x)
    return gradient * opened * (1 + x * (1 - opened))


def _slice_backward(gradient: Tensor, sizes: Sequence[int], *place: int) -> Tensor:
    return aten.slice_scatter.default(_zeros(gradient, sizes), gradient, *place)


def _select_backward(gradient: Tensor, sizes: Sequence[int], *place: int) -> Tensor:
    return aten.select_scatter.default(_zeros(gradient, sizes), gradient, *place)


REWRITES: dict[Any, Callable[..., Any]] = {
    **OWN,
    aten.t.default: lambda x: aten.permute.default(x, [1, 0]),
    aten._unsafe_view.default: aten.view.default,
    aten.squeeze.dim: lambda x, dim: aten.squeeze.dims(x, [dim]),
    aten.unbind.int: _unbind,
    aten.rsub.Scalar: lambda x, number, scale=1: torch.sub(number, x, alpha=scale),
    aten.tanh_backward.default: lambda gradient, y: gradient * (1 - y * y),
    aten.sigmoid_backward.default: lambda gradient, y: gradient * (y * (1 - y)),
    aten.threshold_backward.default: lambda gradient, x, least: torch.where(x <= least, 0, gradient),
    aten.masked_fill.Scalar: _masked_fill,
    aten.zeros_like.default: lambda x, **more: _full_like(x, 0),
    aten.ones_like.default: lambda x, **more: _full_like(x, 1),
    aten.native_layer_norm.default: _layer_norm,
    aten.native_layer_norm_backward.default: _layer_norm_backward,
    aten._softmax.default: _softmax,
    aten._softmax_backward_data.default: _softmax_backward,
    aten.softplus.default: _softplus,
    aten.softplus_backward.default: _softplus_backward,
    aten.new_zeros.default: _new_zeros,
    aten.log_sigmoid_forward.default: _log_sigmoid,
    aten.log_sigmoid_backward.default: _log_sigmoid_backward,
    aten.silu.default: lambda x: x * torch.sigmoid(x),
    aten.silu_backward.default: _silu_backward,
    aten.sgn.default: aten.sign.default,
    aten.slice_backward.default: _slice_backward,
    aten.select_backward.default: _select_backward,
}
"""How operations are taken apart; what returns ``NotImplemented`` stays as it is."""
