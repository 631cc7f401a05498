"""Sequences as the network reads them: scaled, filled, with masks, padded batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from grunit.data.sequence_scaling import FeatureScaler
from grunit.data.sequences import Sequences


class SequenceRows:
    """What :class:`grunit.training.Batches` takes rows from.

    Args:
        sequences: unscaled.
        scaler: of their features.
        masked: features of which a mask is laid beside them, 1 where the value is there. A missing value becomes 0,
            the centre of the scale.
        targets: ``(N, ...)`` of each, or None to leave them out.
        dtype: of the values.

    Attributes:
        tensors: everything, for a checksum.

    >>> ragged = Sequences.of([[1.0, np.nan], [3.0]])
    >>> rows = SequenceRows(ragged, FeatureScaler.measure(ragged.values), [0])
    >>> inputs, lengths = rows.take(torch.tensor([0, 1]))
    >>> inputs.tolist(), lengths.tolist()
    ([[[-1.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]], [2, 1])
    """

    def __init__(
        self,
        sequences: Sequences,
        scaler: FeatureScaler,
        masked: Sequence[int],
        targets: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        values = scaler.transform(sequences.values)
        missing = np.isnan(values)
        present = ~missing[:, list(masked)]
        filled = np.concatenate([np.where(missing, 0.0, values), present], 1)
        self.values = torch.from_numpy(filled).to(dtype)
        self.lengths = torch.from_numpy(sequences.lengths.astype(np.int64))
        self.starts = torch.from_numpy(sequences.starts.astype(np.int64))
        self.targets = targets
        self.tensors = (self.values, self.lengths, *(() if targets is None else (targets,)))

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Inputs ``(B, T, F)``, zero behind a row's end, lengths ``(B,)`` and targets, of the rows ``(B,)``."""
        lengths = self.lengths[rows]
        steps = torch.arange(int(lengths.max()))
        valid = steps < lengths.unsqueeze(1)
        where = torch.where(valid, self.starts[rows].unsqueeze(1) + steps, 0)
        inputs = self.values[where].masked_fill(~valid.unsqueeze(-1), 0)
        return inputs, lengths, *(() if self.targets is None else (self.targets[rows],))
