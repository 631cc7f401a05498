"""Which steps of a row count: masks from lengths, and a softmax that the padding does not enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from grunit.errors import InputError, ShapeError
from grunit.nn.packed import unpack


class MaskedRows(NamedTuple):
    """Sequences with the rows first, whatever form they came in.

    Attributes:
        values: ``(B, T, F)``, zero where masked.
        valid: ``(B, T)`` bool, or None where every step counts.
        batched: False for what came as ``(T, F)``.
    """

    values: Tensor
    valid: Tensor | None
    batched: bool


def read_rows(
    name: str,
    value: Tensor | PackedSequence,
    size: int | None = None,
    lengths: Tensor | Sequence[int] | None = None,
    mask: Tensor | None = None,
    *,
    batch_first: bool = False,
) -> MaskedRows:
    """Bring ``(T, B, F)``, ``(B, T, F)``, ``(T, F)`` or packed sequences into one form.

    Args:
        name: what the errors call it.
        value: the sequences.
        size: how many features they must have; None for any number.
        lengths, mask: see :func:`read_mask`.
        batch_first: how ``value`` and ``mask`` lie.

    Raises:
        ShapeError: a tensor of the wrong shape.
        InputError: a tensor of the wrong kind, or lengths where they have no meaning.

    >>> read_rows("input", torch.ones(3, 2, 1), lengths=[3, 1]).values[1].flatten()
    tensor([1., 0., 0.])
    """
    if isinstance(value, PackedSequence):
        if lengths is not None or mask is not None:
            raise InputError("lengths or mask was given with a PackedSequence, which has its own lengths: leave it out")
        value, lengths = unpack(value)
        batch_first = False
    if not isinstance(value, Tensor) or value.dim() not in (2, 3):
        order = "(B, T, F)" if batch_first else "(T, B, F)"
        came = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ShapeError(f"{name} must have shape {order}, or (T, F) without a batch, got {came}")
    if size is not None and value.shape[-1] != size:
        raise ShapeError(f"{name} must have {size} features in its last axis, got {value.shape[-1]}")
    batched = value.dim() == 3
    if not batched and (lengths is not None or mask is not None):
        raise InputError(f"lengths or mask was given with unbatched {name} (T, F): cut the {name} instead")
    values = value.unsqueeze(0) if not batched else value if batch_first else value.transpose(0, 1)
    rows, steps = values.shape[:2]
    if steps == 0:
        raise ShapeError(f"{name} has no time steps, its shape is {tuple(value.shape)}: give at least one")
    valid = read_mask(lengths, mask, rows, steps, batch_first=batch_first, device=values.device)
    if valid is not None:
        # Whatever the padding holds, NaN too, must reach neither values nor gradients.
        values = values.masked_fill(~valid.unsqueeze(-1), 0)
    return MaskedRows(values, valid, batched)


def read_mask(
    lengths: Tensor | Sequence[int] | None,
    mask: Tensor | None,
    rows: int,
    steps: int,
    *,
    batch_first: bool,
    device: torch.device | None = None,
) -> Tensor | None:
    """The steps that count, ``(B, T)`` bool, or None where all do.

    Args:
        lengths: ``(B,)`` steps of each row, 0 to T.
        mask: bool, True where a step counts: ``(T, B)``, or ``(B, T)`` with ``batch_first``.
        rows, steps: B and T.
        batch_first: how ``mask`` lies.
        device: of the result.

    Raises:
        InputError: a tensor of the wrong kind, or both lengths and mask.
        ShapeError: a tensor of the wrong shape, or lengths beyond T.

    >>> read_mask([1, 2], None, 2, 2, batch_first=True)
    tensor([[ True, False],
            [ True,  True]])
    """
    if lengths is not None and mask is not None:
        raise InputError("lengths and mask were both given: say in one of them which steps count")
    if mask is not None:
        expected = (rows, steps) if batch_first else (steps, rows)
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
            raise InputError(f"mask must be a bool tensor, got {getattr(mask, 'dtype', type(mask).__name__)}")
        if tuple(mask.shape) != expected:
            raise ShapeError(f"mask must have shape {expected}, got {tuple(mask.shape)}")
        return mask if batch_first else mask.transpose(0, 1)
    if lengths is None:
        return None
    return torch.arange(steps, device=device) < check_lengths(lengths, rows, steps).to(device).unsqueeze(1)


def check_lengths(lengths: Tensor | Sequence[int], rows: int, steps: int) -> Tensor:
    """Lengths as a tensor ``(B,)`` of whole numbers between 0 and ``steps``.

    >>> check_lengths([3, 0], 2, 3)
    tensor([3, 0])
    """
    try:
        given = torch.as_tensor(lengths)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"lengths must be whole numbers, got {lengths!r}") from error
    if given.is_floating_point() or given.dtype == torch.bool:
        raise InputError(f"lengths must be whole numbers, got {given.dtype}")
    if tuple(given.shape) != (rows,):
        raise ShapeError(f"lengths must have shape ({rows},), one a row, got {tuple(given.shape)}")
    if not torch.compiler.is_compiling() and given.numel():
        low, high = int(given.min()), int(given.max())
        if low < 0 or high > steps:
            raise ShapeError(f"lengths must lie between 0 and the {steps} steps of input, got {low} to {high}")
    return given


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over the last axis among the places where ``mask`` is True; all zeros where none is.

    Args:
        scores: ``(..., T)``.
        mask: bool, broadcast to ``scores``; None for all True.

    >>> masked_softmax(torch.zeros(2, 3), torch.tensor([[True, True, False], [False, False, False]]))
    tensor([[0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 0.0000]])
    """
    if mask is None:
        return scores.softmax(-1)
    # The lowest number and not minus infinity, whose softmax over a row of nothing else is not a number.
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(-1).masked_fill(~mask, 0)
