"""What must be the same before an interruption and after it."""

from __future__ import annotations

import json
from typing import Any

from grunit.errors import InputError
from grunit.training.batches import Batches
from grunit.training.settings import Settings

FREE = {"device", "verbose", "checkpoint_every", "monitor", "log_dir"}
"""Settings that change nothing of what is computed, or, with the device, no more than its rounding."""


def identity(settings: Settings, train: Batches, validation: Batches | None, shapes: Any) -> dict[str, Any]:
    """Settings, data and shapes as numbers and text, to be compared by :func:`require_same`.

    Args:
        settings: all of them count but those of :data:`FREE`.
        train, validation: by their checksum, rows and size of batches.
        shapes: of the model's weights.

    >>> import torch
    >>> found = identity(Settings(lr=0.5), Batches((torch.zeros(3),), 2), None, [])
    >>> found["lr"], found["number of batches"], found["validation data"]
    (0.5, 2, None)
    """
    named = {name: _plain(value) for name, value in vars(settings).items() if name not in FREE}
    return {
        **named,
        "batch_size": train.batch_size,
        "training data": train.checksum,
        "validation data": None if validation is None else [validation.checksum, validation.rows],
        "batch_size of validation": None if validation is None else validation.batch_size,
        "number of batches": len(train),
        "order of batches": [train.shuffle, train.seed],
        "set of weights": shapes,
    }


def require_same(then: dict[str, Any], now: dict[str, Any], settings: Settings) -> None:
    """Refuse a checkpoint of another training.

    Raises:
        InputError: the first difference, by name.
    """
    # More epochs may be wanted after an interruption; only a rate that follows their number forbids it.
    free = settings.scheduler in ("none", "plateau") and not settings.warmup
    for name in {**then, **now}:
        if then.get(name) != now.get(name) and not (name == "max_epochs" and free):
            raise InputError(
                f"the checkpoint was made with another {name} ({then.get(name)}, now {now.get(name)}): "
                f"give the same data and settings, or start without resume"
            )


def _plain(value: Any) -> Any:
    """As JSON has it; functions and classes by their name, which does not change from one process to the next."""
    text = json.dumps(
        value, sort_keys=True, default=lambda item: getattr(item, "__qualname__", type(item).__qualname__)
    )
    return json.loads(text)
