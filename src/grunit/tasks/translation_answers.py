"""Texts through a trained translator: batches, beam search, and words it does not know."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor

from grunit.data.text.vocabulary import PADDING, UNKNOWN
from grunit.errors import InputError
from grunit.nn.decoder_search import search_beams
from grunit.nn.options import check_size
from grunit.tasks.token_rows import TokenRows
from grunit.tasks.translation_arguments import END, START, encode_text
from grunit.tasks.translation_model import TranslationModel, TranslationWalker

BLOCK = 64
"""Texts answered at once."""


def ready_model(translator: Any, exact: bool = True) -> TranslationModel:
    """The network as it answers: in evaluation mode, in double precision where that was asked for."""
    model = translator.model_
    return copy.deepcopy(model).double().eval() if exact else model.eval()


@torch.no_grad()
def translate(
    translator: Any,
    texts: list[str],
    *,
    num_beams: int,
    length_penalty: float,
    coverage_penalty: float,
    replace_unknown: bool,
    max_length: int | None,
    exact: bool,
) -> list[str]:
    """See :meth:`grunit.Translator.translate`."""
    check_size("num_beams", num_beams)
    for name, value in (("length_penalty", length_penalty), ("coverage_penalty", coverage_penalty)):
        if not math.isfinite(value):
            raise InputError(f"{name} is {value}: give a number")
    if coverage_penalty and translator.attention is None:
        raise InputError("coverage_penalty counts what attention has looked at, and this translator has none: set it 0")
    tokens = [encode_text(translator.source_, text, f"texts[{place}]") for place, text in enumerate(texts)]
    limits = [2 * len(one) + 10 if max_length is None else check_size("max_length", max_length) for one in tokens]
    if not texts:
        return []
    model = ready_model(translator, exact)
    device = next(model.parameters()).device
    rows, answers = TokenRows(tokens), [""] * len(texts)
    # Texts of like length together need the least padding and end at about the same time.
    for part in torch.argsort(rows.lengths, stable=True).split(BLOCK):
        source, lengths = (tensor.to(device) for tensor in rows.take(part))
        found = search_beams(
            TranslationWalker(model, source, lengths, num_beams, coverage_penalty),
            [limits[row] for row in part.tolist()],
            start=START,
            end=END,
            num_beams=num_beams,
            length_penalty=length_penalty,
            forbidden=(PADDING, START),
            device=device,
        )
        best = [hypotheses[0].ids for hypotheses in found]
        written = [translator.target_.vocabulary.decode(ids) for ids in best]
        unsure = [place for place, ids in enumerate(best) if UNKNOWN in ids]
        if replace_unknown and unsure and translator.attention is not None:
            looks = attend(model, source[unsure], lengths[unsure], [best[place] for place in unsure])
            for place, weights in zip(unsure, looks, strict=True):
                words = translator.source_.split(texts[int(part[place])])
                copy_unknown(written[place], best[place], words, weights)
        for row, words in zip(part.tolist(), written, strict=True):
            answers[row] = translator.target_.join(words)
    return answers


@torch.no_grad()
def attend(model: TranslationModel, source: Tensor, lengths: Tensor, targets: list[list[int]]) -> list[Tensor]:
    """Where the decoder looks at each token of given targets and at their end, ``(L + 1, T)`` each."""
    before, counts = TokenRows([[START, *ids] for ids in targets]).take(torch.arange(len(targets)))
    _, weights = model(source, lengths, before.to(source.device))
    assert weights is not None
    return [look[:count] for look, count in zip(weights.cpu(), counts.tolist(), strict=True)]


def copy_unknown(written: list[str], ids: list[int], words: list[str], weights: Tensor) -> None:
    """Put the source's word with most attention in place of each unknown one.

    >>> written = ["hello", "<unk>"]
    >>> copy_unknown(written, [7, 1], ["hallo", "Anna"], torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]))
    >>> written
    ['hello', 'Anna']
    """
    for place, number in enumerate(ids):
        if number == UNKNOWN:
            written[place] = words[int(weights[place, : len(words)].argmax())]
