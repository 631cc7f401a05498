"""Gradient descent in place: one vector of parameters, one of gradients."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from grunit.errors import InputError

if TYPE_CHECKING:
    from grunit.online.network import Array, Network

OPTIMIZERS = ("adam", "sgd")


class Descent:
    """Moves the parameters of a network against their gradient.

    Args:
        network: whose ``weights`` and ``gradient``.
        optimizer: ``"adam"`` (betas 0.9 and 0.999, epsilon 1e-8) or ``"sgd"`` (momentum 0.9).
        clip: length that a gradient is cut down to; None for never.

    Attributes:
        moments: what is remembered of past gradients, ``(2, P)``.
        count: steps made.

    Source: Kingma & Ba, *Adam: a method for stochastic optimization*, ICLR (2015), algorithm 1.

    >>> from grunit.online.network import Network
    >>> network = Network("gru", features=1, hidden_size=2)
    >>> before = network.weights.copy()
    >>> network.gradient[:] = 1.0
    >>> Descent(network).step(rate=0.01)
    True
    >>> bool(np.allclose(before - network.weights, 0.01, atol=1e-4))
    True
    """

    BETAS, EPSILON, MOMENTUM = (0.9, 0.999), 1e-8, 0.9

    def __init__(self, network: Network, optimizer: str = "adam", clip: float | None = 1.0):
        if optimizer not in OPTIMIZERS:
            raise InputError(f"unknown optimizer {optimizer!r} for a stream: use one of {', '.join(OPTIMIZERS)}")
        if clip is not None and not clip > 0:
            raise InputError(f"clip is {clip!r}: give a length above 0, or None for no clipping")
        self.network, self.optimizer, self.clip = network, optimizer, clip or 0.0
        self.moments: Array = np.zeros((2, len(network.weights)), network.weights.dtype)
        self.count = 0
        compiled = network._compiled
        self._library: Any = None if compiled is None else compiled.library
        if self._library is not None:
            self._bind()

    def _bind(self) -> None:
        library, network = self._library, self.network
        count, address = ctypes.c_int64(len(network.weights)), ctypes.c_void_p
        gradient = address(network.gradient.ctypes.data)
        mean, square = (address(row.ctypes.data) for row in self.moments)
        weights = address(network.weights.ctypes.data)
        library.grunit_clip.restype = ctypes.c_double
        self._clip = library.grunit_clip, (count, gradient, ctypes.c_double(self.clip))
        betas = [ctypes.c_double(beta) for beta in self.BETAS]
        self._adam = library.grunit_adam, (count, weights, gradient, mean, square, *betas)
        self._sgd = library.grunit_sgd, (count, weights, gradient, mean, ctypes.c_double(self.MOMENTUM))

    def step(self, rate: float) -> bool:
        """One step; False, and nothing changed, where the gradient is not finite."""
        if not math.isfinite(self._clip_gradient()):
            return False
        self.count += 1
        if self.optimizer == "adam":
            rate, epsilon = self._corrected(rate)
            self._step_adam(rate, epsilon)
        else:
            self._step_sgd(rate)
        self.network.refresh()
        return True

    def _corrected(self, rate: float) -> tuple[float, float]:
        """The rate and epsilon that make up for moments that began at zero."""
        first, second = (1 - beta**self.count for beta in self.BETAS)
        root = math.sqrt(second)
        return rate * root / first, self.EPSILON * root

    def _clip_gradient(self) -> float:
        if self._library is not None:
            function, given = self._clip
            return function(*given)
        gradient = self.network.gradient
        with np.errstate(over="ignore", invalid="ignore"):
            norm = float(np.sqrt(np.square(gradient, dtype=np.float64).sum()))
        if self.clip and norm > self.clip and math.isfinite(norm):
            gradient *= self.clip / norm
        return norm

    def _step_adam(self, rate: float, epsilon: float) -> None:
        if self._library is not None:
            function, given = self._adam
            function(*given, ctypes.c_double(rate), ctypes.c_double(epsilon))
            return
        (mean, square), gradient = self.moments, self.network.gradient
        first, second = self.BETAS
        mean += (1 - first) * (gradient - mean)
        square += (1 - second) * (gradient * gradient - square)
        self.network.weights -= rate * mean / (np.sqrt(square) + epsilon)

    def _step_sgd(self, rate: float) -> None:
        if self._library is not None:
            function, given = self._sgd
            function(*given, ctypes.c_double(rate))
            return
        speed = self.moments[0]
        speed *= self.MOMENTUM
        speed += self.network.gradient
        self.network.weights -= rate * speed
