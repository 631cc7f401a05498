"""How well a language model foresees a text, token by token and as the field's figures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grunit.tasks.language_model_adaptation import CachePointer, DynamicLearner
from grunit.tasks.language_model_network import LanguageNetwork

CHUNK = 256
"""Steps scored at once."""
NUMBERS = 2**24
"""Log probabilities held at once."""


@dataclass(frozen=True)
class TextScore:
    """What a text cost.

    Args:
        nats: the sum of ``-log p(token | all before it)`` over the tokens, natural logarithms.
        tokens: that were foreseen, ends of texts included.
        characters: of the texts, each end counted as one.

    >>> score = TextScore(nats=8 * math.log(2), tokens=4, characters=16)
    >>> score.perplexity, score.bits_per_character
    (4.0, 0.5)
    """

    nats: float
    tokens: int
    characters: int

    @property
    def nats_per_token(self) -> float:
        """The mean loss, which training reports."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """``exp`` of the mean loss a token; infinite where that is too large for a number."""
        try:
            return math.exp(self.nats_per_token)
        except OverflowError:
            return math.inf

    @property
    def bits_per_character(self) -> float:
        """Bits for the whole text, by its characters: comparable between models of characters, words and pieces."""
        return self.nats / math.log(2) / self.characters


def score_tokens(
    network: LanguageNetwork,
    inputs: Tensor,
    targets: Tensor,
    *,
    learner: DynamicLearner | None = None,
    cache: CachePointer | None = None,
    chunk: int = CHUNK,
) -> Tensor:
    """The loss in nats of every target, ``(B, T)``; 0 where the target is -1.

    Args:
        network: in evaluation mode; with a ``learner`` its weights are changed.
        inputs, targets: ``(B, T)``.
        learner: learns from each piece of the text once it is scored; the pieces are as long as it says.
        cache: mix in the words of the recent past.
        chunk: steps scored at once, which changes nothing but the memory it takes.
    """
    losses, state = [], None
    memory = None if cache is None else cache.begin()
    chunk = chunk if learner is None else learner.rule.chunk
    for read, wanted in zip(inputs.split(chunk, 1), targets.split(chunk, 1), strict=True):
        with torch.set_grad_enabled(learner is not None):
            hidden, state = network(read, state)
            found = torch.cat(list(_log_probabilities(network, hidden, wanted))).view(wanted.shape)
        if learner is not None and bool((wanted >= 0).any()):
            learner.learn(-found[wanted >= 0].mean())
        state, found = tuple(part.detach() for part in state), found.detach()
        if memory is not None:
            found = memory.mix(found, hidden.detach(), wanted)
        losses.append(-found.masked_fill(wanted < 0, 0.0))
    return torch.cat(losses, 1)


def _log_probabilities(network: LanguageNetwork, hidden: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Of each target, ``(B * T,)`` in parts that fit into memory."""
    rows = max(1, NUMBERS // network.embedding.num_embeddings)
    wanted = targets.clamp(min=0).flatten()
    for part, aim in zip(hidden.flatten(0, 1).split(rows), wanted.split(rows), strict=True):
        found: Any = network.softmax.log_probabilities(part)
        yield found.gather(1, aim.unsqueeze(1)).squeeze(1)
