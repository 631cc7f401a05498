"""Tokens as the network reads them: rows of whole numbers of any lengths, padded batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from grunit.data.text import PADDING
from grunit.errors import DataError


class TokenRows:
    """What :class:`grunit.training.Batches` takes rows from.

    Args:
        rows: N lists of whole numbers, of any lengths above 0; or of k numbers a step, arrays ``(T_i, k)``.
        targets: what belongs to each row: tensors ``(N, ...)``, or further :class:`TokenRows`, which give two tensors,
            their numbers and their lengths.
        padding: the number behind a row's end (default 0).

    Attributes:
        tensors: everything, for a checksum.
        lengths: ``(N,)``, for :meth:`grunit.training.Batches.bucketed`.

    Raises:
        DataError: a row is empty, or there are not as many targets as rows.

    >>> rows = TokenRows([[5, 6, 7], [8]], torch.tensor([0, 1]))
    >>> ids, lengths, labels = rows.take(torch.tensor([1, 0]))
    >>> ids.tolist(), lengths.tolist(), labels.tolist()
    ([[8, 0, 0], [5, 6, 7]], [1, 3], [1, 0])
    """

    def __init__(
        self, rows: Sequence[Sequence[int] | np.ndarray], *targets: Tensor | TokenRows, padding: int = PADDING
    ):
        self.targets, self.padding = targets, padding
        self.lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
        if len(rows) and int(self.lengths.min()) == 0:
            raise DataError(f"row {int(self.lengths.argmin())} (counted from 0) has no token: leave it out")
        for target in targets:
            if len(target) != len(rows):
                raise DataError(f"there are {len(rows)} rows of tokens and {len(target)} targets: give one a row")
        joined = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows]) if len(rows) else np.zeros(0)
        self.values = torch.from_numpy(joined.astype(np.int64))
        self.starts = self.lengths.cumsum(0) - self.lengths
        beside = [part for t in targets for part in (t.tensors if isinstance(t, TokenRows) else (t,))]
        self.tensors: tuple[Tensor, ...] = (self.values, self.lengths, *beside)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Numbers ``(B, T)`` or ``(B, T, k)``, lengths ``(B,)`` and targets of the rows ``(B,)``."""
        lengths = self.lengths[rows]
        steps = torch.arange(int(lengths.max()))
        valid = steps < lengths.unsqueeze(1)
        where = torch.where(valid, self.starts[rows].unsqueeze(1) + steps, 0)
        ids = self.values[where]
        ids = ids.masked_fill(~valid.view(*valid.shape, *[1] * (ids.dim() - 2)), self.padding)
        beside: list[Tensor] = []
        for target in self.targets:
            beside += target.take(rows) if isinstance(target, TokenRows) else [target[rows]]
        return ids, lengths, *beside
