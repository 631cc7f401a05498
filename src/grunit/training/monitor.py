"""Gradients and gates watched while a model trains, and what is wrong with them in words."""

from __future__ import annotations

import math
import re
import statistics
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from grunit.nn import Recurrent, trace
from grunit.nn.drop_in import SequenceLayers
from grunit.training.history import History
from grunit.training.randomness import seeded

CLOSED, OPEN = 0.01, 0.999
"""Below the first a gate counts as closed, above the second as open. A gate that keeps a state for a thousand steps
must be open to within a thousandth, so what long memories need is not held against them."""
STUCK = 0.95
"""Share of rows, steps and units at which a gate is spoken of."""
BY_DESIGN = {("time_gate", "closed")}
"""A unit with a rhythm of its own is meant to rest most of the time."""
GROWTH = 100.0
"""Times by which the gradient of an epoch must exceed that of the epochs before it to be spoken of."""
RECENT = 5
"""Epochs before it that it is held against."""
_STRAND = re.compile(r"_l(\d+)(_reverse)?$")


class TrainingWarning(UserWarning):
    """Something about a training that is under way; said once for each thing."""


class Monitor:
    """Listens to a training.

    Args:
        model: what is trained; the gates of its :class:`grunit.Recurrent` and drop-in layers are read.
        every: epochs between two looks at the gates; 0 to watch nothing.
        speak: whether to warn; of several processes one does.

    Attributes:
        sum, steps: the gradient norms of the epoch so far, and how many there are.
    """

    def __init__(self, model: nn.Module, every: int, speak: bool = True):
        self.model, self.every, self.speak = model, int(every), speak
        self.sum: Tensor | float = 0.0
        self.steps = 0

    @property
    def state(self) -> list[float]:
        """What a resumed training must know."""
        return [float(self.sum), self.steps]

    @state.setter
    def state(self, value: list[float]) -> None:
        self.sum, self.steps = float(value[0]), int(value[1])

    def step(self) -> None:
        """The gradient is complete and not yet clipped."""
        if not self.every:
            return
        gradients = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
        # A tensor, so that an accelerator is not waited for at every step.
        self.sum = self.sum + nn.utils.get_total_norm(gradients)
        self.steps += 1

    def end_epoch(self, history: History, lr: float, clip: float | None, batch: Callable[[], Any]) -> None:
        """Write the epoch that ends into the history, and say what is wrong with it.

        Args:
            history: whose last epoch is the one before.
            lr, clip: of the settings, for the advice.
            batch: runs the model on one batch.
        """
        if not self.every:
            return
        epoch, norm = history.epochs + 1, float(self.sum) / max(self.steps, 1)
        self.sum, self.steps = 0.0, 0
        found = judge_gradient(history.gradient_norm, norm, epoch, lr, clip)
        history.gradient_norm.append(norm)
        if (epoch - 1) % self.every == 0:
            shares = gate_shares(self.model, batch)
            for name, (closed, opened) in shares.items():
                history.gates.setdefault(name, []).append([epoch, closed, opened])
            found += judge_gates(shares, epoch)
        for topic, sentence in found:
            if topic not in history.warnings:
                history.warnings[topic] = sentence
                if self.speak:
                    warnings.warn(sentence, TrainingWarning, stacklevel=2)


def judge_gradient(
    before: list[float], norm: float, epoch: int, lr: float, clip: float | None
) -> list[tuple[str, str]]:
    """What is wrong with the mean gradient norm of an epoch, each as a topic and a sentence.

    Args:
        before: the norms of the epochs before.
        norm: that of this one.
        epoch: its number, from 1.
        lr, clip: as they are, for the advice.

    >>> judge_gradient([0.1, 0.2, 0.1], 15.0, 4, lr=0.1, clip=None)[0][1]
    'the gradient norm grew 150x in epoch 4, from 0.1 to 15: lower lr (it is 0.1) or set clip'
    >>> judge_gradient([0.1, 0.2, 0.1], 0.5, 4, lr=0.1, clip=None)
    []
    """
    mend = f"lower lr (it is {lr:g}) or {'set clip' if clip is None else f'clip more (clip is {clip:g})'}"
    if not math.isfinite(norm):
        return [("not finite", f"the gradient was not finite in epoch {epoch}: {mend}")]
    if norm == 0:
        return [
            ("zero", f"the gradient was 0 in all of epoch {epoch}: nothing is learnt, look at the loss and at freeze")
        ]
    recent = [value for value in before[-RECENT:] if math.isfinite(value) and value > 0]
    # The epoch just before counts too, or a gradient that stays large would be told of again and again.
    usual = max(statistics.median(recent), recent[-1]) if recent else norm
    if norm < GROWTH * usual:
        return []
    times = f"the gradient norm grew {norm / usual:.3g}x in epoch {epoch}, from {usual:.3g} to {norm:.3g}"
    return [(f"growth in epoch {epoch}", f"{times}: {mend}")]


