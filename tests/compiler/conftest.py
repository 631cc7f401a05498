"""The tests of the compiler run on its reference backend; the other backends are tested against it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grunit.compiler import backend


@pytest.fixture(autouse=True, scope="module")
def _reference_backend() -> Iterator[None]:
    with backend("torch"):
        yield
