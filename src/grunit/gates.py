"""Named intermediates: ``gate("forget_gate", value)`` gives a value its name and changes nothing else.

Cells name their gates with it, the compiler reads the names while it traces a step, and
:func:`grunit.trace` reads the values. When nobody listens it costs one attribute look-up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_listening = threading.local()


def gate(name: str, value: Tensor) -> Tensor:
    """Name an intermediate of a step, for pictures and for the compiler's printout; returns ``value``.

    Args:
        name: the name it is known by, for example ``"forget_gate"``; unique within one step.
        value: any tensor of the step, shape ``(B, n)``.

    >>> gate("update_gate", torch.ones(1, 2))
    tensor([[1., 1.]])
    """
    if torch.compiler.is_compiling():
        return value
    record = getattr(_listening, "record", None)
    if record is not None:
        record[name] = value
    return value


@contextmanager
def record_gates() -> Iterator[dict[str, Tensor]]:
    """Collect what :func:`gate` names while the block runs (this thread only).

    >>> with record_gates() as gates:
    ...     _ = gate("update_gate", torch.zeros(1, 1))
    >>> list(gates)
    ['update_gate']
    """
    before = getattr(_listening, "record", None)
    record: dict[str, Tensor] = {}
    _listening.record = record
    try:
        yield record
    finally:
        _listening.record = before
