"""What is installed, said truly."""

from __future__ import annotations

import json
import platform

import torch

from grunit.cli import doctor


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
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", f"{compiler} -O3")
    assert doctor.find_compiler() == str(compiler)
    monkeypatch.setenv("CC", str(tmp_path / "none"))
    assert doctor.find_compiler() is None
