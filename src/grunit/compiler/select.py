"""Which backend runs: chosen by name, by environment variable, or automatically."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from grunit.errors import InputError, suggest

BACKENDS = ("auto", "torch", "c", "triton")
READY = ("auto", "torch", "c")

_chosen: ContextVar[str | None] = ContextVar("grunit_backend", default=None)


def check_backend(name: str, origin: str) -> str:
    """The name if it is a backend that can run here; ``origin`` says where the name came from.

    Raises:
        InputError: an unknown name, or a backend this version does not have.
    """
    if name not in BACKENDS:
        hint = suggest(name, BACKENDS, "use one of " + ", ".join(READY))
        raise InputError(f"unknown backend {name!r} in {origin}: {hint}")
    if name not in READY:
        raise InputError(
            f"the backend {name!r} in {origin} is not part of this version: use one of " + ", ".join(READY)
        )
    return name


@contextmanager
def backend(name: str) -> Iterator[None]:
    """Run sequences on one backend inside a ``with`` block.

    Args:
        name: ``"torch"``, ``"c"``, or ``"auto"`` for the fastest that can run the cell. Outside any block the
            environment variable ``GRUNIT_BACKEND`` decides, and without it ``"auto"``.

    Raises:
        InputError: an unknown or missing backend.

    >>> with backend("torch"):
    ...     chosen_backend()
    'torch'
    """
    token = _chosen.set(check_backend(name, "grunit.backend()"))
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen_backend() -> str:
    """The backend asked for here: by the nearest ``with grunit.backend(...)``, else ``GRUNIT_BACKEND``, else auto."""
    name = _chosen.get()
    if name is not None:
        return name
    return check_backend(os.environ.get("GRUNIT_BACKEND", "auto"), "the environment variable GRUNIT_BACKEND")
