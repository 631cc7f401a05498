"""What proposes settings, kept from proposing the same ones twice: all is seeded, so they would come to the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grunit.tuning.choices import Span
from grunit.tuning.space import LARGEST, Space, key_of

DRAWS = 100
"""How often another setting is drawn where there are too many to list."""


class Untried:
    """A sampler of Optuna, whose proposal gives way to a setting at random where it stands in the study already.

    Args:
        sampler: what proposes.
        space: of all that may be proposed.
        distributions: of its arguments, as Optuna calls them.
        tried: keys of the settings in a study besides a trial's own.
        seed: of what is drawn instead, together with the number of the trial.
    """

    def __init__(
        self,
        sampler: Any,
        space: Space,
        distributions: dict[str, Any],
        tried: Callable[[Any, Any], set[str]],
        seed: int,
    ):
        self.sampler, self.space, self.tried, self.seed = sampler, space, tried, seed
        # What has one value is never proposed.
        self.free = {name: one for name, one in distributions.items() if not one.single()}
        self.single = {
            name: domain.draw(np.random.default_rng(0))
            for name, domain in space.domains.items()
            if name not in self.free
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sampler, name)

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        """All arguments: they are proposed together, so that they can be held against the trials there are."""
        return self.free

    def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
        """What the sampler proposes, or another setting in its place."""
        together = self.sampler.infer_relative_search_space(study, trial)
        proposed = self.sampler.sample_relative(study, trial, together)
        for name, distribution in self.free.items():
            if name not in proposed:
                proposed[name] = self.sampler.sample_independent(study, trial, name, distribution)
        proposed = {name: self._settle(name, proposed[name]) for name in self.free}
        tried = self.tried(study, trial)
        if key_of({**proposed, **self.single}) in tried:
            other = self._draw(tried, np.random.default_rng([abs(self.seed), trial.number]))
            proposed = proposed if other is None else {name: other[name] for name in self.free}
        return proposed

    def _settle(self, name: str, value: Any) -> Any:
        """A number exactly as the space writes it: sums of steps are not always the same float."""
        domain, distribution = self.space.domains[name], self.free[name]
        value = distribution.to_external_repr(distribution.to_internal_repr(value))
        if isinstance(domain, Span) and domain.step is not None:
            place = round((value - domain.low) / domain.step)
            return domain.number(domain.low + place * domain.step)
        return value

    def _draw(self, tried: set[str], generator: np.random.Generator) -> dict[str, Any] | None:
        """A setting at random that was not tried; None where there is none."""
        if self.space.count() <= LARGEST:
            left = [labels for labels in self.space.grid() if key_of(labels) not in tried]
            return left[int(generator.integers(len(left)))] if left else None
        drawn = (self.space.draw(generator) for _ in range(DRAWS))
        return next((labels for labels in drawn if key_of(labels) not in tried), None)
