"""Truncated backpropagation through time: a long sequence in pieces, the state carried, the gradient cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

Batch = tuple[Tensor, ...]


def pieces(batch: Batch, chunk: int) -> Iterator[Batch]:
    """Cut every tensor ``(B, T, ...)`` of a batch into pieces of ``chunk`` steps; the last may be shorter.

    Source: Williams & Peng (1990); the form used for language models by Mikolov et al. (2010), where every piece
    makes one step of the optimiser.

    >>> import torch
    >>> [piece.shape[1] for piece, in pieces((torch.zeros(2, 7, 3),), 3)]
    [3, 3, 1]
    """
    for start in range(0, batch[0].shape[1], chunk):
        yield tuple(tensor[:, start : start + chunk] for tensor in batch)


def detach(state: Any) -> Any:
    """The same state without its past; tuples, lists, dicts and None are walked.

    >>> import torch
    >>> detach((torch.ones(1, requires_grad=True), None))[0].requires_grad
    False
    """
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, dict):
        return {name: detach(value) for name, value in state.items()}
    if isinstance(state, (tuple, list)):
        return type(state)(detach(value) for value in state)
    return state
