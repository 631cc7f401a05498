"""The machine that numbers were measured on, without names of hosts or folders."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

VECTOR_FLAGS = ("avx", "fma", "avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "asimd", "sve")
PACKAGES = ("torch", "numpy", "onnxruntime", "torchrecurrent")


def describe_machine() -> dict[str, Any]:
    """Processor, its vector instructions, cores, memory, versions and the commit.

    >>> sorted(describe_machine())
    ['commit', 'compiler', 'cores', 'flags', 'memory_gib', 'mkl', 'onednn', 'processor', 'python', 'system', 'versions']
    """
    import torch

    facts = read_processor()
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    return {
        "processor": describe_processor(facts),
        "flags": [flag for flag in VECTOR_FLAGS if flag in flags],
        "cores": os.cpu_count(),
        "memory_gib": count_memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := version_of(name))},
        "mkl": torch.backends.mkl.is_available(),
        "onednn": torch.backends.mkldnn.is_available(),
        "compiler": describe_compiler(),
        "commit": read_commit(),
    }


def read_processor() -> dict[str, str]:
    """The first processor in /proc/cpuinfo; empty where there is none."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def describe_processor(facts: dict[str, str]) -> str:
    """Model, family and clock of a processor.

    >>> describe_processor({"model name": "AMD EPYC", "cpu family": "25", "model": "1"})
    'AMD EPYC, family 25 model 1'
    """
    name = facts.get("model name") or platform.processor() or platform.machine()
    return name + (f", family {facts['cpu family']} model {facts['model']}" if "cpu family" in facts else "")


def count_memory() -> float | None:
    """GiB of memory, or None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def version_of(package: str) -> str | None:
    """The version of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe_compiler() -> str | None:
    """The first line the C compiler says of itself."""
    from grunit.compiler.c_build import BuildError, find_compiler

    try:
        command = find_compiler(os.environ.get("CC"))
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (BuildError, OSError, subprocess.TimeoutExpired):
        return None
    return said.partition("\n")[0] or None


def read_commit() -> str | None:
    """The commit of this checkout, with ``+`` where its source is changed; None outside one."""
    place = Path(__file__).parents[1]

    def ask(*words: str) -> str:
        command = ["git", "-C", str(place), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()

    try:
        return ask("rev-parse", "--short=12", "HEAD") + ("+" if ask("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None
