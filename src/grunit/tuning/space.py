"""Which arguments of an estimator are searched, and over what."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from grunit.cells import get
from grunit.errors import InputError, suggest
from grunit.training import Settings
from grunit.training.optimizers import make_optimizer
from grunit.training.schedules import Schedule
from grunit.tuning.choices import Domain, Label, Span, label, read_domain

FIXED = {
    "h": "it is the question that all trials answer",
    "level": "it is the question that all trials answer",
    "id_col": "it names a column",
    "time_col": "it names a column",
    "target_col": "it names a column",
    "verbose": "it changes no score",
    "device": "it changes no score",
}
"""Arguments that cannot be searched, and why."""
OPTIONS = "_options"
"""How the names of arguments end that hold further arguments."""
COUNTS = ("hidden_size", "num_layers", "batch_size", "input_size")
"""Arguments that count something."""
LARGEST = 10_000
"""Settings a grid may have."""


@dataclass(frozen=True)
class Space:
    """The domains by name, and what their labels come to.

    Args:
        domains: by the argument's name, or ``"cell_options.zoneout"`` for one within a mapping.

    >>> space = Space({"hidden_size": read_domain("hidden_size", [16, 32], 64)})
    >>> list(space.grid()), space.holds({"hidden_size": 48})
    ([{'hidden_size': 16}, {'hidden_size': 32}], False)
    """

    domains: dict[str, Domain]

    def ask(self, trial: Any) -> dict[str, Label]:
        """The labels that a trial of Optuna is to try."""
        return {name: domain.ask(trial, name) for name, domain in self.domains.items()}

    def draw(self, generator: np.random.Generator) -> dict[str, Label]:
        """Labels at random."""
        return {name: domain.draw(generator) for name, domain in self.domains.items()}

    def count(self) -> float:
        """How many combinations there are; infinity where there is no end of them."""
        return math.prod(domain.count() for domain in self.domains.values())

    def grid(self) -> Iterator[dict[str, Label]]:
        """Every combination.

        Raises:
            InputError: a range has no end of values, or there are too many combinations.
        """
        axes: dict[str, list[Label]] = {}
        for name, domain in self.domains.items():
            values = domain.every()
            if values is None:
                raise InputError(
                    f"a grid needs values to choose from, and {name} is a range: give a list such as "
                    f"{name}=[{domain.ends()[0]:g}, {domain.ends()[1]:g}], or method='random'"
                )
            axes[name] = values
        size = int(np.prod([float(len(values)) for values in axes.values()]))
        if size > LARGEST:
            raise InputError(f"the grid has {size:,} combinations: give fewer values, or method='bayesian'")
        for place in range(size):
            chosen = np.unravel_index(place, [len(values) for values in axes.values()])
            yield {name: values[int(at)] for (name, values), at in zip(axes.items(), chosen, strict=True)}

    def values(self, labels: Mapping[str, Label]) -> dict[str, Any]:
        """What labels stand for."""
        return {name: self.domains[name].value(chosen) for name, chosen in labels.items()}

    def settle(self, estimator: Any, labels: Mapping[str, Label]) -> Any:
        """A fresh estimator with these labels' values."""
        return settle(estimator, self.values(labels))

    def labels_of(self, estimator: Any) -> dict[str, Label]:
        """The estimator's own values of the arguments searched."""
        own = estimator.get_params(deep=False)
        found: dict[str, Label] = {}
        for name, domain in self.domains.items():
            first, _, within = name.partition(".")
            value = label((own[first] or {}).get(within) if within else own[first])
            is_one_of_a_range = isinstance(domain, Span) and not domain.whole and domain.holds(value)
            # An estimator's 1 is the 1.0 of a range.
            found[name] = float(value) if is_one_of_a_range and isinstance(value, int) else value
        return found

    def holds(self, labels: Mapping[str, Label]) -> bool:
        """Whether all labels are within the space."""
        return all(domain.holds(labels[name]) for name, domain in self.domains.items())

    def to_json(self) -> dict[str, Any]:
        """As words and numbers."""
        return {name: domain.to_json() for name, domain in self.domains.items()}


def key_of(labels: Mapping[str, Label]) -> str:
    """One text for one set of labels.

    >>> key_of({"lr": 0.1, "cell": "gru"})
    '{"cell": "gru", "lr": 0.1}'
    """
    return json.dumps(labels, sort_keys=True)


