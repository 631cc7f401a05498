"""Which backend is chosen: the nearest block, then the environment, then automatically."""

from __future__ import annotations

import pytest

from grunit.compiler.select import backend, check_backend, chosen_backend
from grunit.errors import InputError


def test_blocks_nest_and_end_even_after_an_error():
    def fail():
        with backend("torch"):
            assert chosen_backend() == "torch"
            raise KeyError

    with backend("auto"):
        with pytest.raises(KeyError):
            fail()
        assert chosen_backend() == "auto"


@pytest.mark.parametrize(("name", "words"), [("torhc", "did you mean 'torch'"), ("zzz", "use one of auto, torch")])
def test_an_unknown_backend_is_refused_naming_where_it_came_from(name, words):
    with pytest.raises(InputError, match=f"unknown backend '{name}' in the file: .*{words}"):
        check_backend(name, "the file")
