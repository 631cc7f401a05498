"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from grunit.errors import InputError, suggest

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}

FUSED = frozenset({torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD})
"""Those that torch can run as one call for all parameters, on CPUs and CUDA."""


def make_optimizer(
    optimizer: str | type[torch.optim.Optimizer], parameters: Iterable[nn.Parameter | dict[str, Any]], **options: Any
) -> torch.optim.Optimizer:
    """Build an optimiser from a name or a class of ``torch.optim``.

    Args:
        optimizer: a name in :data:`OPTIMIZERS`, a class name of ``torch.optim`` (``"NAdam"``), or any subclass of
            ``torch.optim.Optimizer``.
        parameters: what it shall change, those that need no gradient left out; or groups of parameters, as torch
            takes them.
        options: ``lr``, ``weight_decay`` and whatever else the class takes.

    Raises:
        InputError: the name is unknown, or the class does not take an option.

    >>> weight = nn.Parameter(torch.zeros(2))
    >>> type(make_optimizer("sgd", [weight], lr=0.1)).__name__
    'SGD'
    """
    if isinstance(optimizer, str):
        found = OPTIMIZERS.get(optimizer) or getattr(torch.optim, optimizer, None)
        if not (isinstance(found, type) and issubclass(found, torch.optim.Optimizer)):
            raise InputError(f"unknown optimizer {optimizer!r}: {suggest(optimizer.lower(), OPTIMIZERS)}")
        kind = found
    elif isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer):
        kind = optimizer
    else:
        raise InputError(f"optimizer is {optimizer!r}: give a name ({', '.join(OPTIMIZERS)}) or a torch.optim class")
    try:
        chosen: list[Any] = [one for one in parameters if isinstance(one, dict) or one.requires_grad]
        return kind(chosen, **{**_fused(kind, chosen, options), **options})
    except (TypeError, ValueError) as error:
        raise InputError(f"the optimizer {kind.__name__} refused its options ({error}): change lr or them") from error


def _fused(kind: type[torch.optim.Optimizer], parameters: Sequence[Any], options: dict[str, Any]) -> dict[str, bool]:
    """The option that moves all parameters in one call, where torch has it and nobody chose another way.

    With small models the calls, ten a parameter, take longer than what they compute.
    """
    if kind not in FUSED or {"foreach", "fused", "differentiable"} & options.keys():
        return {}
    moved = [p for one in parameters for p in (one["params"] if isinstance(one, dict) else [one])]
    return {"fused": True} if all(p.device.type in {"cpu", "cuda"} and p.is_floating_point() for p in moved) else {}
