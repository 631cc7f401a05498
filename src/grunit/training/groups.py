"""Which parameters learn, and how fast each does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from grunit.errors import InputError
from grunit.nn import Recurrent


def depths(model: nn.Module) -> dict[str, int]:
    """The layer of each parameter, counted from the input: cores layer by layer, other parts as the model holds them.

    >>> from collections import Counter
    >>> found = depths(nn.Sequential(Recurrent("gru", 2, 3, num_layers=2, bidirectional=True), nn.Linear(6, 1)))
    >>> sorted(Counter(found.values()).items())
    [(0, 8), (1, 8), (2, 2)]
    """
    cores = {name: part for name, part in model.named_modules() if isinstance(part, Recurrent)}
    places: dict[tuple[str, int], int] = {}
    found = {}
    for name, _ in model.named_parameters():
        core = next((prefix for prefix in cores if name.startswith(prefix + "." if prefix else "")), None)
        number = re.search(r"\.(\d+)\.", "." + (name if core is None else name[len(core) :]))
        index = int(number.group(1)) if number else 0
        if core is None:
            key = (name[: number.end() - 2] if number else name.rpartition(".")[0], 0)
        else:
            own = re.search(r"(^|\.)(cells|state_norms|starts)\.\d+\.", name)
            key = (core, index // (2 if own and cores[core].bidirectional else 1))
        found[name] = places.setdefault(key, len(places))
    return found


def parameter_groups(model: nn.Module, lr_factors: dict[str, float], layer_decay: float = 1.0) -> list[dict[str, Any]]:
    """The trained parameters by how fast they learn, as optimisers of torch take them.

    Args:
        model: whose parameters.
        lr_factors: factor of the learning rate by pattern of the parameters' names (``"core.*"``); where several
            match, the last one counts.
        layer_decay: the last layer learns at the full rate, each one below at this share of the one above it
            (Howard & Ruder, *Universal language model fine-tuning for text classification*, 2018, use 1 / 2.6).

    Raises:
        InputError: a pattern that no parameter matches.

    >>> [(len(group["params"]), group["factor"]) for group in parameter_groups(nn.Linear(2, 1), {"bias": 0.1})]
    [(1, 1.0), (1, 0.1)]
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in lr_factors:
        matching(names, pattern, "lr_factors")
    layer = depths(model) if layer_decay != 1 else {}
    last = max(layer.values(), default=0)
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = layer_decay ** (last - layer.get(name, last))
        own = [value for pattern, value in lr_factors.items() if fnmatchcase(name, pattern)]
        groups.setdefault(float(factor * (own[-1] if own else 1.0)), []).append(parameter)
    return [{"params": parameters, "factor": factor} for factor, parameters in groups.items()]


def freeze(model: nn.Module, patterns: Iterable[str]) -> list[nn.Parameter]:
    """Parameters that match a pattern no longer learn; those that did before are answered.

    Raises:
        InputError: a pattern that no parameter matches.

    >>> layer = nn.Linear(2, 1)
    >>> frozen = freeze(layer, ["weight"])
    >>> [name for name, parameter in layer.named_parameters() if parameter.requires_grad]
    ['bias']
    """
    named = dict(model.named_parameters())
    chosen = [name for pattern in patterns for name in matching(list(named), pattern, "freeze")]
    frozen = [named[name] for name in dict.fromkeys(chosen) if named[name].requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(False)
    return frozen


def matching(names: list[str], pattern: str, argument: str) -> list[str]:
    """The names that match, of which there must be some."""
    found = [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}?" if near else f"the model has {', '.join(names[:8])}"
        raise InputError(f"{argument} names {pattern!r}, which no parameter matches: {hint}")
    return found
