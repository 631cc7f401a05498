"""Settings that are known before the first trial: those given, every one of a grid, random ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from grunit.tuning.space import Space, key_of
from grunit.tuning.trials import ASKED, INTERRUPTED, outcome_of


def list_candidates(space: Space, estimator: Any, method: str, trials: int | None, seed: int) -> list[dict[str, Any]]:
    """The settings to try first, in their order.

    The estimator's own come first where the space holds them, so that there is something to be better than. Random
    ones follow from the seed and their place alone: more trials later go on with the same list.

    Args:
        method: ``"grid"`` for every combination, in an order that the seed decides; ``"random"``; ``"bayesian"`` for
            the first alone.
        trials: how many at most; None for the whole grid.

    Raises:
        InputError: a grid over a range without steps, or too large.
    """
    own = space.labels_of(estimator)
    listed = [own] if space.holds(own) else []
    if method == "grid":
        everything = list(space.grid())
        order = np.random.default_rng(seed).permutation(len(everything))
        listed += [everything[int(place)] for place in order]
    elif method == "random":
        wanted = trials or 0
        for place in range(20 * wanted):  # a small space may not hold so many
            listed.append(space.draw(np.random.default_rng([abs(seed), place])))
            if len({key_of(labels) for labels in listed}) >= wanted:
                break
    unique = {key_of(labels): labels for labels in reversed(listed)}
    ordered = [unique[key] for key in dict.fromkeys(key_of(labels) for labels in listed)]
    return ordered if trials is None else ordered[:trials]


def enqueue(study: Any, listed: list[dict[str, Any]]) -> None:
    """Put settings into the study that are not in it yet."""
    trials = study.get_trials(deepcopy=False)
    known = {trial.user_attrs.get(ASKED) for trial in trials if outcome_of(trial) != INTERRUPTED}
    for labels in listed:
        if key_of(labels) not in known:
            study.enqueue_trial(labels, user_attrs={ASKED: key_of(labels)})
