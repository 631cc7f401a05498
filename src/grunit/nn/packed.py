"""Packed sequences: in as padded tensors with lengths, out in the packing they came with."""

from __future__ import annotations

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def unpack(packed: PackedSequence) -> tuple[Tensor, Tensor]:
    """Padded ``(T, B, F)`` with rows in the order they were given before packing, and lengths ``(B,)``.

    >>> import torch
    >>> padded, lengths = unpack(pack_padded_sequence(torch.ones(3, 2, 1), torch.tensor([1, 3]), enforce_sorted=False))
    >>> padded.shape, lengths
    (torch.Size([3, 2, 1]), tensor([1, 3]))
    """
    return pad_packed_sequence(packed)


def pack_like(padded: Tensor, lengths: Tensor, packed: PackedSequence) -> PackedSequence:
    """Pack ``padded (T, B, F)`` exactly as ``packed`` is: the same batch sizes and the same order of rows."""
    if packed.sorted_indices is not None:
        padded = padded.index_select(1, packed.sorted_indices)
        lengths = lengths[packed.sorted_indices.to(lengths.device)]
    data = pack_padded_sequence(padded, lengths, enforce_sorted=True).data
    return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
