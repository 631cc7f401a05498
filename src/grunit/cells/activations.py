"""Activations by name: what ``activation=`` and ``gate_activation=`` accept."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from grunit.errors import InputError, suggest

Activation = Callable[[Tensor], Tensor]


def hard_sigmoid(x: Tensor) -> Tensor:
    """``clamp(0.2 x + 0.5, 0, 1)``, the hard sigmoid of ONNX and Keras 2 (torch's own has slope 1/6)."""
    return (0.2 * x + 0.5).clamp(0.0, 1.0)


def hard_tanh(x: Tensor) -> Tensor:
    """``clamp(x, -1, 1)``."""
    return x.clamp(-1.0, 1.0)


def identity(x: Tensor) -> Tensor:
    """The value itself."""
    return x


ACTIVATIONS: dict[str, Activation] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "sin": torch.sin,
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": hard_tanh,
    "identity": identity,
}


def find_activation(activation: str | Activation) -> Activation:
    """The function behind a name, or the callable itself.

    Raises:
        InputError: the name is unknown; the message suggests the nearest.

    >>> find_activation("hard_sigmoid")(torch.tensor(10.0))
    tensor(1.)
    """
    if callable(activation):
        return activation
    if activation in ACTIVATIONS:
        return ACTIVATIONS[activation]
    raise InputError(f"unknown activation {activation!r}: {suggest(activation, ACTIVATIONS)}")
