"""Input in any of its forms -> time-major tensors and masks, and the output back into that form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from grunit.errors import InputError, ShapeError
from grunit.nn.masks import check_lengths
from grunit.nn.packed import pack_like, unpack


@dataclass(frozen=True)
class SequenceBatch:
    """A time-major batch.

    Attributes:
        x: ``(T, B, F)``.
        valid: ``(T, B)`` bool, or None where every row has all T steps.
        resets: ``(T, B)`` bool or None.
        extra_inputs: ``(T, B, n)`` by name.
    """

    x: Tensor
    valid: Tensor | None
    resets: Tensor | None
    extra_inputs: dict[str, Tensor]
    batched: bool
    batch_first: bool
    packed: PackedSequence | None
    lengths: Tensor | None

    @property
    def batch_size(self) -> int:
        """Rows of the batch, 1 for unbatched input."""
        return self.x.shape[1]

    def restore(self, output: Tensor) -> Tensor | PackedSequence:
        """``output (T, B, H)`` in the form of the input, zero beyond a row's end."""
        if self.packed is not None:
            assert self.lengths is not None
            return pack_like(output, self.lengths, self.packed)
        if self.valid is not None:
            output = output.masked_fill(~self.valid.unsqueeze(-1), 0)
        if not self.batched:
            return output.squeeze(1)
        return output.transpose(0, 1) if self.batch_first else output


def read_sequence(
    input: Tensor | PackedSequence,
    *,
    batch_first: bool = False,
    lengths: Tensor | Sequence[int] | None = None,
    resets: Tensor | None = None,
    extra_inputs: Mapping[str, Tensor] | None = None,
) -> SequenceBatch:
    """Bring input ``(T, B, F)``, ``(B, T, F)``, ``(T, F)`` or packed into one form.

    Raises:
        ShapeError: a tensor has the wrong shape; the message names it.
        InputError: a tensor of the wrong kind, or lengths where they have no meaning.
    """
    packed = input if isinstance(input, PackedSequence) else None
    if packed is not None:
        if lengths is not None:
            raise InputError("lengths was given with a PackedSequence, which has its own: leave lengths out")
        x, lengths = unpack(packed)
        batched, batch_first = True, False
    else:
        if not isinstance(input, Tensor):
            raise InputError(f"input must be a tensor or a PackedSequence, got {type(input).__name__}")
        if input.dim() not in (2, 3):
            order = "(B, T, F)" if batch_first else "(T, B, F)"
            raise ShapeError(f"input must have shape {order}, or (T, F) without a batch, got {tuple(input.shape)}")
        batched = input.dim() == 3
        if not batched and lengths is not None:
            raise InputError("lengths was given with unbatched input (T, F): cut the input instead")
        x = _time_major(input, batched, batch_first)
        if x.shape[0] == 0:
            raise ShapeError(f"input has no time steps, its shape is {tuple(input.shape)}: give at least one")

    mask = None if resets is None else _read_resets(resets, x, batched, batch_first)
    extras = {name: _read_extra(name, value, x, batched, batch_first) for name, value in (extra_inputs or {}).items()}
    row_lengths = None if lengths is None else check_lengths(lengths, rows=x.shape[1], steps=x.shape[0])
    valid = None
    if row_lengths is not None and not _all_full(row_lengths, x.shape[0]):
        steps = torch.arange(x.shape[0], device=x.device)
        valid = steps.unsqueeze(1) < row_lengths.to(x.device)
        # Whatever the padding holds, NaN too, must reach neither values nor gradients.
        padding = ~valid.unsqueeze(-1)
        x = x if packed is not None else x.masked_fill(padding, 0)
        extras = {name: value.masked_fill(padding, 0) for name, value in extras.items()}
    return SequenceBatch(x, valid, mask, extras, batched, batch_first, packed, row_lengths)


def _time_major(value: Tensor, batched: bool, batch_first: bool) -> Tensor:
    if not batched:
        return value.unsqueeze(1)
    return value.transpose(0, 1) if batch_first else value


def _form(x: Tensor, batched: bool, batch_first: bool) -> tuple[int, ...]:
    """The leading axes that go with the input as the user gave it."""
    steps, rows = x.shape[:2]
    if not batched:
        return (steps,)
    return (rows, steps) if batch_first else (steps, rows)


def _read_resets(resets: Tensor, x: Tensor, batched: bool, batch_first: bool) -> Tensor:
    expected = _form(x, batched, batch_first)
    if not isinstance(resets, Tensor) or resets.dtype != torch.bool:
        raise InputError(f"resets must be a bool tensor, got {getattr(resets, 'dtype', type(resets).__name__)}")
    if tuple(resets.shape) != expected:
        raise ShapeError(f"resets must have shape {expected}, as the input, got {tuple(resets.shape)}")
    return _time_major(resets, batched, batch_first)


def _read_extra(name: str, value: Tensor, x: Tensor, batched: bool, batch_first: bool) -> Tensor:
    if isinstance(value, PackedSequence):
        value, batched, batch_first = unpack(value)[0], True, False
    expected = _form(x, batched, batch_first)
    if not isinstance(value, Tensor):
        raise InputError(f"the input {name!r} must be a tensor, got {type(value).__name__}")
    if tuple(value.shape) not in (expected, (*expected, *value.shape[-1:])):
        wide = f"({', '.join(map(str, expected))}, n)"
        raise ShapeError(f"the input {name!r} must have shape {expected} or {wide}, got {tuple(value.shape)}")
    if value.dim() == len(expected):
        value = value.unsqueeze(-1)
    # Time gaps and the like often come as integers or in double precision.
    return _time_major(value, batched, batch_first).to(x)


def _all_full(lengths: Tensor, steps: int) -> bool:
    """Whether no row is padded; never asked while a graph is being captured, where it must not branch on values."""
    return not torch.compiler.is_compiling() and bool((lengths == steps).all())
