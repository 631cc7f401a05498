"""``grunit doctor``: what is installed, which backends work, why not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from grunit.cli.doctor_compiler import describe_cache, describe_cells, describe_compiler, show_compiler
from grunit.cli.options import Json
from grunit.cli.output import Output

BACKENDS = ("torch", "c", "triton")


Quick = Annotated[bool, typer.Option("--quick", help="Compile nothing: leave out which backend each cell gets.")]
All = Annotated[
    bool, typer.Option("--all", help="Compile every cell of the catalogue, not the classic ones alone: about a minute.")
]


def run(as_json: Json = False, quick: Quick = False, every: All = False) -> None:
    """What is installed, which backends work, why not."""
    report = examine(quick, every)
    Output(as_json).answer(report, show(report))


def examine(quick: bool = False, every: bool = False) -> dict[str, Any]:
    """Everything that decides whether and how fast grunit runs here.

    ``quick``: without compiling cells; ``every``: with all cells of the catalogue.
    """
    import torch

    import grunit

    compiler = describe_compiler()
    found_only = {"works": compiler["path"] is not None, "reason": compiler["reason"]}
    return {
        "grunit": grunit.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "torch": torch.__version__,
        "cpu": {
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
        },
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "compiler": compiler,
        "backends": {name: found_only if quick and name == "c" else try_backend(name) for name in BACKENDS},
        "extras": {name: missing_of(packages) for name, packages in extras().items()},
        "data": describe_folder(os.environ.get("GRUNIT_DATA")),
        "cache": describe_cache(),
        "cells": None if quick else describe_cells(every),
    }


def try_backend(name: str) -> dict[str, Any]:
    """Run a small LSTM forward and backward on a backend: ``{"works": bool, "reason": why not}``."""
    import torch

    import grunit

    if importlib.util.find_spec(f"grunit.compiler.{name}_backend") is None:
        return {"works": False, "reason": "not part of this version"}
    try:
        with grunit.backend(name):
            layer = grunit.Recurrent("lstm", 2, 3)
            output, _ = layer(torch.randn(4, 1, 2))
            output.sum().backward()
    except Exception as error:  # noqa: BLE001 - whatever stops a backend is exactly what is asked for
        return {"works": False, "reason": " ".join(str(error).split()) or type(error).__name__}
    return {"works": True, "reason": None}


def extras() -> dict[str, list[str]]:
    """The optional parts of grunit and the packages each asks for, as the installed metadata says."""
    found: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires("grunit") or []:
        parts = re.match(r"([\w.-]+)(?:\[([\w,-]+)\])?.*extra == ['\"]([\w-]+)['\"]", requirement)
        if parts and parts[1] != "grunit":
            found.setdefault(parts[3], []).append(parts[1])
    return found


def missing_of(packages: list[str]) -> list[str]:
    """Those of ``packages`` that are not installed."""

    def is_missing(package: str) -> bool:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return True
        return False

    return [package for package in packages if is_missing(package)]


def describe_folder(path: str | None) -> dict[str, Any]:
    """Where ``GRUNIT_DATA`` points and whether it is there."""
    return {"path": path, "found": bool(path) and Path(path or "").is_dir()}


def show(report: dict[str, Any]) -> str:
    """The report as text, one fact a line."""
    cpu = report["cpu"]
    data = report["data"]
    facts = [
        ("grunit", report["grunit"]),
        ("python", f"{report['python']} on {report['system']}"),
        ("torch", f"{report['torch']}, {cpu['instructions']}, {cpu['threads']} of {cpu['cores']} cores"),
        ("gpu", report["gpu"] or "none"),
        *show_compiler(report),
        *[
            (f"backend {name}", "works" if answer["works"] else f"no: {answer['reason']}")
            for name, answer in report["backends"].items()
        ],
        *[
            (f"extra {name}", f"no {', '.join(missing)}: pip install 'grunit[{name}]'" if missing else "installed")
            for name, missing in report["extras"].items()
        ],
        ("GRUNIT_DATA", "not set" if not data["path"] else data["path"] + ("" if data["found"] else " (not there)")),
    ]
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in facts)
