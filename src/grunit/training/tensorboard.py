"""A training in TensorBoard: everything its history holds, epoch by epoch."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

from grunit.errors import require
from grunit.training.history import History


class TensorBoard:
    """Writes a history where TensorBoard looks; give it to ``fit`` as ``watch``, or its folder as ``log_dir``.

    Args:
        folder: of this training alone; made where it is not there.

    The first call writes all epochs, so that a resumed training is whole; what was in the folder before is hidden.
    Each epoch writes ``loss/train``, ``loss/validation``, ``lr`` and ``seconds``, and with ``monitor`` also
    ``gradient/norm``, ``gates/<name>/closed``, ``gates/<name>/open`` and the warnings as text. Steps are epochs from 1.

    Raises:
        MissingExtraError: tensorboard is not installed.

    >>> import tempfile
    >>> with TensorBoard(tempfile.mkdtemp()) as board:
    ...     board(History(train=[2.0, 1.0], lr=[0.1, 0.1], seconds=[0.5, 0.5]))
    >>> board.written
    2
    """

    def __init__(self, folder: str | os.PathLike):
        require("tensorboard", "tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        # Readers drop what an earlier file says of the steps from here on.
        self.writer: Any = SummaryWriter(os.fspath(folder), purge_step=0)
        self.written = 0
        self.told: set[str] = set()

    def __call__(self, history: History) -> None:
        """Write the epochs that are new."""
        add = self.writer.add_scalar
        for epoch in range(self.written + 1, history.epochs + 1):
            for name, values in {
                "loss/train": history.train,
                "loss/validation": history.validation,
                "lr": history.lr,
                "seconds": history.seconds,
                "gradient/norm": history.gradient_norm,
            }.items():
                if len(values) >= epoch:
                    add(name, values[epoch - 1], epoch)
            for name, looks in history.gates.items():
                for _, closed, opened in (look for look in looks if look[0] == epoch):
                    add(f"gates/{name}/closed", closed, epoch)
                    add(f"gates/{name}/open", opened, epoch)
        for topic, sentence in history.warnings.items():
            if topic not in self.told:
                self.writer.add_text("warnings", sentence, history.epochs)
                self.told.add(topic)
        self.written = history.epochs
        self.writer.flush()

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write no more."""
        self.writer.close()
