"""What the tests of single steps share: noise in double precision, the two affine maps, torch's cell beside ours."""

from __future__ import annotations

import torch
from torch import Tensor

DOUBLE = torch.float64


def noise(*shape: int) -> Tensor:
    """Normal numbers in double precision."""
    return torch.randn(*shape, dtype=DOUBLE)


def assert_same(got, expected) -> None:
    """Two tuples of tensors are equal to the rounding of double precision."""
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def halves(cell, x, h) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """``W x + b`` and ``U h + b'``, each cut into gates."""
    count = len(cell.stacked)
    return (x @ cell.weight_ih.T + cell.bias_ih).chunk(count, 1), (h @ cell.weight_hh.T + cell.bias_hh).chunk(count, 1)


def sums(cell, x, h) -> tuple[Tensor, ...]:
    """``W x + b + U h + b'``, cut into gates."""
    return tuple(a + b for a, b in zip(*halves(cell, x, h), strict=True))


def beside_torch(kind, torch_kind, features: int, units: int, bias: bool):
    """A cell of ours and one of ``torch.nn`` with the same parameters, by name."""
    ours = kind(features, units, bias=bias, dtype=DOUBLE)
    theirs = torch_kind(features, units, bias=bias, dtype=DOUBLE)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def without_peepholes(cell, plain):
    """The cell with its peepholes set to zero, and the plain cell with its other weights."""
    peepholes = [name for name in cell.state_dict() if name.startswith("weight_c")]
    assert peepholes
    with torch.no_grad():
        for name in peepholes:
            cell.get_parameter(name).zero_()
    plain.load_state_dict({name: value for name, value in cell.state_dict().items() if name not in peepholes})
    return cell, plain
