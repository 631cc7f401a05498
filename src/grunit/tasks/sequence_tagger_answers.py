"""What a tagger's scores of tags come to: the best tags, the probability of each, the n best ways."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from grunit.nn.crf import CRF, FORBIDDEN
from grunit.tasks.sequence_tagger_model import TaggerModel
from grunit.tasks.sequence_tagger_rows import TaggerRows

BLOCK = 128
"""Sentences answered at once."""
Reader = Callable[[CRF, Tensor, Tensor], Iterable[Any]]


@torch.no_grad()
def answer_rows(model: TaggerModel, rows: TaggerRows, read: Reader) -> list[Any]:
    """What ``read`` makes of the scores ``(B, T, tags)`` and lengths ``(B,)`` of blocks of sentences, one answer each.

    It computes in double precision, so that the answer to a sentence does not depend on those beside it.
    """
    model = copy.deepcopy(model).double().eval()
    device = next(model.parameters()).device
    answers: list[Any] = [None] * len(rows)
    order = torch.argsort(rows.lengths, stable=True)  # like lengths together need the least padding
    for part in order.split(BLOCK):
        batch = [tensor.to(device) for tensor in rows.take(part)]
        for row, answer in zip(part.tolist(), read(model.crf, model(*batch), batch[1])):
            answers[row] = answer
    return answers


def best_paths(crf: CRF, emissions: Tensor, lengths: Tensor) -> Iterator[list[int]]:
    """The numbers of the best tags of each row.

    >>> list(best_paths(CRF(2), torch.tensor([[[9.0, 0.0], [0.0, 9.0]]] * 2), torch.tensor([2, 1])))
    [[0, 1], [0]]
    """
    for path, length in zip(crf.viterbi(emissions, lengths)[0].tolist(), lengths.tolist()):
        yield path[:length]


def shares(crf: CRF, emissions: Tensor, lengths: Tensor) -> Iterator[Any]:
    """The probability of each tag at each step of each row, arrays ``(T_i, tags)``."""
    for row, length in zip(crf.marginals(emissions, lengths).cpu().numpy(), lengths.tolist()):
        yield row[:length]


def best_ways(n: int) -> Reader:
    """A reader of the n best tag sequences of each row that break no rule, each with its probability.

    >>> crf, emissions = CRF(2), torch.zeros(1, 1, 2)
    >>> ((first, share), (second, other)), = best_ways(5)(crf, emissions, torch.tensor([1]))
    >>> sorted([first, second]), round(share + other, 5)
    ([[0], [1]], 1.0)
    """

    def ways(crf: CRF, emissions: Tensor, lengths: Tensor) -> Iterator[list[tuple[list[int], float]]]:
        paths, scores = crf.n_best(emissions, lengths, n)
        probabilities = (scores - crf.log_partition(emissions, lengths).unsqueeze(1)).exp()
        whole = scores > scores[:, :1] + FORBIDDEN / 2  # the others break a rule, or are none
        for row, length in enumerate(lengths.tolist()):
            found = zip(paths[row].tolist(), probabilities[row].tolist(), whole[row].tolist())
            yield [(path[:length], share) for path, share, kept in found if kept]

    return ways
