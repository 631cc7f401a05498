"""Ctrl-C and SIGTERM wait for the batch to end, so that what is left behind is a whole step."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def deferred_interrupt(patience: float = 0.0) -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C or SIGTERM is only noted; a second one interrupts at once.

    Args:
        patience: seconds after the first in which others are taken for the same.

    Raises:
        KeyboardInterrupt: the handler found, which stands for Python's own, says that one came already.

    Yields:
        a function that says whether one came. In a thread other than the main one, where Python does not deliver
        signals, it always says no.

    >>> with deferred_interrupt() as interrupted:
    ...     interrupted()
    False
    """
    came, first = threading.Event(), 0.0
    # A program that has its own handler keeps it.
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    found = {number: signal.getsignal(number) for number in defaults}
    before = {
        number: handler
        for number, handler in found.items()
        if handler is defaults[number] or getattr(handler, "stands_for_default", False)
    }
    if threading.current_thread() is not threading.main_thread():
        before = {}
    if any(getattr(handler, "came", False) for handler in before.values()):
        raise KeyboardInterrupt  # one came before, and was swallowed while a library was loaded

    def note(number: int, frame: Any) -> None:
        nonlocal first
        if not came.is_set():
            first = time.monotonic()
            came.set()
        elif time.monotonic() - first >= patience:
            raise KeyboardInterrupt

    for number in before:
        signal.signal(number, note)
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
