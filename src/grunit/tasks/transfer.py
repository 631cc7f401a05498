"""Beginning from the weights of another model."""

from __future__ import annotations

import os
from typing import Any

from torch import nn

from grunit.errors import InputError


def open_source(source: Any) -> Any:
    """The fitted estimator that was given, or the one kept in a folder.

    Raises:
        BundleError: the folder is no model.
        NotFittedError: it is not fitted.
        InputError: it is no model of sequences.
    """
    from grunit.tasks.loading import load
    from grunit.tasks.sequence_estimator import SequenceEstimator

    found = load(source) if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(found, SequenceEstimator):
        raise InputError(f"transfer is a {type(found).__name__}: give a fitted model of sequences, or its folder")
    found.check_fitted()
    return found


def copy_weights(target: nn.Module, source: nn.Module, leave: str = "head") -> list[str]:
    """Copy every tensor of the same name and shape, but none of the part ``leave``.

    Returns:
        the names of what was copied.

    Raises:
        InputError: the cores differ, so that nothing useful would be left.

    >>> first, second = nn.Linear(2, 1), nn.Linear(2, 1)
    >>> copy_weights(first, second), bool((first.weight == second.weight).all())
    (['weight', 'bias'], True)
    """
    given, own = source.state_dict(), target.state_dict()
    wanted = [name for name in own if not name.startswith(f"{leave}.")]
    fitting = [name for name in wanted if name in given and given[name].shape == own[name].shape]
    unfit = [name for name in wanted if name.startswith("core.") and name not in fitting]
    if unfit or not fitting:
        raise InputError(
            f"the model to begin from has another core ({unfit[0] if unfit else 'nothing'} does not fit): "
            "use the same cell, hidden_size, num_layers and bidirectional"
        )
    target.load_state_dict({**own, **{name: given[name] for name in fitting}})
    return fitting
