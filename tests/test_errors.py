"""One family of errors, each also the built-in kind that callers expect."""

from __future__ import annotations

import math

import pytest

from grunit import errors
from grunit.errors import GrunitError, MissingExtraError, require


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (errors.InputError, ValueError),
        (errors.ShapeError, RuntimeError),
        (errors.DataError, ValueError),
        (errors.BundleError, ValueError),
        (errors.NotFittedError, AttributeError),
        (errors.MissingExtraError, ImportError),
    ],
)
def test_every_error_is_of_the_family_and_of_a_built_in_kind(kind, also):
    assert issubclass(kind, GrunitError)
    with pytest.raises(also, match="one sentence"):
        raise kind("one sentence")


def test_the_warning_is_no_error():
    assert issubclass(errors.CompileWarning, UserWarning)
    assert not issubclass(errors.CompileWarning, GrunitError)


def test_require_returns_the_module():
    assert require("math", "none") is math


def test_require_names_the_package_and_the_extra():
    with pytest.raises(MissingExtraError, match=r"'absent_package'.*pip install 'grunit\[report\]'") as caught:
        require("absent_package.part", "report")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
