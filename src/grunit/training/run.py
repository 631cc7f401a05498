"""A training under way: the model with its optimiser and schedule, and how far it has come."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.training.batches import Batch, Batches
from grunit.training.checkpoint import Checkpoint
from grunit.training.history import History
from grunit.training.optimizers import make_optimizer
from grunit.training.randomness import random_state, restore_random_state
from grunit.training.schedules import Schedule
from grunit.training.settings import Settings


def find_device(name: str) -> torch.device:
    """The device behind ``"auto"`` or a torch device string.

    Raises:
        InputError: torch does not know it or cannot reach it.

    >>> find_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"the device {name!r} cannot be used ({reason}): use device='auto' or 'cpu'") from error
    return device


class Run:
    """What changes while a model trains.

    Args:
        model: trained in place.
        train: its batches, for the length of the schedule.
        settings: how.
        accelerator: of ``accelerate``; knows the other processes.
    """

    def __init__(self, model: nn.Module, train: Batches, settings: Settings, accelerator: Any):
        if len(train) == 0:
            raise InputError("there is no training batch: give more data, a smaller batch_size or fewer processes")
        self.settings, self.accelerator, self.model = settings, accelerator, model
        alone = accelerator.num_processes == 1
        self.device = find_device(settings.device) if alone else accelerator.device
        model.to(self.device)
        self.optimizer = make_optimizer(
            settings.optimizer,
            model.parameters(),
            **{"lr": settings.lr, "weight_decay": settings.weight_decay, **settings.optimizer_options},
        )
        self.prepared = model if alone else accelerator.prepare_model(model)
        self.train, self.batches = train, len(train)
        self.schedule = Schedule(settings.scheduler, settings.max_epochs * self.batches, settings.warmup)
        self.history = History()
        self.epoch = self.batch = 0
        self.total, self.weight, self.seconds = 0.0, 0, 0.0
        self.waited = 0
        self.best: dict[str, Tensor] | None = None
        # Where nothing says which weights are best, those of the last whole epoch are.
        self.last_good = self._weights()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or patience has run out."""
        return self.epoch >= self.settings.max_epochs or self.history.stopped_early

    def to_device(self, batch: Batch) -> Batch:
        """The batch on the device of the model."""
        return tuple(tensor.to(self.device, non_blocking=True) for tensor in batch)

    def autocast(self) -> Any:
        """The context of the precision that was asked for."""
        if self.settings.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def descend(self, loss: Tensor) -> None:
        """One step of the optimiser down the gradient of ``loss``."""
        rate = self.settings.lr * self.schedule.factor(self.epoch * self.batches + self.batch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss.backward()
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()

    def end_epoch(self, validation: float | None) -> None:
        """Write the epoch into the history, remember the weights if they are the best, and go to the next."""
        history = self.history
        history.train.append(self.total / max(self.weight, 1))
        history.lr.append(self.optimizer.param_groups[0]["lr"])
        history.seconds.append(self.seconds)
        # Also with validation: should its loss never be finite, these are better than none.
        self.last_good = self._weights()
        if validation is not None:
            history.validation.append(validation)
            self.schedule.observe(validation)
            if math.isfinite(validation) and history.best_epoch == history.epochs:
                self.best, self.waited = self._weights(), 0
            else:
                self.waited += 1
            history.stopped_early = self.settings.patience is not None and self.waited >= self.settings.patience
        self.epoch, self.batch = self.epoch + 1, 0
        self.total, self.weight, self.seconds = 0.0, 0, 0.0

    def restore_best(self) -> None:
        """Put the best weights into the model."""
        self.model.load_state_dict(self.last_good if self.best is None else self.best)
        self.model.eval()

    def checkpoint(self) -> Checkpoint:
        """This moment, copied."""
        return Checkpoint.of(
            {
                "identity": self._identity(),
                "model": dict(self.model.state_dict()),
                "best": self.best,
                "last_good": self.last_good,
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state,
                "random": random_state(),
                "position": [self.epoch, self.batch, self.total, self.weight, self.seconds, self.waited],
                "history": vars(self.history),
            }
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to the moment of a checkpoint.

        Raises:
            InputError: it was made by another training.
        """
        state = checkpoint.state()
        mine = self._identity()
        for name, then in state["identity"].items():
            # More epochs may be wanted after an interruption; only a rate that follows their number forbids it.
            free = self.settings.scheduler in ("none", "plateau") and not self.settings.warmup
            if then != mine.get(name) and not (name == "max_epochs" and free):
                raise InputError(
                    f"the checkpoint was made with another {name} ({then}, now {mine.get(name)}): "
                    f"give the same data and settings, or start without resume"
                )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.state = state["schedule"]
        restore_random_state(state["random"])
        self.best, self.last_good = state["best"], state["last_good"]
        self.epoch, self.batch, self.total, self.weight, self.seconds, self.waited = state["position"]
        self.history = History(**state["history"])

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def _identity(self) -> dict[str, Any]:
        """What must not change between an interruption and going on."""
        settings = self.settings
        shapes = [[name, list(value.shape)] for name, value in self.model.state_dict().items()]
        return {
            "max_epochs": settings.max_epochs,
            "batch_size": self.train.batch_size,
            "warmup": settings.warmup,
            "patience": settings.patience,
            "optimizer_options": json.dumps(settings.optimizer_options, sort_keys=True, default=repr),
            "training data": self.train.checksum,
            "seed": settings.seed,
            "optimizer": type(self.optimizer).__name__,
            "scheduler": settings.scheduler,
            "lr": settings.lr,
            "weight_decay": settings.weight_decay,
            "clip": settings.clip,
            "chunk": settings.chunk,
            "precision": settings.precision,
            "number of batches": self.batches,
            "set of weights": shapes,
        }
