"""Truncated backpropagation through time: a long sequence in pieces, the state carried, the gradient cut."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

Batch = tuple[Tensor, ...]
HALF, DEVIATION, LEAST = 0.05, 5.0, 5
"""Share of the random pieces that are of half the length, the standard deviation in steps, and the fewest steps."""


def pieces(batch: Batch, chunk: int | Sequence[int]) -> Iterator[Batch]:
    """Cut every tensor ``(B, T, ...)`` of a batch into pieces of ``chunk`` steps, or of these; the last may be shorter.

    Source: Williams & Peng (1990); the form used for language models by Mikolov et al. (2010), where every piece
    makes one step of the optimiser.

    >>> import torch
    >>> [piece.shape[1] for piece, in pieces((torch.zeros(2, 7, 3),), 3)]
    [3, 3, 1]
    """
    steps = batch[0].shape[1]
    starts = range(0, steps, chunk) if isinstance(chunk, int) else [0, *itertools.accumulate(chunk)][:-1]
    for start, end in zip(starts, [*starts[1:], steps], strict=True):
        yield tuple(tensor[:, start:end] for tensor in batch)


def random_lengths(steps: int, chunk: int, seed: int) -> list[int]:
    """Lengths of pieces that come to ``steps``, so that a text is not cut at the same places in every epoch.

    Each is drawn around ``chunk``, one in twenty around half of it, with a standard deviation of 5 steps, and has at
    least 5; the last is what is left.

    Args:
        steps: of the sequence.
        chunk: steps of a piece, about.
        seed: the same gives the same lengths.

    Source: Merity, Keskar & Socher, *Regularizing and optimizing LSTM language models* (2018), section 5. That no piece
    is shorter than 5 steps is from the program they published.

    >>> lengths = random_lengths(300, 40, seed=1)
    >>> lengths, sum(lengths)
    ([44, 33, 33, 42, 49, 41, 45, 13], 300)
    """
    draws, lengths = random.Random(seed), []
    while steps > 0:
        middle = chunk if draws.random() >= HALF else chunk / 2
        length = min(steps, max(min(LEAST, chunk), int(draws.gauss(middle, DEVIATION))))
        lengths.append(length)
        steps -= length
    return lengths


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
