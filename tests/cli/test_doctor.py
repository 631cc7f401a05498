"""What is installed, said truly."""

from __future__ import annotations

import json
import platform

import pytest
import torch

import grunit
from grunit.cli import doctor
from grunit.cli.catalogue import CLASSIC
from grunit.cli.doctor_compiler import describe_cache, describe_compiler


def test_machine_answer(run, monkeypatch, tmp_path):
    monkeypatch.setenv("GRUNIT_DATA", str(tmp_path / "nowhere"))
    answer = run("doctor", "--json")
    report = json.loads(answer.out)
    assert answer.status == 0
    assert report["python"] == platform.python_version()
    assert report["torch"] == torch.__version__
    assert report["cpu"]["threads"] == torch.get_num_threads()
    assert report["backends"]["torch"] == {"works": True, "reason": None}
    assert report["data"] == {"path": str(tmp_path / "nowhere"), "found": False}
    for backend in report["backends"].values():
        assert backend["works"] or backend["reason"]


def test_people_answer_names_every_backend_and_extra(run):
    out = run("doctor").out
    for name in doctor.BACKENDS:
        assert f"backend {name}" in out
    for name in doctor.extras():
        assert f"extra {name}" in out
    assert "matplotlib" in doctor.extras()["report"]


def test_missing_packages_come_with_the_command_that_installs_them(run, monkeypatch):
    monkeypatch.setattr(doctor, "extras", lambda: {"report": ["matplotlib", "surely-not-installed"]})
    assert "no surely-not-installed: pip install 'grunit[report]'" in run("doctor").out


def test_compiler_follows_the_environment(monkeypatch, tmp_path):
    compiler = tmp_path / "mycc"
    compiler.write_text("#!/bin/sh\necho mycc 1.2\necho and more")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", f"{compiler} -O3")
    found = describe_compiler()
    assert (found["path"], found["version"], found["reason"]) == (str(compiler), "mycc 1.2", None)
    monkeypatch.setenv("CC", str(tmp_path / "none"))
    found = describe_compiler()
    assert (found["path"], found["version"]) == (None, None)
    assert "mend or unset it" in found["reason"]


def test_the_cache_says_what_it_holds_or_why_it_cannot_be_used(monkeypatch, tmp_path):
    monkeypatch.setenv("GRUNIT_CACHE", str(tmp_path / "new"))
    assert describe_cache() == {"path": str(tmp_path / "new"), "libraries": 0, "bytes": 0, "reason": None}
    (tmp_path / "new" / "one.so").write_bytes(b"12345")
    assert describe_cache() | {"path": 0} == {"path": 0, "libraries": 1, "bytes": 5, "reason": None}
    (tmp_path / "new").chmod(0o777)
    assert "chmod 700" in describe_cache()["reason"]


def test_each_cell_has_a_backend_and_a_reason_and_quick_compiles_nothing(run, monkeypatch, tmp_path):
    monkeypatch.setenv("GRUNIT_CACHE", str(tmp_path))
    monkeypatch.setenv("GRUNIT_CFLAGS", "-O0")
    out = run("doctor", "--quick", "--json").out
    assert json.loads(out)["cells"] is None
    assert list(tmp_path.iterdir()) == []
    report = json.loads(run("doctor", "--json").out)
    assert report["cells"]["lstm"] == {"backend": "torch", "reason": "the torch backend was asked for"}
    assert tuple(report["cells"]) == CLASSIC
    if report["compiler"]["path"]:
        monkeypatch.setenv("GRUNIT_BACKEND", "auto")
        assert {cell["backend"] for cell in json.loads(run("doctor", "--json").out)["cells"].values()} == {"c"}


@pytest.mark.slow
def test_every_cell_is_told_when_asked(run, monkeypatch):
    report = json.loads(run("doctor", "--all", "--json").out)
    assert list(report["cells"]) == grunit.cells.names()
    assert all(cell["reason"] for cell in report["cells"].values())
