"""What a traced op is made of: products, pointwise maths, reductions, and ways to read a tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten

# More matrices than this stay one batched product, which only the reference backend has.
FEW_MATRICES = 16

CONVOLUTIONS = {aten.convolution.default, aten.convolution_backward.default}


def _decompose_addmm(bias: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    product = torch.mm(a, b)
    product = product if alpha == 1 else product * alpha
    return (bias if beta == 1 else bias * beta) + product


def _decompose_split(x: Tensor, sizes: Sequence[int], dim: int = 0) -> list[Tensor]:
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [aten.slice.Tensor(x, dim, end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _decompose_equal_split(x: Tensor, size: int, dim: int = 0) -> list[Tensor]:
    width = x.shape[dim]
    return [aten.slice.Tensor(x, dim, start, min(start + size, width)) for start in range(0, width, size)]


def _decompose_variance_and_mean(
    x: Tensor, dims: Sequence[int] | None = None, *, correction: float | None = None, keepdim: bool = False
) -> tuple[Tensor, Tensor]:
    dims = list(dims) if dims else list(range(x.dim()))
    count = 1
    for dim in dims:
        count = count * x.shape[dim]
    mean = x.sum(dims, True) / count
    away = x - mean
    variance = (away * away).sum(dims, keepdim) / (count - (1 if correction is None else correction))
    return variance, mean if keepdim else mean.squeeze(dims)


def _decompose_variance(x: Tensor, dims: Sequence[int] | None = None, **more: Any) -> Tensor:
    if not isinstance(more.get("correction") or 1, int):
        return NotImplemented
    return _decompose_variance_and_mean(x, dims, **more)[0]


def _decompose_copy(to: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    return source.to(to.dtype).expand(to.shape)


def _decompose_slice_scatter(
    x: Tensor, source: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    width = x.shape[dim]
    if not isinstance(width, int):  # rows are written whole or not at all
        return source if start in (0, None) and (end is None or end >= 2**62) and step == 1 else NotImplemented
    start, end, _ = slice(start, end).indices(width)
    if step != 1:
        return NotImplemented
    if end - start == width:
        return source
    return _join(x, source, dim, start, end)


def _decompose_select_scatter(x: Tensor, source: Tensor, dim: int, index: int) -> Tensor:
    width = x.shape[dim]
    if not isinstance(width, int):
        return NotImplemented
    index %= width
    return _join(x, source.unsqueeze(dim), dim, index, index + 1)


def _join(x: Tensor, middle: Tensor, dim: int, start: int, end: int) -> Tensor:
    """``x`` with ``middle`` in place of what was from ``start`` to ``end``."""
    parts = [x.narrow(dim, 0, start), middle, x.narrow(dim, end, x.shape[dim] - end)]
    return torch.cat([part for part in parts if part.shape[dim] != 0], dim)


def _decompose_stack(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    return torch.cat([part.unsqueeze(dim) for part in parts], dim % (parts[0].dim() + 1))


def _decompose_roll(x: Tensor, shifts: Sequence[int], dims: Sequence[int] = ()) -> Tensor:
    if len(shifts) != 1 or len(dims) != 1 or not isinstance(x.shape[dims[0]], int):
        return NotImplemented
    width = x.shape[dims[0]]
    shift = shifts[0] % width
    return torch.cat([x.narrow(dims[0], width - shift, shift), x.narrow(dims[0], 0, width - shift)], dims[0])


def _decompose_batched_product(a: Tensor, b: Tensor) -> Tensor:
    """A few matrices that are the same for all rows (heads), or one that was expanded over the rows."""
    count = a.shape[0]
    if isinstance(count, int):
        if count > FEW_MATRICES:
            return NotImplemented
        return torch.stack([torch.mm(a.select(0, i), b.select(0, i)) for i in range(count)])
    if b.stride()[0] == 0 and a.shape[1] == 1:
        return torch.mm(a.squeeze(1), b.select(0, 0)).unsqueeze(1)
    if a.stride()[0] == 0 and b.shape[2] == 1:
        return torch.mm(b.squeeze(2), a.select(0, 0).t()).unsqueeze(2)
    return NotImplemented


def _decompose_product(a: Tensor, b: Tensor) -> Tensor:
    """Rows stand first: ``W @ h.T`` is ``(h @ W.T).T``."""
    if isinstance(b.shape[1], int) or not (isinstance(a.shape[0], int) and isinstance(a.shape[1], int)):
        return NotImplemented
    return torch.mm(b.t(), a.t()).t()


def _decompose_convolution_backward(
    gradient: Tensor, x: Tensor, weight: Tensor, bias_sizes: Sequence[int] | None, *rest: Any
) -> tuple[Tensor | None, ...]:
    """One op a gradient: that of the state is needed at every step, that of the weight once, after the loop."""
    *geometry, wanted = rest
    if sum(wanted) == 1 and not wanted[2]:
        return NotImplemented
    found: list[Tensor | None] = [None, None, None]
    for i in (0, 1):
        if wanted[i]:
            alone = [i == 0, i == 1, False]
            found[i] = aten.convolution_backward.default(gradient, x, weight, None, *geometry, alone)[i]
    if wanted[2]:
        found[2] = gradient.sum([0, *range(2, gradient.dim())])
    return tuple(found)


OWN: dict[Any, Callable[..., Any]] = {
    aten.addmm.default: _decompose_addmm,
    aten.split_with_sizes.default: _decompose_split,
    aten.split.Tensor: _decompose_equal_split,
    aten.var_mean.correction: _decompose_variance_and_mean,
    aten.var.correction: _decompose_variance,
    aten.copy.default: _decompose_copy,
    aten.slice_scatter.default: _decompose_slice_scatter,
    aten.select_scatter.default: _decompose_select_scatter,
    aten.stack.default: _decompose_stack,
    aten.roll.default: _decompose_roll,
    aten.convolution_backward.default: _decompose_convolution_backward,
    aten.bmm.default: _decompose_batched_product,
    aten.mm.default: _decompose_product,
}
"""Those that differ from PyTorch's own, or that it lacks."""


@cache
def decompositions() -> dict[Any, Any]:
    """PyTorch's core decompositions, and the few more that leave only products, pointwise ops and reductions."""
    from torch._decomp import core_aten_decompositions, get_decompositions  # slow to import

    table = dict(core_aten_decompositions())
    table.update(
        get_decompositions(
            [
                aten.native_layer_norm,
                aten.native_layer_norm_backward,
                aten._softmax,
                aten._softmax_backward_data,
                aten._log_softmax,
                aten._log_softmax_backward_data,
                aten.native_group_norm,
                aten.native_group_norm_backward,
                aten.linalg_vector_norm,
                aten.clamp.Tensor,
                aten.repeat,
                aten.addcmul,
                aten.addcdiv,
                aten.lerp,
                aten.softplus,
                aten.softplus_backward,
                aten.silu,
                aten.silu_backward,
                aten.hardtanh,
                aten.hardtanh_backward,
                aten.hardsigmoid,
                aten.hardsigmoid_backward,
                aten.elu,
                aten.elu_backward,
                aten.gelu,
                aten.gelu_backward,
                aten.leaky_relu,
                aten.leaky_relu_backward,
                aten.threshold_backward,
                aten.log_sigmoid_forward,
                aten.log_sigmoid_backward,
                aten.sigmoid_backward,
                aten.tanh_backward,
                aten.masked_fill,
                aten.select_backward,
                aten.slice_backward,
            ]
        )
    )
    table.update(OWN)
    return table
