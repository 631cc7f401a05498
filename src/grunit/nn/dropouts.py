"""Dropout that knows of time: one mask for a whole sequence, and weights that are dropped once a call."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional


def locked_mask(x: Tensor, size: int, share: float) -> Tensor:
    """A mask of 0 and ``1 / (1 - share)``, the same at every step: ``(..., B, size)`` for x ``(..., B, F)``.

    It takes the memory of one step, whatever the length of the sequence.

    >>> import torch
    >>> locked_mask(torch.zeros(7, 2, 3), 5, 0.5).shape
    torch.Size([7, 2, 5])
    """
    return functional.dropout(x.new_ones(x.shape[-2], size), share).expand(*x.shape[:-1], size)


def locked_dropout(x: Tensor, share: float) -> Tensor:
    """``x (..., B, F)`` with the same features dropped at every step of a row (Gal & Ghahramani 2016).

    >>> import torch
    >>> torch.equal(locked_dropout(torch.ones(7, 2, 3), 0.0), torch.ones(7, 2, 3))
    True
    """
    return x * locked_mask(x, x.shape[-1], share) if share else x


def zoneout_mask(x: Tensor, size: int, share: float) -> Tensor:
    """1 where a unit keeps its old value, else 0, drawn anew at every step: ``(..., B, size)`` for x ``(..., B, F)``.

    >>> import torch
    >>> zoneout_mask(torch.zeros(7, 2, 3), 5, 1.0).mean()
    tensor(1.)
    """
    return x.new_empty((*x.shape[:-1], size)).bernoulli_(share)


def drop_weights(parameters: Mapping[str, Tensor], shares: Mapping[str, float]) -> dict[str, Tensor]:
    """The parameters, those named with single weights dropped and the others scaled up (Merity et al. 2018).

    >>> import torch
    >>> drop_weights({"weight_hh": torch.ones(2, 2)}, {"weight_hh": 1.0})["weight_hh"].sum()
    tensor(0.)
    """
    return {name: functional.dropout(v, shares[name]) if name in shares else v for name, v in parameters.items()}
