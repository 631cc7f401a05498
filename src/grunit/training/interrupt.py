"""Ctrl-C and SIGTERM wait for the batch to end, so that what is left behind is a whole step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C or SIGTERM is only noted; a second one interrupts at once.

    Yields:
        a function that says whether one came. In a thread other than the main one, where Python does not deliver
        signals, it always says no.

    >>> with deferred_interrupt() as interrupted:
    ...     interrupted()
    False
    """
    came = threading.Event()
    # A program that has its own handler keeps it.
    ours = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {number: handler for number, handler in ours.items() if signal.getsignal(number) is handler}
    if threading.current_thread() is not threading.main_thread():
        before = {}

    def note(number: int, frame: Any) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    for number in before:
        signal.signal(number, note)
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
