"""--set key=value: names and types checked before any work."""

from __future__ import annotations

from typing import Any

import pytest

from grunit.cli.settings import read_settings
from grunit.errors import InputError


class Estimator:
    def __init__(
        self,
        h: int,
        *,
        hidden_size: int = 32,
        lr: float = 1e-3,
        cell: str | type = "gru",
        clip: float | None = 1.0,
        shuffle: bool = True,
        quantiles: tuple[float, ...] = (0.1, 0.9),
        cell_options: dict[str, object] | None = None,
        lags=None,
        level: Any = (80, 95),
        layers: Any = "gru",
    ): ...


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("hidden_size=64", 64),
        ("lr=1", 1.0),
        ("lr=1e-4", 1e-4),
        ("cell=peephole_lstm", "peephole_lstm"),
        ("clip=none", None),
        ("clip=0.5", 0.5),
        ("shuffle=no", False),
        ("shuffle=true", True),
        ("quantiles=0.2,0.8", (0.2, 0.8)),
        ("quantiles=[0.2, 0.8]", (0.2, 0.8)),
        ('cell_options={"forget_bias": 1}', {"forget_bias": 1}),
        ("lags=7", 7),
        ("level=80", (80,)),
        ("level=50,90", (50, 90)),
        ("layers=lstm", "lstm"),
        ("layers=lstm,gru", ["lstm", "gru"]),
    ],
)
def test_values_get_the_type_of_the_argument(pair, value):
    (read,) = read_settings([pair], Estimator).values()
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("pair", "part"),
    [
        ("hiden_size=64", "did you mean 'hidden_size'"),
        ("zzz=1", "it takes hidden_size"),
        ("hidden_size=many", "give a whole number"),
        ("hidden_size=1.5", "give a whole number"),
        ("clip=big", "give a number or none"),
        ("shuffle=perhaps", "give true or false"),
        ("cell_options=3", "--set cell_options=3"),
        ("hidden_size", "not KEY=VALUE"),
        ("=3", "not KEY=VALUE"),
        ("h=3", "an option of its own: write --h 3"),
    ],
)
def test_what_cannot_be_is_refused(pair, part):
    with pytest.raises(InputError, match=r"--set") as caught:
        read_settings([pair], Estimator, reserved={"h"})
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("pair", "part"),
    [("cell=lstm", "an option of its own: write --cell lstm"), ("lags=3", "this is for Python alone: leave it out")],
)
def test_what_is_said_elsewhere_is_sent_there(pair, part):
    with pytest.raises(InputError, match=part):
        read_settings([pair], Estimator, reserved=("cell", "lags"))


def test_twice_is_refused():
    with pytest.raises(InputError, match="twice"):
        read_settings(["lr=1", "lr=2"], Estimator)


def test_nothing_is_nothing():
    assert read_settings(None, Estimator) == {}
