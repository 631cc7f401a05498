"""What a network is told where values are missing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def fill_window(inputs: Tensor, known: Tensor, gaps: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
    """Windows without NaN: every value that is missing is the one seen last.

    Where nothing was seen before, it is the first that comes, and 0, the centre of a scaled column, where nothing is
    seen at all. Nothing outside of the window counts, so that a forecast does not depend on how much history is given.
    The history gets two columns more for each of ``gaps``: 1 where the value was missing, and the logarithm of 1 and
    the steps since it was seen (since the start of the window where it was not seen yet); both 0 where it was there.

    Args:
        inputs: history ``(B, L, F)``.
        known: of the horizon, ``(B, h, G)``; the same columns as the last G of the history.
        gaps: columns of the history that the network is told about.

    Returns:
        ``(B, L, F + 2 * len(gaps))`` and ``(B, h, G)``.

    Source: the inputs of Che et al., *Recurrent neural networks for multivariate time series with missing values*
    (2018), section 2.2.

    >>> nan = float("nan")
    >>> inputs, known = fill_window(torch.tensor([[[1.0], [nan], [nan], [4.0]]]), torch.zeros(1, 2, 0), [0])
    >>> inputs[0, :, :2].T
    tensor([[1., 1., 1., 4.],
            [0., 1., 1., 0.]])
    >>> inputs[0, :, 2].exp()
    tensor([1., 2., 3., 1.])
    """
    if not gaps and not inputs.isnan().any() and not known.isnan().any():
        return inputs, known
    length, width = inputs.shape[1], known.shape[2]
    filled, last = _fill_forward(inputs)
    if width:
        # Both together, so that the horizon goes on from what was seen last.
        known = _fill_forward(torch.cat([inputs[..., -width:], known], 1))[0][:, length:]
    if not gaps:
        return filled, known
    told = list(gaps)
    steps = torch.arange(length, device=inputs.device).view(1, -1, 1)
    missing = inputs[..., told].isnan().to(inputs.dtype)
    return torch.cat([filled, missing, (steps - last[..., told]).to(inputs.dtype).log1p()], -1), known


def _fill_forward(values: Tensor) -> tuple[Tensor, Tensor]:
    """``(B, T, F)`` without NaN, and at which step each value was seen; -1 before the first."""
    seen = ~values.isnan()
    steps = torch.arange(values.shape[1], device=values.device).view(1, -1, 1)
    last = torch.where(seen, steps, -1).cummax(1).values
    first = seen.to(torch.uint8).argmax(1, keepdim=True)
    return values.gather(1, torch.where(last < 0, first, last)).nan_to_num(nan=0.0), last
