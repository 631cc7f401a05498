"""Ctrl-C waits for the batch to end, so that what is left behind is a whole step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C is only noted; a second one interrupts at once.

    Yields:
        a function that says whether Ctrl-C was pressed. In a thread other than the main one, where Python does not
        deliver Ctrl-C, it always says no.

    >>> with deferred_interrupt() as interrupted:
    ...     interrupted()
    False
    """
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    # A program that has its own handler for Ctrl-C keeps it.
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield pressed.is_set
        return

    def note(number: int, frame: Any) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
