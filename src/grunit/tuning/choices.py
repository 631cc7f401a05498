"""What one argument may be: one of some values, or any number of a range."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grunit.errors import InputError
from grunit.training.settings import plain

Label = None | bool | int | float | str
"""What a storage can hold of a value: numbers and words as they are, anything else by its name."""


def label(value: Any) -> Label:
    """A value as a storage holds it, the same in every process.

    >>> label(0.5), label("gru"), label(["last", "max"]), label({"stride": 2}), label(dict)
    (0.5, 'gru', '["last", "max"]', '{"stride": 2}', 'dict')
    """
    value = plain(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, dict, set)):
        return json.dumps(value, sort_keys=True, default=label)
    return getattr(value, "__qualname__", None) or type(value).__qualname__


@dataclass(frozen=True)
class Choices:
    """One of some values.

    Args:
        values: of any kind; cells as classes too.

    >>> Choices((16, 32)).labels
    [16, 32]
    """

    values: tuple[Any, ...]

    @property
    def labels(self) -> list[Label]:
        """What each value is called."""
        return [label(value) for value in self.values]

    def every(self) -> list[Label]:
        """All of them, for a grid."""
        return self.labels

    def count(self) -> float:
        """How many there are."""
        return len(self.values)

    def draw(self, generator: np.random.Generator) -> Label:
        """One at random, all alike."""
        return self.labels[int(generator.integers(len(self.values)))]

    def ask(self, trial: Any, name: str) -> Label:
        """The one that a trial of Optuna is to try."""
        return trial.suggest_categorical(name, self.labels)

    def value(self, chosen: Label) -> Any:
        """The value of a label."""
        return next(value for value in self.values if _same(label(value), chosen))

    def holds(self, value: Any) -> bool:
        """Whether a value is among them."""
        return any(_same(label(value), known) for known in self.labels)

    def ends(self) -> list[Any]:
        """Values to be checked before any work."""
        return list(self.values)

    def to_json(self) -> Any:
        """As words and numbers."""
        return {"one of": self.labels}


@dataclass(frozen=True)
class Span:
    """Any number of a range, its ends included.

    Args:
        low, high: the ends.
        whole: whole numbers only.
        log: drawn such that every factor is as likely, not every difference.
        step: between the numbers that may be drawn; None for any.

    >>> Span(1, 3, whole=True).every()
    [1, 2, 3]
    """

    low: float
    high: float
    whole: bool = False
    log: bool = False
    step: float | None = None

    def every(self) -> list[Label] | None:
        """All of them, for a grid; None where there is no end of them."""
        if not self.whole and self.step is None:
            return None
        step = self.step or 1
        return [self.number(self.low + place * step) for place in range(self._steps(step) + 1)]

    def count(self) -> float:
        """How many there are; infinity where there is no end of them."""
        return self._steps(self.step or 1) + 1 if self.whole or self.step is not None else math.inf

    def draw(self, generator: np.random.Generator) -> Label:
        """One at random."""
        if not self.log and (values := self.every()) is not None:
            return values[int(generator.integers(len(values)))]
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        drawn = generator.uniform(low, high)
        return self.number(min(max(math.exp(drawn) if self.log else drawn, self.low), self.high))

    def ask(self, trial: Any, name: str) -> Label:
        """The one that a trial of Optuna is to try."""
        # Optuna wants an end that the steps reach.
        high = self.high if self.step is None else self.low + self._steps(self.step) * self.step
        if self.whole:
            return trial.suggest_int(name, self.low, int(high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(name, self.low, high, step=self.step, log=self.log)

    def value(self, chosen: Any) -> Any:
        """The number itself."""
        return chosen

    def holds(self, value: Any) -> bool:
        """Whether a number is within the range."""
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            return False
        if self.step is not None:
            return value in (self.every() or [])
        return bool(self.low <= value <= self.high)

    def ends(self) -> list[Any]:
        """Values to be checked before any work."""
        return [self.low, self.high]

    def to_json(self) -> Any:
        """As words and numbers."""
        return {"from": self.low, "to": self.high, "log": self.log, "step": self.step, "whole": self.whole}

    def number(self, value: float) -> int | float:
        """A number of the range's kind."""
        return round(value) if self.whole else float(value)

    def _steps(self, step: float) -> int:
        return math.floor((self.high - self.low) / step + 1e-9)


Domain = Choices | Span


def read_domain(name: str, given: Any, default: Any) -> Domain:
    """What was written for one argument.

    Args:
        name: of the argument, for messages.
        given: a list of values; or ``(low, high)``, ``(low, high, "log")``, ``(low, high, step)``.
        default: of the argument: where it is a fraction, whole ends make a range of fractions too.

    Raises:
        InputError: nothing in it, the same twice, or ends that make no range.

    >>> read_domain("lr", (1e-4, 1e-1, "log"), 1e-3)
    Span(low=0.0001, high=0.1, whole=False, log=True, step=None)
    >>> read_domain("dropout", (0, 1), 0.0).whole
    False
    """
    if isinstance(given, Domain):
        return given
    if isinstance(given, tuple):
        return read_span(name, plain(given), default)
    if isinstance(given, (str, dict)) or not isinstance(given, (Sequence, np.ndarray, set, frozenset)):
        raise InputError(
            f"the space of {name} is {given!r}: give a list of values such as [16, 32], or a range such as "
            '(0.001, 0.1, "log")'
        )
    values = sorted(given) if isinstance(given, (set, frozenset)) else list(given)
    values = plain(values)
    if not values:
        raise InputError(f"the space of {name} is empty: give at least one value")
    labels = [json.dumps(label(value)) for value in values]
    twice = next((text for text in labels if labels.count(text) > 1), None)
    if twice is not None:
        raise InputError(f"the space of {name} holds {twice} twice: give each value once")
    return Choices(tuple(values))


def read_span(name: str, given: tuple[Any, ...], default: Any) -> Span:
    """A range from its ends."""
    numbers = [value for value in given[:2] if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(given) not in (2, 3) or len(numbers) < 2 or not all(map(math.isfinite, numbers)):
        raise InputError(
            f'the space of {name} is {given!r}: a range is (low, high), (low, high, "log") or (low, high, step); '
            "values to choose from stand in a list"
        )
    low, high = numbers
    third = given[2] if len(given) == 3 else None
    log = third == "log"
    step = None if log else third
    if step is not None and (isinstance(step, bool) or not isinstance(step, (int, float)) or not step > 0):
        raise InputError(f'the space of {name} is {given!r}: after the ends stand "log" or a step above 0')
    if not low < high:
        raise InputError(f"the space of {name} is {given!r}, an empty range: give the lower end first")
    if log and low <= 0:
        raise InputError(f'the space of {name} is {given!r}: a range with "log" begins above 0')
    whole = all(isinstance(value, int) for value in (low, high, *([] if step is None else [step])))
    is_whole = isinstance(default, int) and not isinstance(default, bool)
    if is_whole and not whole:
        raise InputError(f"the space of {name} is {given!r}, but it takes whole numbers: give whole ends")
    if isinstance(default, float) and whole:
        return Span(float(low), float(high), False, log, None if step is None else float(step))
    return Span(low, high, whole, log, step) if whole else Span(float(low), float(high), False, log, step)


def _same(one: Label, other: Label) -> bool:
    """Equal, and of one type: True is not 1, nor 1.0."""
    return type(one) is type(other) and one == other
