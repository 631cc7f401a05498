"""What the convolutional cells share: images as flat rows, and two convolutions in place of two products."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from grunit.cells.cell import Cell
from grunit.errors import InputError


class ConvolvedCell(Cell):
    """A cell whose input and states are images of several channels, and whose gates are convolutions of them.

    Images come and go as flat rows, channel by channel and in each line by line: ``x (B, input_channels * height *
    width)`` and states ``(B, hidden_channels * height * width)``, which is what ``flatten(1)`` makes of ``(B, C,
    height, width)``. Their edges are padded with zeros, so the size stays. A signal is an image of height 1.

    Parameters: ``weight_ih (gates * hidden_channels, input_channels, *kernel)``, ``weight_hh (gates *
    hidden_channels, hidden_channels, *kernel)`` and one ``bias (gates * hidden_channels)``.

    Args:
        input_size: ``input_channels * height * width``.
        hidden_size: ``hidden_channels * height * width``.
        height: lines of the image (default 1).
        width: places on a line; default: as many as divide both sizes, for example 100 for a signal of one channel of
            100 places and a hidden size of 800, which are then 8 channels. Give it where cells are stacked: between
            layers the two sizes are equal and do not tell channels from places.
        kernel: places a gate sees around its own, an odd number or two (height, width); one number is ``(1, kernel)``
            on a signal (default 3).
        bias: with the bias (default) or without.
        forget_bias: start value of the bias of the gate that keeps the old state (default: drawn as the others).
        device, dtype: of the parameters.

    Raises:
        InputError: a size that is no whole number of images, or a kernel that is not odd.
    """

    stacked: tuple[str, ...] = ()
    """Names of the blocks stacked in the weights, in order."""
    keeps: str | None = None
    """The block that keeps the old state when open."""
    input_size: int
    hidden_size: int
    weight_ih: Tensor
    weight_hh: Tensor
    bias: Any
    """None without ``bias``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        height: int = 1,
        width: int | None = None,
        kernel: int | tuple[int, int] = 3,
        bias: bool = True,
        forget_bias: float | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ):
        super().__init__(input_size, hidden_size, **options)
        if width is None and math.gcd(input_size, hidden_size) % _positive("height", height) == 0:
            width = math.gcd(input_size, hidden_size) // height
        self.image = (_positive("height", height), _positive("width", 1 if width is None else width))
        self.kernel = _odd(kernel, height)
        places = math.prod(self.image)
        for name, size in {"input_size": input_size, "hidden_size": hidden_size}.items():
            if size % places:
                raise InputError(
                    f"{name} is {size}, which is no whole number of channels of {height} x {self.image[1]} places: "
                    "it must be channels * height * width"
                )
        self.input_channels, self.hidden_channels = input_size // places, hidden_size // places
        if forget_bias is not None and (self.keeps is None or not bias):
            raise InputError(f"{type(self).__name__} has no bias of a gate that keeps: leave forget_bias out")
        self.forget_bias = forget_bias
        rows = len(self.stacked) * self.hidden_channels
        for name, shape in {
            "weight_ih": (rows, self.input_channels, *self.kernel),
            "weight_hh": (rows, self.hidden_channels, *self.kernel),
            "bias": (rows,) if bias else None,
            **self.more_parameters(),
        }.items():
            value = None if shape is None else nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, value)
        self.reset_parameters()

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of further parameters."""
        return {}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new start values from U(-1/sqrt(n), 1/sqrt(n)), n the values of the state that a gate sums up."""
        bound = 1 / math.sqrt(self.hidden_channels * math.prod(self.kernel))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        if self.forget_bias is not None and self.keeps is not None:
            self.bias.chunk(len(self.stacked))[self.stacked.index(self.keeps)].fill_(self.forget_bias)

    def from_input(self, x: Tensor) -> Tensor:
        """``W * x + b``, every gate's channels below one another: ``(B, gates * H)``."""
        return self._convolve(x, self.weight_ih, self.bias)

    def from_state(self, h: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """``U * h`` of the gates from ``first`` up to ``last``: ``(B, gates * H)``."""
        channels = self.hidden_channels
        rows = slice(first * channels, None if last is None else last * channels)
        return self._convolve(h, self.weight_hh[rows], None)

    def _convolve(self, flat: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = [size // 2 for size in self.kernel]
        return conv2d(flat.unflatten(1, (-1, *self.image)), weight, bias, padding=padding).flatten(1)


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
    return value


def _odd(kernel: Any, height: int) -> tuple[int, int]:
    if isinstance(kernel, int):
        kernel = (kernel if height > 1 else 1, kernel)
    if len(kernel) != 2 or any(_positive("kernel", size) % 2 == 0 for size in kernel):
        raise InputError(f"kernel must be an odd number or two, so that the image keeps its size, got {kernel!r}")
    return tuple(kernel)
