"""The one training loop of the project."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import GrunitError
from grunit.training.batches import Batch, Batches
from grunit.training.checkpoint import Checkpoint
from grunit.training.devices import find_processes
from grunit.training.history import History
from grunit.training.interrupt import deferred_interrupt
from grunit.training.progress import Progress
from grunit.training.run import Run
from grunit.training.settings import Settings
from grunit.training.tensorboard import TensorBoard
from grunit.training.threads import Threads
from grunit.training.truncation import detach, pieces

PATIENCE = 5.0
"""Seconds in which a second signal is taken for the first: what a terminal tells all processes their launcher tells
them too."""
Loss = Callable[..., Any]
Weigh = Callable[[Batch], float]


class DivergenceError(GrunitError, ArithmeticError):
    """Training whose loss is no longer a number; the best weights before that are kept in the model."""


def fit(
    model: nn.Module,
    loss: Loss,
    train: Batches,
    validation: Batches | None,
    settings: Settings,
    *,
    weigh: Weigh | None = None,
    keep: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
    watch: Callable[[History], None] | None = None,
) -> History:
    """Train ``model`` in place and leave the best weights in it.

    Args:
        model: the module.
        loss: ``loss(model, batch)`` -> the mean loss of a batch, a scalar. With ``settings.chunk`` it is
            ``loss(model, piece, state)`` -> ``(scalar, new state)``, where ``state`` is None for the first piece of
            a batch and every tensor of the batch is ``(B, T, ...)``; each piece makes one optimiser step.
        train: what to learn from.
        validation: what decides when to stop and which weights are best; None to keep the last weights.
        settings: how.
        weigh: what the mean loss of a batch, or of a piece of it, is a mean over: the number of targets that are
            known, where some may be missing. The losses in the history, and the gradients that
            ``settings.accumulate`` adds up, are then means over all of them, however they are cut into batches.
            None (default) for rows, with ``settings.chunk`` for rows times steps.
        keep: called with a checkpoint before the first batch, after every epoch, on Ctrl-C or SIGTERM, and every
            ``settings.checkpoint_every`` batches.
        resume: a checkpoint of the same training to go on from; on a CPU the weights at the end are then the same,
            to the bit, as without the interruption.
        watch: called with the history after every epoch.

    Returns:
        what happened, one entry an epoch.

    Raises:
        DivergenceError: the loss is not finite; the best weights so far are in the model. Or that of validation never
            was; the last weights are in the model.
        KeyboardInterrupt: Ctrl-C or SIGTERM, after the batch (in validation: the epoch) is finished, the checkpoint
            kept and the best weights restored. Of several processes all stop there, whichever of them was told.

    >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
    <torch._C.Generator object at ...>
    >>> line = nn.Linear(1, 1)
    >>> x = torch.linspace(-1, 1, 8).unsqueeze(1)
    >>> def squared(model, batch):
    ...     return (model(batch[0]) - batch[1]).square().mean()
    >>> settings = Settings(max_epochs=60, lr=0.1, verbose=0)
    >>> history = fit(line, squared, Batches((x, 2 * x + 1), 4), None, settings)
    >>> history.train[-1] < 0.01
    True
    """
    accelerator = find_processes()
    train = (train.bucketed() if settings.bucketing else train).shared(
        accelerator.process_index, accelerator.num_processes
    )
    run = Run(model, train, validation, settings, accelerator, weigh)
    logged = settings.log_dir is not None and accelerator.is_main_process
    board = TensorBoard(settings.log_dir) if logged else None

    def save() -> None:
        own = run.gather()
        if keep is not None and accelerator.is_main_process:
            keep(run.checkpoint(own))

    verbose = settings.verbose if accelerator.is_main_process else 0
    threads = Threads(model, run.device)
    patience = 0.0 if run.processes.alone else PATIENCE
    with threads, deferred_interrupt(patience) as came, Progress(settings.max_epochs, len(train), verbose) as progress:

        def interrupted() -> bool:
            # Where one process stops all do, after the same batch: none must wait for gradients that never come.
            return run.processes.any(came())

        try:
            if resume is not None:
                run.restore(resume)
            save()
            while not run.finished:
                started = time.perf_counter()
                for batch in train.epoch(run.epoch, start=run.batch):
                    threads.observe(batch)
                    learn(run, loss, batch)
                    progress.batch(run.epoch, run.batch)
                    if run.keeps:
                        save()
                    if interrupted():
                        run.seconds += time.perf_counter() - started
                        save()
                        run.processes.wait()  # who ends first takes the others along
                        raise KeyboardInterrupt
                run.look(lambda: run_batch(run, loss, next(train.epoch(run.epoch))))
                run.seconds += time.perf_counter() - started
                with run.averaged():
                    value = None if validation is None else evaluate(run, loss, validation)
                run.end_epoch(value)
                save()
                progress.epoch(run.history)
                if board is not None:
                    board(run.history)
                if watch is not None:
                    watch(run.history)
                if interrupted():
                    run.processes.wait()
                    raise KeyboardInterrupt
        finally:
            run.close()
            if board is not None:
                board.close()
        # The epochs are done and a resumed fit finds nothing left to do; but whoever called must hear of it too.
        if interrupted():
            raise KeyboardInterrupt
    if validation is not None and run.best is None:
        raise DivergenceError(
            f"the validation loss was not finite in any of {run.history.epochs} epochs; the last weights are kept: "
            f"look for missing or extreme values in the validation data, or lower lr (it is {settings.lr:g})"
        )
    return run.history


def learn(run: Run, loss: Loss, batch: Batch) -> None:
    """Take the optimiser steps of one batch."""
    if not run.model.training:
        run.model.train()
    chunk, state = run.settings.chunk, None
    total, weight = 0.0, 0.0
    for piece in run.cut(batch):
        piece = run.to_device(piece)
        with run.autocast():
            if chunk is None:
                value = loss(run.prepared, piece)
            else:
                value, state = loss(run.prepared, piece, detach(state))
        size = run.size(piece)
        total, weight = total + _finite(run, value) * size, weight + size
        for term, share in run.settings.auxiliary:
            with run.autocast():
                value = value + share * term(run.model, piece)
        run.descend(value, size)
    run.batch += 1
    run.total, run.weight = run.total + total, run.weight + weight


def run_batch(run: Run, loss: Loss, batch: Batch) -> None:
    """Only run the model on a batch, or on its first piece."""
    chunk = run.settings.chunk
    piece = run.to_device(batch if chunk is None else next(iter(pieces(batch, chunk))))
    loss(run.model, piece) if chunk is None else loss(run.model, piece, None)


@torch.no_grad()
def evaluate(run: Run, loss: Loss, batches: Batches) -> float:
    """The mean loss over all batches; every process sees all of them, so all agree when to stop."""
    run.model.eval()
    chunk, total, weight = run.settings.chunk, 0.0, 0.0
    for batch in batches.epoch(0):
        state = None
        for piece in [batch] if chunk is None else pieces(batch, chunk):
            piece = run.to_device(piece)
            with run.autocast():
                if chunk is None:
                    value = loss(run.model, piece)
                else:
                    value, state = loss(run.model, piece, state)
            size = run.size(piece)
            total, weight = total + float(value) * size, weight + size
    return total / max(weight, 1)


def _finite(run: Run, value: Tensor) -> float:
    number = float(value.detach())
    if not math.isfinite(number):
        raise DivergenceError(
            f"the loss became {number} in epoch {run.epoch + 1}, batch {run.batch + 1}; the best weights before that "
            f"are kept: lower lr (it is {run.settings.lr:g}), set clip, or look for extreme values in the data"
        )
    return number