def settle(estimator: Any, values: Mapping[str, Any]) -> Any:
    """A fresh copy of an estimator with other values; names with a dot change one entry of a mapping.

    >>> from grunit.tasks import Forecaster
    >>> settle(Forecaster(3, cell_options={"zoneout": 0.1}), {"cell_options.state_dropout": 0.2}).cell_options
    {'zoneout': 0.1, 'state_dropout': 0.2}
    """
    fresh = clone(estimator)
    whole = {name: value for name, value in values.items() if "." not in name}
    fresh.set_params(**whole)
    for name, value in values.items():
        first, dot, within = name.partition(".")
        if dot:
            fresh.set_params(**{first: {**(getattr(fresh, first) or {}), within: value}})
    return fresh


def read_space(space: Any, estimator: Any) -> Space:
    """A space as a user writes it, held against the estimator.

    Args:
        space: a mapping from an argument to a list of values or a range: ``{"hidden_size": [16, 32], "lr": (1e-4,
            1e-1, "log"), "num_layers": (1, 3), "cell_options.zoneout": (0.0, 0.3)}``.
        estimator: whose arguments they are.

    Raises:
        InputError: an argument that there is none of (the nearest is suggested), that cannot be searched, or a value
            that it cannot have.
    """
    if not isinstance(space, Mapping) or not space:
        raise InputError(f"the space is {space!r}: give a mapping such as {{'hidden_size': [16, 32, 64]}}")
    known = estimator.get_params(deep=False)
    defaults = {name: known.default for name, known in inspect.signature(type(estimator)).parameters.items()}
    domains = {}
    for name, given in space.items():
        first = _require_argument(str(name), known)
        if first in FIXED:
            raise InputError(f"{first} cannot be searched: {FIXED[first]}; set it on the estimator")
        default = defaults.get(first) if "." not in str(name) else _rare_default(str(name))
        domains[str(name)] = read_domain(str(name), given, default)
    _require_one_place(domains)
    for name, domain in domains.items():
        _check_values(estimator, name, domain)
    return Space(domains)


def _require_argument(name: str, known: Mapping[str, Any]) -> str:
    """The argument that a name means."""
    first, dot, within = name.partition(".")
    rare = inspect.signature(Settings).parameters
    if first not in known:
        if first in rare and "training_options" in known:
            raise InputError(f"{name!r} is no argument of its own: search it as 'training_options.{name}'")
        named = [one for one in known if one not in FIXED]
        raise InputError(f"the space names {first!r}, which is no argument: {suggest(first, named)}")
    if dot and not first.endswith(OPTIONS):
        raise InputError(f"the space names {name!r}, but {first} holds no further arguments: leave .{within} out")
    if dot and not within:
        raise InputError(f"the space names {name!r}: say which of the {first} after the dot")
    if dot and first == "training_options" and within not in rare:
        raise InputError(f"the space names {name!r}, which is no argument: {suggest(within, rare)}")
    return first


def _rare_default(name: str) -> Any:
    first, _, within = name.partition(".")
    return inspect.signature(Settings).parameters[within].default if first == "training_options" else None


def _require_one_place(domains: Mapping[str, Domain]) -> None:
    for name in domains:
        first, dot, _ = name.partition(".")
        if dot and first in domains:
            raise InputError(f"the space names both {first!r} and {name!r}: search the one or the other")


def _check_values(estimator: Any, name: str, domain: Domain) -> None:
    """Refuse now what every trial with it would be refused for."""
    for value in domain.ends():
        try:
            _check_value(estimator, name, value)
        except TypeError as error:
            raise InputError(
                f"the space of {name} holds {value!r}, which it cannot be ({error}): give others"
            ) from error


def _check_value(estimator: Any, name: str, value: Any) -> None:
    if name in COUNTS and value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InputError(f"the space of {name} holds {value!r}: give whole numbers of at least 1")
    if name == "cell":
        for layer in value if isinstance(value, (list, tuple)) else [value]:
            get(layer)
    if name == "optimizer":
        make_optimizer(value, [torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    if name == "scheduler":
        Schedule(value, 1)
    settings = getattr(settle(estimator, {name: value}), "settings", None)
    if settings is not None and (name in inspect.signature(Settings).parameters or name.startswith("training_")):
        # The number of epochs may be left to the data.
        settings(**({} if name == "max_epochs" and value is not None else {"max_epochs": 1}))
