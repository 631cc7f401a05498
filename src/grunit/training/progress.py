"""What a person sees while a model trains: a bar on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from grunit.training.history import History


class Progress:
    """Shows progress on standard error, so that standard output stays for results.

    Args:
        epochs: how many are planned.
        batches: batches an epoch.
        verbose: 0 nothing, 1 a bar on a terminal and lines elsewhere, 2 always lines.
    """

    def __init__(self, epochs: int, batches: int, verbose: int = 1):
        self.epochs, self.batches = epochs, batches
        self.lines = verbose > 0
        self.bar: Any = None
        if verbose == 1 and sys.stderr.isatty():
            self.lines, self.bar = False, _bar()
            self.task = self.bar.add_task("training", total=epochs * batches, report="")

    def __enter__(self) -> Progress:
        if self.bar:
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar:
            self.bar.stop()

    def batch(self, epoch: int, batch: int) -> None:
        """So many batches of epoch ``epoch`` (from 0) are done."""
        if self.bar:
            self.bar.update(self.task, completed=epoch * self.batches + batch)

    def epoch(self, history: History) -> None:
        """One more epoch is done."""
        report = f"loss {history.train[-1]:.4g}"
        if history.validation:
            report += f"  validation {history.validation[-1]:.4g}"
        if self.bar:
            self.bar.update(self.task, report=report, description=f"epoch {history.epochs}/{self.epochs}")
        if self.lines:
            seconds = history.seconds[-1]
            print(f"epoch {history.epochs}/{self.epochs}  {report}  {seconds:.1f} s", file=sys.stderr, flush=True)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[report]}"))
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
