"""The last layer of somebody else's network as features of each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grunit.errors import DataError, InputError


class SentenceError(DataError):
    """A sentence that features cannot be made of.

    Args:
        index: of the sentence, counted from 0 among those that were given.
        reason: what is wrong with it, and how to mend it.
        name: what it is called (default: sentence and its number, counted from 1).

    >>> str(SentenceError(2, "is empty: leave it out"))
    'sentence 3 is empty: leave it out'
    """

    def __init__(self, index: int, reason: str, name: str | None = None):
        super().__init__(f"{name or f'sentence {index + 1}'} {reason}")
        self.index, self.reason = index, reason


def hidden_states(
    model: Any, tokenizer: Any, *, layer: int = -1, batch_size: int = 16, max_length: int | None = None
) -> Callable[[list[str]], list[np.ndarray]]:
    """A function that gives the hidden states of texts, for ``TextClassifier(features=...)``.

    Args:
        model: an encoder of the package ``transformers`` that you have loaded; it is not trained, and nothing is
            downloaded here.
        tokenizer: its tokenizer.
        layer: which of its hidden states: -1 (default) the last, 0 the embedding.
        batch_size: texts computed at once.
        max_length: pieces of a text at most (default: what the tokenizer says).

    Returns:
        a function from a list of texts to a list of arrays ``(T_i, E)``, float32, without padding.

    Raises:
        InputError: the two are not such, or there is no such layer.
    """
    _check(model, tokenizer, "hidden_states")

    def compute(texts: list[str]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for start in range(0, len(texts), batch_size):
            part = texts[start : start + batch_size]
            batch = tokenizer(part, padding=True, truncation=True, max_length=max_length, return_tensors="pt")
            there = batch["attention_mask"].bool().numpy()
            found += [row[mask] for row, mask in zip(_run(model, batch, layer), there, strict=True)]
        return found

    return compute


def token_states(
    model: Any, tokenizer: Any, *, layer: int = -1, batch_size: int = 16, max_length: int | None = None
) -> Callable[[list[list[str]]], list[np.ndarray]]:
    """A function that gives the hidden states of the tokens of sentences, for ``SequenceTagger(features=...)``.

    A token's is that of its first piece (Devlin et al. 2019, section 5.3); one without a piece has zeros.

    Args:
        model: as in :func:`hidden_states`.
        tokenizer: its tokenizer, of the fast kind, which tells the token of each piece (``word_ids``).
        layer, batch_size: as in :func:`hidden_states`.
        max_length: pieces that the encoder reads at most (default: what the tokenizer says).

    Returns:
        a function from a list of sentences, each a list of tokens, to a list of arrays ``(tokens, E)``, float32.

    Raises:
        InputError: the two are not such, or there is no such layer.
        SentenceError: a sentence has more pieces than the encoder reads; the message counts sentences from 1.
    """
    _check(model, tokenizer, "token_states")
    if not getattr(tokenizer, "is_fast", True):
        raise InputError("token_states needs a fast tokenizer, which tells the token of each piece: load it as one")

    def compute(sentences: list[list[str]]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        most = max_length or getattr(tokenizer, "model_max_length", None)
        for start in range(0, len(sentences), batch_size):
            part = [list(tokens) for tokens in sentences[start : start + batch_size]]
            batch = tokenizer(part, is_split_into_words=True, padding=True, return_tensors="pt")
            pieces = batch["attention_mask"].sum(1).tolist()
            for index, count in enumerate(pieces, start):
                if most is not None and count > most:
                    reason = f"has {count} pieces and the encoder reads {most}: part it into shorter ones"
                    raise SentenceError(index, reason)
            for index, states in enumerate(_run(model, batch, layer)):
                rows = np.zeros((len(part[index]), states.shape[1]), dtype=np.float32)
                words = batch.word_ids(index)
                for place in reversed(range(len(words))):  # the first piece of a token comes last, and stays
                    if words[place] is not None:
                        rows[words[place]] = states[place]
                found.append(rows)
        return found

    return compute


def _check(model: Any, tokenizer: Any, name: str) -> None:
    if not (callable(model) and callable(tokenizer) and hasattr(model, "eval")):
        raise InputError(f"{name} takes an encoder of transformers and its tokenizer, both loaded: give these")


def _run(model: Any, batch: Mapping[str, Any], layer: int) -> np.ndarray:
    """One layer's states of a batch, ``(B, T, E)`` in float32; the model stays as it is."""
    import torch

    trained, device = model.training, next(model.parameters()).device
    model.eval()
    try:
        with torch.no_grad():
            given = {name: value.to(device) for name, value in batch.items()}
            layers = model(**given, output_hidden_states=True).hidden_states
    finally:
        model.train(trained)
    if not -len(layers) <= layer < len(layers):
        raise InputError(f"layer is {layer}: the encoder has the layers 0 to {len(layers) - 1}")
    return layers[layer].float().cpu().numpy()
