"""The machine, without what would tell whose it is."""

from __future__ import annotations

import getpass
import json
import platform
from pathlib import Path

import torch

from grunit.cli import machine


def test_versions_are_those_installed():
    facts = machine.describe_machine()
    assert facts["versions"]["torch"] == torch.__version__
    assert facts["python"] == platform.python_version()
    assert facts["cores"] >= 1


def test_no_folder_host_or_user():
    text = json.dumps(machine.describe_machine())
    assert str(Path.cwd()) not in text
    assert platform.node() not in text or len(platform.node()) < 4
    assert f"/{getpass.getuser()}" not in text


def test_vector_flags_are_whole_words(monkeypatch):
    monkeypatch.setattr(machine, "read_processor", lambda: {"flags": "fma4 avx2 avx512f_like", "model name": "X"})
    assert machine.describe_machine()["flags"] == ["avx2"]


def test_no_commit_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "__file__", str(tmp_path / "a" / "b.py"))
    assert machine.read_commit() is None
