"""What becomes of the outputs of the two directions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

MERGES = ("concat", "sum", "mean", "multiply", "max")


def merge_directions(outputs: Sequence[Tensor], how: str = "concat") -> Tensor:
    """One tensor of the outputs ``(..., H)`` of one or two directions; ``(..., 2 * H)`` where they are concatenated.

    Args:
        outputs: forward, then reverse if there is one.
        how: ``"concat"``, ``"sum"``, ``"mean"``, ``"multiply"`` or ``"max"`` (Keras calls them concat, sum, ave, mul).

    >>> merge_directions([torch.tensor([1.0, 5.0]), torch.tensor([3.0, 3.0])], "max")
    tensor([3., 5.])
    """
    if len(outputs) == 1:
        return outputs[0]
    forward, reverse = outputs
    if how == "concat":
        return torch.cat([forward, reverse], -1)
    if how == "multiply":
        return forward * reverse
    if how == "max":
        return torch.maximum(forward, reverse)
    return forward + reverse if how == "sum" else (forward + reverse) / 2


def merged_size(size: int, directions: int, how: str) -> int:
    """Features of what :func:`merge_directions` gives of outputs with ``size`` features.

    >>> merged_size(5, 2, "concat"), merged_size(5, 2, "sum")
    (10, 5)
    """
    return directions * size if how == "concat" else size
