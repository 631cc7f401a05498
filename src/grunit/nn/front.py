"""What stands before a recurrent core: convolutions over time, and segments of several steps as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from grunit.cells.activations import Activation, find_activation
from grunit.errors import InputError, ShapeError
from grunit.nn.masks import read_rows
from grunit.nn.options import check_choice, check_size


class FrontState(NamedTuple):
    """What a front remembers between steps.

    Attributes:
        windows: for each layer the last inputs that later outputs read, ``(B, features, steps)``.
        counts: for each layer how many inputs it has had since its last output was due.
    """

    windows: tuple[Tensor, ...]
    counts: tuple[int, ...]


class Front(nn.Module):
    """What both fronts share: forms of the input, lengths, and steps one by one."""

    input_size: int
    output_size: int
    batch_first: bool

    def forward(
        self, input: Tensor | PackedSequence, lengths: Tensor | Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Walk whole sequences.

        Args:
            input: ``(T, B, F)``, ``(B, T, F)`` with ``batch_first``, a PackedSequence, or unbatched ``(T, F)``.
            lengths: ``(B,)`` steps of each row: each gets what it would get alone, zeros behind its end.

        Returns:
            output, ``(T', B, output_size)`` or batch first alike (time-major for a PackedSequence), and the lengths of
            its rows, to be handed on to the core; None where none were given.

        Raises:
            ShapeError: a tensor of the wrong shape.
            InputError: lengths where they have no meaning.
        """
        packed = isinstance(input, PackedSequence)
        given = read_rows("input", input, self.input_size, lengths, batch_first=self.batch_first)
        left = None if given.valid is None else given.valid.sum(1)
        output = self._walk(given.values.transpose(1, 2), left).transpose(1, 2)
        after = None if left is None else self.new_lengths(left)
        if not given.batched:
            return output.squeeze(0), after
        return output if self.batch_first and not packed else output.transpose(0, 1), after

    def new_lengths(self, lengths: Tensor | Sequence[int]) -> Tensor:
        """How many steps come out for rows of ``lengths (B,)`` steps."""
        raise NotImplementedError

    def chunk(self, input: Tensor, state: FrontState | None = None) -> tuple[Tensor, FrontState]:
        """A piece of a sequence.

        Args:
            input: ``(n, B, F)``, or ``(B, n, F)`` with ``batch_first``.
            state: what the piece before left behind; None at the start.

        Returns:
            output, with as many steps as became due, which may be none, and the new state.
        """
        values = read_rows("input", input, self.input_size, batch_first=self.batch_first)
        if not values.batched:
            raise ShapeError(f"a chunk needs its batch axis, got {tuple(input.shape)}: use .unsqueeze")
        output, state = self._advance(values.values.transpose(1, 2), self._check_state(state, values.values))
        output = output.transpose(1, 2)
        return output if self.batch_first else output.transpose(0, 1), state

    def step(self, x: Tensor, state: FrontState | None = None) -> tuple[Tensor | None, FrontState]:
        """One step.

        Args:
            x: ``(B, F)``.
            state: what the step before left behind; None at the start.

        Returns:
            output ``(B, output_size)``, or None where none is due yet, and the new state.
        """
        if not isinstance(x, Tensor) or x.dim() != 2 or x.shape[1] != self.input_size:
            raise ShapeError(f"x must have shape (B, {self.input_size}), got {tuple(getattr(x, 'shape', ()))}")
        output, state = self._advance(x.unsqueeze(-1), self._check_state(state, x))
        return (output.squeeze(-1) if output.shape[-1] else None), state

    def init_state(
        self, batch_size: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> FrontState:
        """The state before the first step; ``device`` and ``dtype`` are those of the parameters when not given."""
        like = next(self.parameters())
        device, dtype = device or like.device, dtype or like.dtype
        windows = [torch.zeros(batch_size, *shape, device=device, dtype=dtype) for shape in self._window_shapes()]
        return FrontState(tuple(windows), (0,) * len(windows))

    def _check_state(self, state: FrontState | None, like: Tensor) -> FrontState:
        if state is None:
            return self.init_state(len(like), like.device, like.dtype)
        if not isinstance(state, FrontState):
            raise InputError(f"state must be what init_state or the step before returned, got {type(state).__name__}")
        shapes = [tuple(window.shape) for window in state.windows]
        expected = [(len(like), *shape) for shape in self._window_shapes()]
        if shapes != expected:
            raise ShapeError(f"the windows of the state must have shapes {expected}, got {shapes}")
        return state

    def _window_shapes(self) -> list[tuple[int, int]]:
        raise NotImplementedError

    def _walk(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """``(B, F, T)`` to ``(B, output_size, T')``."""
        raise NotImplementedError

    def _advance(self, x: Tensor, state: FrontState) -> tuple[Tensor, FrontState]:
        """``(B, F, n)`` to ``(B, output_size, n')`` and the new state."""
        raise NotImplementedError


class ConvolutionFront(Front):
    """Layers of convolution over time.

    Output step ``j`` of a layer with stride ``s`` belongs to its input step ``j * s``, so T steps become
    ``ceil(T / s)``. A causal layer sees that step and those before it; with ``"same"`` padding it sees as many after as
    before. What lies outside the sequence is zero.

    Args:
        input_size: features ``F``.
        output_size: features of every layer.
        kernel_size: taps of the kernel, a number or one a layer (default 3).
        num_layers: layers (default 1).
        stride: a number or one a layer (default 1).
        dilation: input steps between taps, a number or one a layer (default 1).
        padding: ``"causal"`` (default), which can also run step by step, or ``"same"``.
        activation: after each layer, a name or a callable (default ``"relu"``).
        batch_first: input and output are ``(B, T, F)``, not ``(T, B, F)``.

    Source: the causal, dilated form is that of van den Oord et al., *WaveNet* (2016), section 2.1.

    >>> front = ConvolutionFront(3, 8, kernel_size=5, num_layers=2, stride=2)
    >>> output, lengths = front(torch.randn(10, 4, 3), lengths=[10, 9, 1, 0])
    >>> output.shape, lengths
    (torch.Size([3, 4, 8]), tensor([3, 3, 1, 0]))
    >>> y, state = front.step(torch.randn(4, 3), front.init_state(4))
    >>> y.shape
    torch.Size([4, 8])
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        kernel_size: int | Sequence[int] = 3,
        num_layers: int = 1,
        stride: int | Sequence[int] = 1,
        dilation: int | Sequence[int] = 1,
        padding: str = "causal",
        activation: str | Activation = "relu",
        *,
        batch_first: bool = False,
    ):
        super().__init__()
        self.input_size, self.output_size = check_size("input_size", input_size), check_size("output_size", output_size)
        layers = check_size("num_layers", num_layers)
        check_choice("padding", padding, ("causal", "same"))
        self.padding, self.batch_first, self.activation = padding, batch_first, find_activation(activation)
        kernels = _one_a_layer("kernel_size", kernel_size, layers)
        self.strides = _one_a_layer("stride", stride, layers)
        dilations = _one_a_layer("dilation", dilation, layers)
        self.reaches = [(kernel - 1) * gap for kernel, gap in zip(kernels, dilations, strict=True)]
        sizes = [input_size, *[output_size] * (layers - 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(size, output_size, kernel, pace, dilation=gap)
            for size, kernel, pace, gap in zip(sizes, kernels, self.strides, dilations, strict=True)
        )

    def new_lengths(self, lengths: Tensor | Sequence[int]) -> Tensor:
        """``ceil(length / stride)``, layer after layer.

        >>> ConvolutionFront(1, 1, stride=4).new_lengths([0, 1, 4, 5])
        tensor([0, 1, 1, 2])
        """
        given = torch.as_tensor(lengths)
        for stride in self.strides:
            given = (given + stride - 1) // stride
        return given

    def _walk(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        for convolution, stride, reach in zip(self.convolutions, self.strides, self.reaches, strict=True):
            before = reach if self.padding == "causal" else reach // 2
            x = self.activation(convolution(nn.functional.pad(x, (before, reach - before))))
            if lengths is not None:
                lengths = (lengths + stride - 1) // stride
                # What a layer makes of padding is not zero, and the next layer would see it.
                padding = torch.arange(x.shape[-1], device=x.device) >= lengths.unsqueeze(1)
                x = x.masked_fill(padding.unsqueeze(1), 0)
        return x

    def _advance(self, x: Tensor, state: FrontState) -> tuple[Tensor, FrontState]:
        if self.padding != "causal":
            raise InputError("padding='same' looks ahead, so it cannot run in pieces: use padding='causal'")
        windows, counts = [], []
        for index, (convolution, stride, reach) in enumerate(
            zip(self.convolutions, self.strides, self.reaches, strict=True)
        ):
            count, steps = state.counts[index], x.shape[-1]
            seen = torch.cat([state.windows[index], x], -1)
            windows.append(seen[..., seen.shape[-1] - reach :])
            counts.append((count + steps) % stride)
            due = -count % stride  # where in x the next output lies
            if due < steps:
                x = self.activation(convolution(seen[..., due:]))
            else:
                x = x.new_zeros(len(x), self.output_size, 0)
        return x, FrontState(tuple(windows), tuple(counts))

    def _window_shapes(self) -> list[tuple[int, int]]:
        sizes = [self.input_size, *[self.output_size] * (len(self.reaches) - 1)]
        return list(zip(sizes, self.reaches, strict=True))

    def extra_repr(self) -> str:
        """What the convolutions themselves do not show."""
        return f"padding={self.padding!r}"


class SegmentFront(Front):
    """Segments of several steps, each one step of the core: T steps become ``ceil(T / segment_length)``.

    The steps of a segment are laid side by side and go through one affine map and the activation. A last segment that
    is not full is filled up with zeros.

    Args:
        input_size: features ``F``.
        output_size: features of the output.
        segment_length: steps of a segment.
        activation: a name or a callable (default ``"relu"``).
        batch_first: input and output are ``(B, T, F)``, not ``(T, B, F)``.

    Source: Lin et al., *SegRNN: segment recurrent neural network for long-term time series forecasting* (2023),
    section 3.2.

    >>> output, lengths = SegmentFront(3, 8, segment_length=4)(torch.randn(12, 2, 3), lengths=[12, 5])
    >>> output.shape, lengths
    (torch.Size([3, 2, 8]), tensor([3, 2]))
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        segment_length: int,
        activation: str | Activation = "relu",
        *,
        batch_first: bool = False,
    ):
        super().__init__()
        self.input_size, self.output_size = check_size("input_size", input_size), check_size("output_size", output_size)
        self.segment_length, self.batch_first = check_size("segment_length", segment_length), batch_first
        self.activation = find_activation(activation)
        self.linear = nn.Linear(segment_length * input_size, output_size)

    def new_lengths(self, lengths: Tensor | Sequence[int]) -> Tensor:
        """``ceil(length / segment_length)``."""
        return (torch.as_tensor(lengths) + self.segment_length - 1) // self.segment_length

    def _walk(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        output = self._project(nn.functional.pad(x, (0, -x.shape[-1] % self.segment_length)))
        if lengths is not None:
            padding = torch.arange(output.shape[-1], device=x.device) >= self.new_lengths(lengths).unsqueeze(1)
            output = output.masked_fill(padding.unsqueeze(1), 0)
        return output

    def _project(self, x: Tensor) -> Tensor:
        """Full segments, ``(B, F, n * segment_length)`` to ``(B, output_size, n)``."""
        segments = x.unflatten(-1, (-1, self.segment_length)).permute(0, 2, 3, 1).flatten(2)
        return self.activation(self.linear(segments)).transpose(1, 2)

    def _advance(self, x: Tensor, state: FrontState) -> tuple[Tensor, FrontState]:
        (window,), (count,) = state
        seen = torch.cat([window[..., window.shape[-1] - count :], x], -1) if count else x
        full = seen.shape[-1] - seen.shape[-1] % self.segment_length
        output = self._project(seen[..., :full]) if full else x.new_zeros(len(x), self.output_size, 0)
        rest = seen[..., full:]
        # The window keeps its size, so that states of different moments fit the same memory.
        missing = self.segment_length - 1 - rest.shape[-1]
        return output, FrontState((nn.functional.pad(rest, (missing, 0)),), (rest.shape[-1],))

    def _window_shapes(self) -> list[tuple[int, int]]:
        return [(self.input_size, self.segment_length - 1)]


def _one_a_layer(name: str, value: int | Sequence[int], layers: int) -> list[int]:
    values = list(value) if isinstance(value, (list, tuple)) else [value] * layers
    if len(values) != layers:
        raise InputError(f"{name} lists {len(values)} layers and num_layers is {layers}: give one a layer")
    return [check_size(name, each) for each in values]
