"""How much every word spoke for an answer: gradients summed along the way from an empty text."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from grunit.data.text import UNKNOWN
from grunit.errors import InputError
from grunit.tasks.text_classifier_model import TextModel

METHODS = ("integrated_gradients", "gradient_x_input")
FEWEST, MOST = 32, 1024
"""Places along the way that are looked at: as few as will do, each time twice as many."""
ACCURACY = 1e-3
"""What the sum of the values may miss, as a share of 1 and the difference they add up to."""


@functools.cache
def _nodes(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in [0, 1] and weights of a Gauss-Legendre sum."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    return (places + 1) / 2, weights / 2


def nothing_like(model: TextModel, embedded: Tensor) -> Tensor:
    """What a text of the same length would be embedded to if no word were known, ``(1, T, E)``."""
    if model.embedding is None:
        return torch.zeros_like(embedded)
    tables = [table for table in (model.embedding, model.pairs) if table is not None]
    return torch.cat([table.weight[UNKNOWN].detach() for table in tables]).expand_as(embedded)


def attribute(model: TextModel, input: Tensor, target: int, method: str = "integrated_gradients") -> np.ndarray:
    """What each token adds to the score of a class.

    The score is the logit less the mean of all logits. ``"integrated_gradients"``: the values add up to the score of
    the text less that of a text of unknown words, to :data:`ACCURACY`. ``"gradient_x_input"``: one gradient, times how
    far the embedding is from that of the unknown word; faster and coarser.

    Args:
        model: in double precision, in evaluation mode.
        input: one text, ``(1, T)`` tokens or ``(1, T, E)`` features.
        target: the class.
        method: one of the two.

    Returns:
        ``(T,)``.

    Source: Sundararajan, Taly & Yan, *Axiomatic attribution for deep networks*, ICML (2017), eq. 1.
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}: use one of {', '.join(METHODS)}")
    with torch.no_grad():
        embedded = model.embed(input)
        baseline = nothing_like(model, embedded)
        ends = centred(model.judge(torch.cat([baseline, embedded])))[:, target]
    difference = float(ends[1] - ends[0])
    way = embedded - baseline
    if method == METHODS[1]:
        return _sum_slopes(model, baseline, way, target, np.ones(1), np.ones(1))
    steps = FEWEST
    while True:
        values = _sum_slopes(model, baseline, way, target, *_nodes(steps))
        # The maximum over time has kinks, which a sum sees only where it looks.
        if abs(values.sum() - difference) <= ACCURACY * (1 + abs(difference)) or steps >= MOST:
            return values
        steps *= 2


def _sum_slopes(
    model: TextModel, baseline: Tensor, way: Tensor, target: int, places: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The gradients at some places along the way, weighted, times the way, told by token: ``(T,)``."""
    mean = torch.zeros_like(way)
    for part in np.array_split(np.arange(len(places)), -(-len(places) // FEWEST)):
        points = baseline + torch.from_numpy(places[part]).to(way).view(-1, 1, 1) * way
        points.requires_grad_()
        with torch.enable_grad():
            scores = centred(model.judge(points))[:, target]
            (slopes,) = torch.autograd.grad(scores.sum(), points)
        mean += (torch.from_numpy(weights[part]).to(way).view(-1, 1, 1) * slopes).sum(0, keepdim=True)
    return _by_token(model, (mean * way)[0]).cpu().numpy()


def _by_token(model: TextModel, values: Tensor) -> Tensor:
    """``(T, E)`` -> ``(T,)``; what a pair says is half of either token's, of the last one's all its own."""
    if model.embedding is None or model.pairs is None:
        return values.sum(-1)
    words, pairs = (
        part.sum(-1) for part in values.split([model.embedding.embedding_dim, model.pairs.embedding_dim], -1)
    )
    words[:-1] += pairs[:-1] / 2
    words[1:] += pairs[:-1] / 2
    words[-1] += pairs[-1]
    return words


def centred(logits: Tensor) -> Tensor:
    """Logits less their mean: what is left of them after the softmax forgets their level."""
    return logits - logits.mean(-1, keepdim=True)
