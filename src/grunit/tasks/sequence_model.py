"""The network of a sequence classifier or regressor: front, recurrent core, pooling, head, and a branch beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.nn import ConvolutionFront, Pooling, Recurrent, SegmentFront

FRONTS = (None, "convolution", "segments")
BRANCHES = (None, "convolution")


class ConvolutionBranch(nn.Module):
    """Convolutions over time, each normalised over the batch, and their mean over a row's own steps.

    Args:
        input_size: features ``F``.
        channels: features of each layer.
        kernel_sizes: taps of each layer; as many zeros stand around the sequence as keep its length.

    Source: the fully convolutional block of Wang, Yan & Oates, *Time series classification from scratch* (2017), which
    Karim et al., *LSTM fully convolutional networks for time series classification* (2018) set beside an LSTM.

    >>> ConvolutionBranch(3, (4, 5), (3, 3))(torch.randn(2, 7, 3), torch.tensor([7, 4])).shape
    torch.Size([2, 5])
    """

    def __init__(
        self, input_size: int, channels: Sequence[int] = (128, 256, 128), kernel_sizes: Sequence[int] = (8, 5, 3)
    ):
        super().__init__()
        if len(channels) != len(kernel_sizes) or not channels:
            raise InputError(f"branch: {len(channels)} channels and {len(kernel_sizes)} kernel_sizes: give one a layer")
        sizes = [input_size, *channels]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, taps) for before, after, taps in zip(sizes, channels, kernel_sizes, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in channels)
        self.kernel_sizes, self.output_size = list(kernel_sizes), channels[-1]

    def forward(self, input: Tensor, lengths: Tensor | None = None) -> Tensor:
        """``(B, T, F)`` and the steps ``(B,)`` of each row -> ``(B, output_size)``."""
        rows, steps = input.shape[:2]
        left = torch.full((rows,), steps) if lengths is None else lengths
        valid = torch.arange(steps, device=input.device) < left.to(input.device).unsqueeze(1)  # (B, T)
        x = input * valid.unsqueeze(-1)
        for convolution, norm, taps in zip(self.convolutions, self.norms, self.kernel_sizes, strict=True):
            padded = nn.functional.pad(x.transpose(1, 2), ((taps - 1) // 2, taps // 2))
            walked = convolution(padded).transpose(1, 2)
            # Only steps that are there count in the statistics, or a row would depend on the length of its neighbours.
            x = torch.zeros_like(walked).masked_scatter(valid.unsqueeze(-1), self._normalise(norm, walked[valid]))
        return x.sum(1) / left.to(x).unsqueeze(1)

    def _normalise(self, norm: nn.Module, x: Tensor) -> Tensor:
        """``(n, C)`` normalised and rectified; a single step has no spread, so what is known already serves it."""
        if self.training and len(x) == 1:
            assert isinstance(norm, nn.BatchNorm1d)
            x = nn.functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
        else:
            x = norm(x)
        return torch.relu(x)


class SequenceModel(nn.Module):
    """From a sequence to one vector of outputs.

    Args:
        cell, hidden_size, num_layers, bidirectional, dropout: of the core, as in :class:`grunit.Recurrent`; the dropout
            also stands before the head.
        features: F of the input.
        outputs: numbers that come out: classes or targets.
        pooling: how the core's outputs become one vector, see :class:`grunit.nn.Pooling`.
        front: ``"convolution"`` (:class:`grunit.nn.ConvolutionFront`), ``"segments"``
            (:class:`grunit.nn.SegmentFront`) or None.
        branch: ``"convolution"`` for a :class:`ConvolutionBranch` beside the core, or None.
        options: of the cell and the core.
        front_options, branch_options: of these.

    >>> model = SequenceModel("gru", 3, 8, outputs=2, pooling=["last", "max"])
    >>> model(torch.randn(4, 7, 3), torch.tensor([7, 7, 2, 1])).shape
    torch.Size([4, 2])
    """

    def __init__(
        self,
        cell: Any,
        features: int,
        hidden_size: int,
        *,
        outputs: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        pooling: str | Sequence[str] = "last",
        front: str | None = None,
        front_options: dict[str, Any] | None = None,
        branch: str | None = None,
        branch_options: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ):
        super().__init__()
        self.features, size = features, features
        self.front: nn.Module | None = None
        if front is not None:
            given = {"output_size": hidden_size, **(front_options or {})}
            kind = {"convolution": ConvolutionFront, "segments": SegmentFront}[front]
            self.front = kind(features, batch_first=True, **given)
            size = given["output_size"]
        self.core = Recurrent(
            cell,
            size,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            batch_first=True,
            **(options or {}),
        )
        if self.core.extra_input_names:
            raise InputError(
                f"the cell {cell!r} also needs {', '.join(self.core.extra_input_names)} at every step, which sequences "
                "of numbers do not bring: choose another cell"
            )
        split = bidirectional and self.core.merge == "concat" and not self.core.projection
        self.pooling = Pooling(self.core.output_size, pooling, batch_first=True, bidirectional=split)
        self.branch = ConvolutionBranch(features, **(branch_options or {})) if branch else None
        self.dropout = nn.Dropout(dropout)
        beside = self.branch.output_size if self.branch is not None else 0
        self.head = nn.Linear(self.pooling.output_size + beside, outputs)

    def forward(self, input: Tensor, lengths: Tensor | None = None) -> Tensor:
        """``(B, T, F)`` and the steps ``(B,)`` of each row, None where all have T -> ``(B, outputs)``."""
        summary = self.dropout(self.pooling(*self.walk(input, lengths)))
        if self.branch is not None:
            summary = torch.cat([summary, self.branch(input, lengths)], -1)
        return self.head(summary)

    def walk(self, input: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """What the core gives at each step, ``(B, T', C)``, and the steps of each row after the front."""
        if self.front is not None:
            input, lengths = self.front(input, lengths)
        return self.core(input, lengths=lengths)[0], lengths
