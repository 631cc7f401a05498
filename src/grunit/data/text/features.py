"""The last layer of somebody else's network as features of each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grunit.errors import InputError


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
    import torch

    if not (callable(model) and callable(tokenizer) and hasattr(model, "eval")):
        raise InputError("hidden_states takes an encoder of transformers and its tokenizer, both loaded: give these")

    def compute(texts: list[str]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        device = next(model.parameters()).device
        trained = model.training
        model.eval()
        try:
            for start in range(0, len(texts), batch_size):
                batch = tokenizer(
                    texts[start : start + batch_size],
                    padding=True,
                    truncation=True,
                    max_length=max_length,
                    return_tensors="pt",
                )
                batch = {name: value.to(device) for name, value in batch.items()}
                with torch.no_grad():
                    layers = model(**batch, output_hidden_states=True).hidden_states
                if not -len(layers) <= layer < len(layers):
                    raise InputError(f"layer is {layer}: the encoder has the layers 0 to {len(layers) - 1}")
                there = batch["attention_mask"].bool()
                found += [row[mask].float().cpu().numpy() for row, mask in zip(layers[layer], there, strict=True)]
        finally:
            model.train(trained)
        return found

    return compute