def judge_gates(shares: dict[str, tuple[float, float]], epoch: int) -> list[tuple[str, str]]:
    """Which gates hardly ever move, each as a topic and a sentence.

    >>> judge_gates({"core.forget_gate_l1": (0.99, 0.0), "core.input_gate_l1": (0.2, 0.1)}, 3)[0][1][:70]
    'in epoch 3 the forget gates of layer 2 (core) are closed 99 % of the t'
    """
    found = []
    for name, pair in shares.items():
        for word, share in zip(("closed", "open"), pair, strict=True):
            if share >= STUCK and (_STRAND.sub("", name.rpartition(".")[2]), word) not in BY_DESIGN:
                found.append(
                    (
                        f"{name} {word}",
                        f"in epoch {epoch} the {describe(name)} are {word} {100 * share:.0f} % of the time, so their "
                        "weights hardly learn: look at their start values and the scale of the inputs, or lower lr",
                    )
                )
    return found


def describe(name: str) -> str:
    """The gates of a trace, in words.

    >>> describe("core.forget_gate_l1_reverse"), describe("update_gate")
    ('forget gates of layer 2, backwards (core)', 'update gates')
    """
    where, _, gate = name.rpartition(".")
    strand = _STRAND.search(gate)
    words = _STRAND.sub("", gate).replace("_", " ") + "s"
    if strand:
        words += f" of layer {int(strand[1]) + 1}" + (", backwards" if strand[2] else "")
    return words + (f" ({where})" if where else "")


@torch.no_grad()
def gate_shares(model: nn.Module, batch: Callable[[], Any]) -> dict[str, tuple[float, float]]:
    """How often each gate is closed and open, over rows, valid steps and units.

    Args:
        model: its recurrent parts are traced; it is in evaluation mode meanwhile.
        batch: runs the model on one batch.

    Returns:
        name of the part and the gate as in :func:`grunit.trace` -> shares of values below 0.01 and above 0.999. Gates
        are the intermediates named ``..._gate`` with all values in [0, 1].

    >>> model = Recurrent("gru", 2, 3)
    >>> sorted(gate_shares(model, lambda: model(torch.zeros(4, 1, 2))))
    ['reset_gate', 'update_gate']
    """
    training = model.training
    model.eval()
    try:
        # What the loss draws (masks, noise) must not move the generators of the training.
        with seeded(0), heard(model) as calls:
            batch()
        shares = {}
        for name, (core, given, named) in calls.items():
            found = count_shares(trace(core, *given, **named), valid_steps(core, given, named))
            shares.update({f"{name}.{gate}" if name else gate: pair for gate, pair in found.items()})
    finally:
        model.train(training)
    return shares


def count_shares(gates: dict[str, Tensor], valid: Tensor | None = None) -> dict[str, tuple[float, float]]:
    """The shares of a trace ``(T, B, H)`` by name, of the steps that are ``valid`` ``(T, B)``.

    >>> count_shares({"input_gate": torch.tensor([[[0.0, 0.5]], [[1.0, 0.005]]]), "candidate": torch.ones(2, 1, 2)})
    {'input_gate': (0.5, 0.25)}
    """
    shares = {}
    for gate, values in gates.items():
        if not _STRAND.sub("", gate).endswith("_gate"):
            continue
        values = values if valid is None else values[valid.to(values.device)]
        if values.numel() and float(values.min()) >= 0 and float(values.max()) <= 1:
            closed, opened = (values < CLOSED).float().mean(), (values > OPEN).float().mean()
            shares[gate] = (float(closed), float(opened))
    return shares


@contextmanager
def heard(model: nn.Module) -> Iterator[dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]]]:
    """The first call of each recurrent part while the block runs: name -> part, arguments, named arguments."""
    calls: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {}
    handles = []
    for name, part in model.named_modules():
        if isinstance(part, (Recurrent, SequenceLayers)):

            def hear(core: nn.Module, given: tuple[Any, ...], named: dict[str, Any], name: str = name) -> None:
                calls.setdefault(name, (core, given, named))

            handles.append(part.register_forward_pre_hook(hear, with_kwargs=True))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def valid_steps(core: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Tensor | None:
    """Which steps of which rows are there, ``(T, B)`` bool as in a trace; None for all."""
    input = named.get("input", given[0] if given else None)
    if isinstance(input, PackedSequence):
        lengths: Any = pad_packed_sequence(input)[1]
        steps = int(lengths.max())
    else:
        lengths = named.get("lengths", given[2] if len(given) > 2 else None)
        if lengths is None or input is None:
            return None
        steps = input.shape[1 if core.batch_first else 0]
    return torch.arange(steps).unsqueeze(1) < torch.as_tensor(lengths).cpu()
