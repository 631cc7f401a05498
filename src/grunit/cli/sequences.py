"""The tasks ``classification`` and ``regression`` for the command line: files of sequences, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunit.cli.forecast import largest, spare_threads
from grunit.cli.held import begin, unit_of, words_for
from grunit.cli.output import took
from grunit.cli.settings import read_settings
from grunit.errors import DataError, InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from grunit.data.sequence_files import LabelledSequences
    from grunit.explain.report_story import Story
    from grunit.tasks.held_comparison import HeldComparison

RESERVED = ("cell", "seed", "verbose")
"""Settings that have an option of their own."""


@dataclass(frozen=True)
class SequenceTask:
    """What :mod:`grunit.cli.forecast` does for forecasts, for sequences that have one answer each.

    Args:
        name: of the task.
        kind: name of its estimator.
    """

    name: str
    kind: str
    HORIZON: None = None
    METRIC: None = None

    def create(
        self,
        cell: str,
        h: int | None,
        seed: int,
        settings: list[str] | None,
        target: str | None = None,
        identity: str | None = None,
        time: str | None = None,
        verbose: int = 1,
    ) -> Any:
        """An estimator from what was typed, everything checked that can be checked without data."""
        from grunit import cells, tasks

        if h is not None:
            raise InputError(f"{self.name} has no steps ahead: leave --h out")
        kind = getattr(tasks, self.kind)
        given = read_settings(settings, kind, RESERVED)
        cells.get(cell)
        estimator = kind(cell=cell, seed=seed, verbose=verbose, **given)
        estimator.columns_ = {"target": target, "identity": identity, "time": time}
        spare_threads(estimator.hidden_size)
        return estimator

    def read_data(
        self, data: str, target: str | None = None, identity: str | None = None, time: str | None = None
    ) -> LabelledSequences:
        """The sequences in a file."""
        from grunit.data import read_sequences

        return read_sequences(data, target=target, identity=identity, time=time)

    def read_again(self, estimator: Any, data: str, answers: bool = True) -> LabelledSequences:
        """A file with the columns that the model was fitted on; without ``answers`` their column may be missing."""
        from grunit.data import read_sequences

        spare_threads(largest(estimator))
        first = getattr(estimator, "members", [estimator])[0]
        return read_sequences(data, answers=answers, **(getattr(first, "columns_", None) or {}))

    def answers(self, given: LabelledSequences) -> np.ndarray:
        """What is to be learnt."""
        if self.name == "classification" and given.numeric:
            raise DataError(f"{given.source}: its answers are numbers: use grunit fit regression, or compare it")
        return given.labels() if self.name == "classification" else given.numbers()

    def fit(self, estimator: Any, given: LabelledSequences, resume: bool) -> None:
        """Learn."""
        columns = getattr(estimator, "columns_", None)
        estimator.fit(given.X, self.answers(given), resume=resume)
        estimator.columns_ = columns

    def describe_fit(self, estimator: Any, given: LabelledSequences) -> dict[str, Any]:
        """What a fit came to, as plain data."""
        history, lengths = estimator.history_, [len(one) for one in given.X]
        return {
            "task": self.name,
            "cell": estimator.cell,
            "sequences": len(given.X),
            "features": estimator.features_,
            "steps": [min(lengths), max(lengths)],
            **({"classes": estimator.classes_.tolist()} if self.name == "classification" else {}),
            "parameters": sum(parameter.numel() for parameter in estimator.model_.parameters()),
            "epochs": history.epochs,
            "best_epoch": history.best_epoch,
            "loss": history.train[-1],
            "validation_loss": min(history.validation, default=None),
            "seconds": sum(history.seconds),
        }

    def show_fit(self, report: dict[str, Any]) -> str:
        """The same as a sentence."""
        short, long = report["steps"]
        steps = f"{short}" if short == long else f"{short} to {long}"
        classes = f" of {len(report['classes'])} classes" if "classes" in report else ""
        return (
            f"{report['cell']} learned {report['sequences']} sequences{classes} "
            f"({steps} steps of {report['features']}) in {took(report)}"
        )

    def predict(self, estimator: Any, data: str | None, level: list[float] | None) -> pd.DataFrame:
        """The answer to each sequence of a file, and the probability of each class."""
        import pandas as pd

        if data is None:
            raise InputError(f"{self.name} needs sequences to answer for: grunit predict MODEL DATA")
        if level is not None:
            raise InputError(f"{self.name} has no intervals: leave --level out")
        given = self.read_again(estimator, data, answers=False)
        frame = pd.DataFrame({"line": given.lines, "prediction": estimator.predict(given.X)})
        if self.name == "classification":
            for label, column in zip(estimator.classes_, estimator.predict_proba(given.X).T, strict=True):
                frame[f"probability of {label}"] = column
        return frame

    def evaluate(self, estimator: Any, data: str, windows: int | None) -> pd.DataFrame:
        """Scores of the model and of the answer that does not look."""
        from grunit.tasks.sequence_scores import score_classes, score_numbers

        if windows is not None:
            raise InputError(f"{self.name} has no windows: leave --windows out")
        given = self.read_again(estimator, data)
        score = score_classes if self.name == "classification" else score_numbers
        return score(estimator, given.X, self.answers(given))

    def compare(self, *plan: Any, keep: Path | None = None) -> HeldComparison:
        """Cells beside a linear model of summaries, each fitted on the same sequences and judged on the same others."""
        from grunit.tasks.sequence_comparison import compare_sequences

        first, found, more = begin(self.create, self.read_data, RESERVED, *plan, keep=keep)
        return compare_sequences(type(first), found.X, self.answers(found), **more)

    def tell(self, found: HeldComparison, target: str, unit: str, facts: dict[str, Any]) -> Story:
        """The story of a comparison, for a report."""
        from grunit.explain.report_held import tell_held

        verb = "classifies" if self.name == "classification" else "foresees the numbers of"
        return tell_held(found, f"Which cell {verb} {target}?", facts)

    unit_of = staticmethod(unit_of)
    words_for = staticmethod(words_for)


CLASSIFICATION = SequenceTask("classification", "SequenceClassifier")
REGRESSION = SequenceTask("regression", "SequenceRegressor")
