"""Checkpoints: whole or not at all, and nothing but data in them."""

from __future__ import annotations

import os

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import grunit
from grunit.training import Checkpoint
from grunit.training.packing import pack, unpack

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_plain_values_come_back_as_they_went(value):
    assert unpack(*pack(value)) == value


def test_disk_holds_the_exact_state_of_an_optimizer(tmp_path):
    weight = torch.nn.Parameter(torch.randn(3))
    optimizer = torch.optim.AdamW([weight], lr=0.1)
    weight.square().sum().backward()
    optimizer.step()
    checkpoint = Checkpoint.of({"optimizer": optimizer.state_dict(), "best": float("inf")})
    checkpoint.save(tmp_path / "moment")
    state = Checkpoint.load(tmp_path / "moment").state()
    assert state["best"] == float("inf")
    twin = torch.optim.AdamW([torch.nn.Parameter(weight.detach().clone())], lr=0.1)
    twin.load_state_dict(state["optimizer"])
    assert torch.equal(twin.state_dict()["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    file = tmp_path / "moment"
    Checkpoint.of({"epoch": 1}).save(file)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(grunit.GrunitError, match="No space left"):
        Checkpoint.of({"epoch": 2}).save(file)
    assert Checkpoint.load(file).state() == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["moment"]


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint", b"\x80\x04N."])
def test_a_foreign_file_is_refused(tmp_path, content):
    file = tmp_path / "moment"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(grunit.GrunitError, match="without resume"):
        Checkpoint.load(file)
