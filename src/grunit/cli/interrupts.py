"""Ctrl-C, remembered: a library that is being loaded may swallow the exception, and then go on or fail strangely."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupt:
    """Python's own handler of SIGINT, which also remembers that one came.

    Attributes:
        came: whether one did.
        stands_for_default: that it may be replaced where Python's own may, see
            :func:`grunit.training.interrupt.deferred_interrupt`.
    """

    stands_for_default = True

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: Any) -> None:
        """Raise KeyboardInterrupt."""
        self.came = True
        signal.default_int_handler(number, frame)


@contextmanager
def remembered() -> Iterator[Interrupt]:
    """Within the block an interrupt is remembered; a program that has its own handler keeps it.

    >>> with remembered() as interrupt:
    ...     interrupt.came
    False
    """
    interrupt = Interrupt()
    ours = threading.current_thread() is threading.main_thread()
    ours = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupt
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
