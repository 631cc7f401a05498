"""Windows over a panel: what a forecaster sees and what it must say, cut without leakage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from grunit.data.panel import Panel, require_length
from grunit.errors import InputError


class Windows(Dataset):
    """Every window of ``input_size`` steps of history and ``horizon`` steps of target in a panel.

    A window never reaches outside its series: cut the panel (:func:`split_tail`) and nothing after the cut is read.
    Windows are counted back from the end of each series, so that the latest is always one of them.

    Args:
        panel: the series, scaled.
        input_size: steps L of history in a window.
        horizon: steps h of target.
        step: steps between one window and the next (default 1).
        pad: also take windows whose history is cut short by the start of the series (at least one step of it),
            zeros on the left; items then end with a mask ``(L,)``, true where there is history.
        tail: take only windows whose targets all lie in the last ``tail`` steps of a series.
        dtype: of the tensors (default float32).

    An item is ``(inputs (L, F), target (h,), series)``, with F the columns of the panel, ``y`` first, and ``series``
    its position in ``panel.ids``.

    >>> panel = Panel(["a"], [np.arange(5)], [np.arange(5.0)[:, None]], freq=1)
    >>> windows = Windows(panel, input_size=2, horizon=2)
    >>> len(windows)
    2
    >>> inputs, target, series = windows[1]
    >>> inputs.ravel(), target, series
    (tensor([1., 2.]), tensor([3., 4.]), 0)
    """

    def __init__(
        self,
        panel: Panel,
        input_size: int,
        horizon: int,
        step: int = 1,
        *,
        pad: bool = False,
        tail: int | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        for name, value in (("input_size", input_size), ("horizon", horizon), ("step", step)):
            if value < 1:
                raise InputError(f"{name} is {value}: give at least 1")
        self.panel, self.input_size, self.horizon, self.step, self.pad = panel, input_size, horizon, step, pad
        lengths = np.array(panel.lengths, dtype=np.int64)
        # A window is named by its cut: the position of the first target within the series.
        first = np.full(len(lengths), 1 if pad else input_size)
        if tail is not None:
            first = np.maximum(first, lengths - tail)
        self._counts = np.maximum((lengths - horizon - first) // step + 1, 0)
        self._ends = np.cumsum(self._counts)
        self._last = lengths - horizon
        self._starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        self.values = torch.from_numpy(np.concatenate(panel.values)).to(dtype)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> tuple:
        if not -len(self) <= index < len(self):
            raise IndexError(f"window {index} of {len(self)}")
        inputs, target, series, *mask = self.batch([index % len(self)])
        return (inputs[0], target[0], int(series[0]), *(value[0] for value in mask))

    def __getitems__(self, indices: Sequence[int]) -> list[tuple]:
        """Items for torch's loader, gathered at once."""
        return list(zip(*self.batch(indices), strict=True))

    def batch(self, indices: Sequence[int] | np.ndarray) -> tuple[Tensor, ...]:
        """Windows gathered at once, faster than one by one.

        Returns:
            inputs ``(B, L, F)``, targets ``(B, h)``, series ``(B,)`` and, with ``pad``, mask ``(B, L)``.
        """
        series, cuts = self.locate(indices)
        start = self._starts[series]
        back = np.arange(-self.input_size, 0)
        inside = cuts[:, None] + back >= 0
        rows = start[:, None] + np.maximum(cuts[:, None] + back, 0)
        ahead = (start + cuts)[:, None] + np.arange(self.horizon)
        inputs, target = self.values[torch.from_numpy(rows)], self.values[torch.from_numpy(ahead), 0]
        if not self.pad:
            return inputs, target, torch.from_numpy(series)
        mask = torch.from_numpy(inside)
        return inputs * mask[..., None], target, torch.from_numpy(series), mask

    def locate(self, indices: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where windows lie: their series, and the position of their first target within it; each ``(B,)``."""
        indices = np.asarray(indices, dtype=np.int64)
        series = np.searchsorted(self._ends, indices, side="right")
        ahead = self._ends[series] - 1 - indices
        return series, self._last[series] - ahead * self.step


def split_tail(panel: Panel, size: int, context: int = 0) -> tuple[Panel, Panel]:
    """The last ``size`` steps of every series for validation, everything before for training.

    Args:
        panel: the series.
        size: steps kept for validation.
        context: steps before them that the validation part also holds, as history for its windows; take only windows
            with ``tail=size`` from it where windows are padded.

    Returns:
        The training part ``(T_i - size)`` steps and the validation part ``(context + size)`` steps, fewer where the
        series starts later.

    Raises:
        DataError: a series has no step left for training.

    >>> panel = Panel(["a"], [np.arange(6)], [np.arange(6.0)[:, None]], freq=1)
    >>> train, validation = split_tail(panel, 2, context=1)
    >>> train.times[0], validation.times[0]
    (array([0, 1, 2, 3]), array([3, 4, 5]))
    """
    if size < 1 or context < 0:
        raise InputError(f"the tail is {size} steps with {context} of context: give at least 1 and 0")
    require_length(panel, size + 1, f"a validation tail of {size}")
    return panel.cut(None, -size), panel.cut(-(size + context))


__all__ = ["Windows", "split_tail"]
