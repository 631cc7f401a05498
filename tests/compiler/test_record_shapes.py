"""The rules for results of common operations say what PyTorch says."""

from __future__ import annotations

import pytest
import torch

from grunit.compiler.record_shapes import COMPARISONS, POINTWISE, RULES

aten = torch.ops.aten


def like(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


A, ROW, COLUMN, NUMBER = like(6, 4), like(4), like(6, 1), like()
TURNED, PART, SPREAD = like(4, 6).t(), like(6, 12)[:, 2:6], like(6, 1).expand(6, 4)
ONE = [A, ROW, NUMBER, TURNED, PART, SPREAD, COLUMN, like(5, 6, 4), like(6, 0), A.double(), A.long(), A.bool()]
TWO = [(A, other) for other in (A, ROW, COLUMN, NUMBER, TURNED, PART, SPREAD, like(1, 4), like(5, 6, 4), A.double())]
TWO += [(second, first) for first, second in TWO] + [
    (TURNED, TURNED),
    (ROW, COLUMN),
]
MASK = A.bool()

CALLS = [
    *((operation, (value,)) for operation in POINTWISE[4:-2] for value in ONE),
    *((operation, pair) for operation in (*POINTWISE[:4], *POINTWISE[-2:]) for pair in TWO),
    *((operation, (2, value)) for operation in POINTWISE[:4] for value in ONE if value.is_floating_point()),
    *((operation.Tensor, pair) for operation in COMPARISONS for pair in TWO),
    *((operation.Scalar, (value, 0)) for operation in COMPARISONS for value in ONE),
    *((aten.where.self, (mask, *pair)) for mask in (MASK, MASK[:, :1]) for pair in TWO),
    *(
        (aten.sum.dim_IntList, (value, dims, keep))
        for value in ONE
        for dims in ([0], [-1], [], None)
        for keep in (0, 1)
    ),
    *((aten.mm.default, pair) for pair in ((A, TURNED.t().t().t()), (A, like(4, 3)), (TURNED, like(4, 3)), (A, A))),
    *(
        (aten.cat.default, (list(pair), dim))
        for pair in ((A, A), (A, PART), (TURNED, A), (A, A.double()))
        for dim in (0, -1)
    ),
]


def what_pytorch_says(operation, arguments):
    try:
        return operation(*arguments)
    except (RuntimeError, IndexError, NotImplementedError, TypeError) as error:
        return error


def steps(value: torch.Tensor) -> list[int]:
    """Strides of the axes along which there is a step to take."""
    return [step for size, step in zip(value.shape, value.stride()) if size > 1]


@pytest.mark.parametrize("operation", RULES, ids=str)
def test_a_rule_says_what_pytorch_says_or_nothing(operation):
    answers = 0
    for called, arguments in CALLS:
        if called is not operation:
            continue
        expected = what_pytorch_says(operation, arguments)
        try:
            said = RULES[operation](*arguments)
        except IndexError:
            said = None
        if said is not None:
            answers += 1
            assert isinstance(expected, torch.Tensor), arguments
            assert (said.shape, said.dtype, steps(said)) == (expected.shape, expected.dtype, steps(expected))
    assert answers or operation in (aten.full.default, aten.scalar_tensor.default)
