"""A training under way: the model with its optimiser and schedule, and how far it has come."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.training.averaging import WeightAverage
from grunit.training.batches import Batch, Batches
from grunit.training.checkpoint import Checkpoint
from grunit.training.devices import find_device
from grunit.training.groups import freeze, parameter_groups
from grunit.training.history import History
from grunit.training.identity import identity, require_same
from grunit.training.monitor import Monitor
from grunit.training.optimizers import make_optimizer
from grunit.training.penalties import ActivationPenalty, weight_penalty
from grunit.training.processes import Processes
from grunit.training.randomness import random_state, restore_random_state
from grunit.training.schedules import Schedule
from grunit.training.settings import Settings
from grunit.training.truncation import pieces, random_lengths


class Run:
    """What changes while a model trains.

    Args:
        model: trained in place.
        train: its batches, for the length of the schedule.
        validation: what decides which weights are best, or None.
        settings: how.
        accelerator: of ``accelerate``; knows the other processes.
        weigh: what the mean loss of a batch is a mean over; None for its rows, or rows times steps of a piece.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Batches,
        validation: Batches | None,
        settings: Settings,
        accelerator: Any,
        weigh: Callable[[Batch], float] | None = None,
    ):
        if len(train) == 0:
            raise InputError("there is no training batch: give more data, a smaller batch_size or fewer processes")
        if settings.averaging == "triggered" and validation is None:
            raise InputError(
                "averaging is 'triggered', which looks at validation, and there is none: hold data back, as with "
                "validation_fraction=0.1 or, of forecasts, patience=10, or use 'swa'"
            )
        self.settings, self.accelerator, self.model, self.weigh = settings, accelerator, model, weigh
        alone = accelerator.num_processes == 1
        self.device = find_device(settings.device) if alone else accelerator.device
        self.processes = Processes(accelerator, self.device)
        model.to(self.device)
        self.frozen = freeze(model, settings.freeze)
        self.optimizer = make_optimizer(
            settings.optimizer,
            parameter_groups(model, settings.lr_factors, settings.layer_decay),
            **{"lr": settings.lr, "weight_decay": settings.weight_decay, **settings.optimizer_options},
        )
        self.prepared = model if alone else accelerator.prepare_model(model)
        self.train, self.validation, self.batches = train, validation, len(train)
        self.steps = -(-self.batches // settings.accumulate)
        self.schedule = Schedule(settings.scheduler, settings.max_epochs * self.steps, settings.warmup)
        self.average = WeightAverage(settings.averaging, settings.averaging_decay, settings.averaging_patience)
        self.activations = ActivationPenalty(model, settings.activation_l2, settings.change_l2)
        self.monitor = Monitor(model, settings.monitor, accelerator.is_main_process)
        self.history = History()
        self.epoch = self.batch = 0
        self.total, self.weight, self.seconds = 0.0, 0.0, 0.0
        self.waited, self.pending = 0, 0.0
        self.best: dict[str, Tensor] | None = None
        # Of the piece that is learnt now, of random lengths: its steps over those of ``chunk``.
        self.stretch = 1.0
        # Where nothing says which weights are best, those of the last whole epoch are.
        self.last_good = self._weights()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or patience has run out."""
        return self.epoch >= self.settings.max_epochs or self.history.stopped_early

    @property
    def keeps(self) -> bool:
        """Whether the batch just learned is one after which a checkpoint is due; epochs keep their own."""
        every = self.settings.checkpoint_every
        return every is not None and self.batch % every == 0 and self.batch < self.batches

    def to_device(self, batch: Batch) -> Batch:
        """The batch on the device of the model."""
        return tuple(tensor.to(self.device, non_blocking=True) for tensor in batch)

    def size(self, piece: Batch) -> float:
        """What a loss that is a mean over a batch, or a piece of one, weighs."""
        if self.weigh is not None:
            return self.weigh(piece)
        rows = piece[0].shape
        return rows[0] if self.settings.chunk is None else rows[0] * rows[1]

    def autocast(self) -> Any:
        """The context of the precision that was asked for."""
        if self.settings.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    @property
    def rate(self) -> float:
        """The learning rate of the batch that is learned now."""
        step = min(self.batch // self.settings.accumulate, self.steps - 1)
        return self.settings.lr * self.schedule.factor(self.epoch * self.steps + step)

    def cut(self, batch: Batch) -> Iterator[Batch]:
        """What makes a step each: the batch, or its pieces."""
        chunk = self.settings.chunk
        if chunk is None:
            yield batch
        elif not self.settings.random_chunk:
            yield from pieces(batch, chunk)
        else:
            # Of numbers that a checkpoint holds and that are the same in all processes.
            seed = ((self.settings.seed * 1_000_003 + self.epoch) * 1_000_003 + self.batch) % 2**63
            for piece in pieces(batch, random_lengths(batch[0].shape[1], chunk, seed)):
                self.stretch = piece[0].shape[1] / chunk
                yield piece

    def descend(self, loss: Tensor, size: float) -> None:
        """Go down the gradient of ``loss``, the mean over ``size`` things: a step, or a part of one."""
        settings = self.settings
        loss = loss + self.activations.take()
        if settings.l1 or settings.l2:
            loss = loss + weight_penalty(self.model, settings.l1, settings.l2)
        if settings.accumulate == 1:
            self.optimizer.zero_grad()
            # Processes take the mean of their gradients, in which every target is to count alike.
            share = 1.0 if self.processes.alone else self.processes.number * size / max(self.processes.sum(size), 1)
            (loss if share == 1.0 else loss * share).backward()
            return self._step()
        if not self.batch % settings.accumulate:
            self.optimizer.zero_grad()
        (loss * size).backward()
        self.pending += size
        if (self.batch + 1) % settings.accumulate and self.batch + 1 < self.batches:
            return None
        pending = self.processes.sum(self.pending) / self.processes.number
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad /= max(pending, 1 / self.processes.number)
        self.pending = 0.0
        return self._step()

    def _step(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * self.stretch * group["factor"]
        self.monitor.step()
        if self.settings.clip_value is not None:
            nn.utils.clip_grad_value_(self.model.parameters(), self.settings.clip_value)
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.average.step(self.model)

    def look(self, run_batch: Callable[[], Any]) -> None:
        """Let the monitor see the end of an epoch; ``run_batch`` runs the model on one of its batches."""
        with self.autocast():
            self.monitor.end_epoch(self.history, self.settings.lr, self.settings.clip, run_batch)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Within the block, after an epoch, the model has the averaged weights, where there are any."""
        if self.epoch + 1 > self.settings.averaging_start * self.settings.max_epochs:
            self.average.epoch(self.model)
        if self.average.weights is None:
            yield
            return
        own = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(self._weights())
        try:
            yield
        finally:
            self.model.load_state_dict(own)

    def end_epoch(self, validation: float | None) -> None:
        """Write the epoch into the history, remember the weights if they are the best, and go to the next."""
        history = self.history
        total, weight = self.total, self.weight
        total, weight = self.processes.sum(total), self.processes.sum(weight)
        history.train.append(total / max(weight, 1))
        history.lr.append(self.rate)
        history.seconds.append(self.seconds)
        # Also with validation: should its loss never be finite, these are better than none.
        self.last_good = self._weights()
        if validation is not None:
            history.validation.append(validation)
            self.schedule.observe(validation)
            if self.average.look(self.model, history.validation):
                history.averaged_from = history.epochs
            if math.isfinite(validation) and history.best_epoch == history.epochs:
                self.best, self.waited = self._weights(), 0
            else:
                self.waited += 1
            history.stopped_early = self.settings.patience is not None and self.waited >= self.settings.patience
        self.epoch, self.batch = self.epoch + 1, 0
        self.total, self.weight, self.seconds = 0.0, 0.0, 0.0

    def close(self) -> None:
        """Put the best weights into the model, thaw what was frozen, and listen to it no longer."""
        self.activations.close()
        for parameter in self.frozen:
            parameter.requires_grad_(True)
        self.model.load_state_dict(self.last_good if self.best is None else self.best)
        self.model.eval()

    def gather(self) -> list[dict[str, Any]]:
        """What each process has of its own; all of them must call it."""
        return self.processes.gather(
            {"random": random_state(), "total": self.total, "weight": self.weight, "pending": self.pending}
        )

    def checkpoint(self, own: list[dict[str, Any]]) -> Checkpoint:
        """This moment, copied; ``own`` is of :meth:`gather`."""
        return Checkpoint.of(
            {
                "identity": self._identity(),
                "model": dict(self.model.state_dict()),
                "best": self.best,
                "last_good": self.last_good,
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state,
                "average": self.average.state,
                "gradients": self._gradients() if any(one["pending"] for one in own) else {},
                "random": own[0]["random"],
                "processes": own if len(own) > 1 else [],
                "monitor": self.monitor.state,
                "position": [self.epoch, self.batch, self.total, self.weight, self.seconds, self.waited, self.pending],
                "history": vars(self.history),
            }
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to the moment of a checkpoint.

        Raises:
            InputError: it was made by another training.
        """
        state = checkpoint.state()
        require_same(state["identity"], self._identity(), self.settings)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.state = state["schedule"]
        processes = state.get("processes") or [{"random": state["random"]}]
        if len(processes) != self.processes.number:
            raise InputError(
                f"the checkpoint is of {len(processes)} processes, and now there are {self.processes.number}: "
                f"start as many, or start without resume"
            )
        own = processes[self.processes.index]
        restore_random_state(own["random"])
        self.best, self.last_good = state["best"], state["last_good"]
        self.average.state = state["average"]
        self._take_gradients(state["gradients"])
        self.monitor.state = state.get("monitor", [0.0, 0])
        self.epoch, self.batch, self.total, self.weight, self.seconds, self.waited, self.pending = state["position"]
        for name in ("total", "weight", "pending"):
            setattr(self, name, own.get(name, getattr(self, name)))
        self.history = History(**state["history"])

    def _weights(self) -> dict[str, Tensor]:
        return self.average.merged(self.model)

    def _gradients(self) -> dict[str, Tensor]:
        named = self.model.named_parameters()
        return {name: parameter.grad for name, parameter in named if parameter.grad is not None}

    def _take_gradients(self, gradients: dict[str, Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.grad = gradients[name].to(parameter) if name in gradients else None

    def _identity(self) -> dict[str, Any]:
        shapes = [[name, list(value.shape)] for name, value in self.model.state_dict().items()]
        return identity(self.settings, self.train, self.validation, shapes)
