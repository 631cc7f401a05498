"""Has the stream changed? A running test on the loss, and what it found in words."""

from __future__ import annotations

from typing import Any

from grunit.errors import InputError


class PageHinkley:
    """Page-Hinkley's test for a rise of the mean.

    The sum of how far values lie above their running mean (less a tolerance) is held against its lowest point:
    ``m_T - min m_t > threshold`` means that the mean has gone up.

    Args:
        threshold: lambda, in spreads of the values seen.
        tolerance: delta, a rise that does not count, in spreads of the values seen.
        warm_up: values before anything is said.

    Values are taken in units of their own running spread, so the same numbers serve every stream.

    Source: Page, *Continuous inspection schemes*, Biometrika 41 (1954); Gama et al., *A survey on concept drift
    adaptation*, ACM Computing Surveys 46 (2014), section 3.2.

    >>> test = PageHinkley()
    >>> calm = [test.update(0.1 * (t % 3)) for t in range(200)]
    >>> changed = [test.update(2 + 0.1 * (t % 3)) for t in range(50)]
    >>> any(calm), any(changed)
    (False, True)
    """

    def __init__(self, threshold: float = 25.0, tolerance: float = 0.25, warm_up: int = 30):
        if not threshold > 0 or not tolerance >= 0 or warm_up < 2:
            raise InputError(
                f"threshold {threshold!r} must be above 0, tolerance {tolerance!r} not below, and warm_up {warm_up!r} "
                "at least 2"
            )
        self.threshold, self.tolerance, self.warm_up = threshold, tolerance, warm_up
        self.restart()

    def restart(self) -> None:
        """Forget what was seen: a new normal begins."""
        self.count, self.mean, self.variance, self.total, self.lowest = 0, 0.0, 0.0, 0.0, 0.0

    def update(self, value: float) -> bool:
        """Take a value; True when the mean has gone up, after which the test begins anew."""
        self.count += 1
        away = value - self.mean
        if self.count > self.warm_up:
            spread = self.variance**0.5
            # One value alone must not decide.
            excess = min(away / spread, 5.0) if spread > 0 else (5.0 if away > 0 else 0.0)
            self.total += excess - self.tolerance
            self.lowest = min(self.lowest, self.total)
        self.mean += away / self.count
        self.variance += (away * (value - self.mean) - self.variance) / self.count
        if self.total - self.lowest > self.threshold:
            self.restart()
            return True
        return False

    def to_json(self) -> dict[str, Any]:
        """Everything, for a snapshot."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PageHinkley:
        """The same from :meth:`to_json`."""
        made = cls(data["threshold"], data["tolerance"], data["warm_up"])
        vars(made).update(data)
        return made


class DriftMonitor:
    """Watches the loss of a stream and says when it has changed.

    Attributes:
        count: changes found so far.
        message: the last one in words; ``""`` for none.

    >>> monitor = DriftMonitor()
    >>> for t in range(300):
    ...     said = monitor.update((1.0 if t < 200 else 4.0) + 0.4 * ((t + 1) % 2))
    ...     if said:
    ...         print(said)
    the stream has changed: since answer 200 the error is 4.2 where it was 1.2 before
    """

    def __init__(self, test: PageHinkley | None = None):
        self.test = PageHinkley() if test is None else test
        self.count, self.answers, self.message = 0, 0, ""
        self._before, self._since, self._begun, self._seen = 0.0, 0.0, 0, 0

    def update(self, loss: float) -> str:
        """Take the error of an answer; returns a sentence when the stream has changed, else ``""``."""
        test = self.test
        before = test.mean
        if test.total <= test.lowest:  # where a change would have begun
            self._begun, self._before, self._since, self._seen = self.answers, before, 0.0, 0
        self._since += loss
        self._seen += 1
        self.answers += 1
        if not test.update(loss):
            return ""
        self.count += 1
        self.message = (
            f"the stream has changed: since answer {self._begun} the error is {self._since / self._seen:.2g} where it "
            f"was {self._before:.2g} before"
        )
        return self.message

    def to_json(self) -> dict[str, Any]:
        """Everything, for a snapshot."""
        return {**{name: value for name, value in vars(self).items() if name != "test"}, "test": self.test.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> DriftMonitor:
        """The same from :meth:`to_json`."""
        made = cls(PageHinkley.from_json(data["test"]))
        vars(made).update({name: value for name, value in data.items() if name != "test"})
        return made
