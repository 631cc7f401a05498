"""Where a step multiplies its state with matrices: found by watching the step, so that any cell can be asked.

Dropout on a state must reach these products and nothing else. A gated unit also carries its state on,
``h' = z * h + ...``; if the kept part were scaled by ``1 / (1 - share)`` there, it would grow at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from grunit.cells import Cell

PRODUCTS = frozenset((
    "linear", "bilinear", "matmul", "__matmul__", "__rmatmul__", "mm", "mv", "bmm", "einsum", "tensordot", "addmm",
    "addmv", "addbmm", "baddbmm",
))  # fmt: skip
"""Names of torch's functions that multiply matrices."""

PIECES = frozenset((
    "chunk", "split", "tensor_split", "narrow", "select", "unbind", "__getitem__", "view", "reshape", "flatten",
    "unflatten",
))  # fmt: skip
"""What gives parts of the state, or all of it in another shape: the same part of the mask belongs to them."""

TURNS = frozenset(["t", "transpose", "swapaxes", "permute", "movedim", "__get__"])
"""What may give a matrix of the same shape that is not the state, when there are as many rows as units."""


class MaskedProducts(TorchFunctionMode):
    """While it is active, matrix products read a state multiplied by a mask; everything else reads it as it is.

    What is made of the state without a product and has its shape, such as ``r * h``, is masked in products too; in a
    concatenation the state's part is.

    Args:
        state: ``(B, H)``, the very tensor that the step gets.
        mask: ``(B, H)``.

    >>> h, U = torch.ones(1, 2), torch.eye(2)
    >>> with MaskedProducts(h, torch.tensor([[0.0, 2.0]])):
    ...     result = h + h @ U
    >>> result
    tensor([[1., 3.]])
    """

    def __init__(self, state: Tensor, mask: Tensor):
        super().__init__()
        self.masks = {id(state): (state, mask)}  # the tensor too, so that its id stays its own
        self.factors: list[Tensor] = []
        """What the state was multiplied with."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Call ``func``, a product with masked arguments, and see whether its result is still the state."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        given: list[Tensor] = []
        tree_map(lambda value: given.append(value) if isinstance(value, Tensor) else None, (args, kwargs))
        tracked = [self.masks[id(value)] for value in given if id(value) in self.masks]
        if not tracked:
            return func(*args, **kwargs)
        if name in PRODUCTS:
            self.factors += [value for value in given if id(value) not in self.masks]
            args, kwargs = tree_map(self._masked, (args, kwargs))
            return func(*args, **kwargs)
        result = func(*args, **kwargs)
        if name in PIECES:
            masks = func(*tree_map(self._mask_of, args), **tree_map(self._mask_of, kwargs))
            several = isinstance(result, (tuple, list))
            for piece, mask in zip(result, masks, strict=True) if several else [(result, masks)]:
                self.masks[id(piece)] = (piece, mask)
        elif (
            name in ("cat", "concat", "concatenate") and result.dim() == 2 and result.shape[1] > tracked[0][0].shape[1]
        ):
            pieces = [self.masks[id(v)][1] if id(v) in self.masks else torch.ones_like(v) for v in given]
            self.masks[id(result)] = (result, torch.cat(pieces, 1))
        elif isinstance(result, Tensor) and result.is_floating_point() and name not in TURNS:
            same = [mask for value, mask in tracked if _alike(value, result)]
            if same:
                self.masks[id(result)] = (result, same[0])
        return result

    def _mask_of(self, value: Any) -> Any:
        return self.masks[id(value)][1] if isinstance(value, Tensor) and id(value) in self.masks else value

    def _masked(self, value: Any) -> Any:
        return value * self.masks[id(value)][1] if isinstance(value, Tensor) and id(value) in self.masks else value


def _alike(value: Tensor, result: Tensor) -> bool:
    """Whether both have the same features; the number of rows is not looked at, a capture leaves it open."""
    return result.dim() == value.dim() == 2 and isinstance(result.shape[1], int) and result.shape[1] == value.shape[1]


def recurrent_weights(cell: Cell) -> tuple[str, ...]:
    """Names of the parameters, matrices, that a step multiplies its output state with.

    >>> from grunit.cells import LSTM
    >>> recurrent_weights(LSTM(3, 5))
    ('weight_hh',)
    """
    like = next((value for value in cell.parameters() if value.is_floating_point()), torch.empty(0))
    hidden_size, sizes = cell.hidden_size or 1, {"x": cell.input_size or 1, **cell.input_sizes()}
    named = {name: like.new_zeros(2, sizes.get(name, 1)) for name in cell.inputs}
    named.update((name, like.new_zeros(2, cell.state_sizes().get(name, hidden_size))) for name in cell.state)
    state = named[cell.state[0]]
    weights = {name: value.detach().clone() for name, value in cell.named_parameters() if value.is_floating_point()}
    with torch.inference_mode(False), torch.enable_grad():
        leaves = {name: value.requires_grad_() for name, value in weights.items()}
        with MaskedProducts(state, torch.ones_like(state)) as products:
            functional_call(cell, leaves, tuple(named[name] for name in cell.argument_order()))
        # A weight may be read through views and copies, or as a product of two: autograd knows what it was made of.
        made = [value for value in products.factors if value.requires_grad]
        total = sum((value.sum() for value in made), torch.zeros(()))
        found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True) if made else [None] * len(leaves)
    read = {name for name, gradient in zip(leaves, found, strict=True) if gradient is not None}
    return tuple(name for name, value in cell.named_parameters() if name in read and value.dim() > 1)
