"""What :mod:`grunit.cli.doctor` says about compiled cells: the compiler, its cache, and who gets what."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any


def describe_compiler() -> dict[str, Any]:
    """``{"path", "version", "flags", "threads", "reason"}``: path and version are None without a compiler."""
    from grunit.compiler.c_build import BuildError, find_compiler, processor_flags, thread_pool

    found: dict[str, Any] = {"path": None, "version": None, "reason": None}
    try:
        command = find_compiler()
    except BuildError as error:
        found["reason"] = str(error)
    else:
        found["path"] = " ".join(
            [shutil.which(command[0]) or command[0], *(command[1:] if "ziglang" in command else [])]
        )
        found["version"] = _version(command)
    return {**found, "flags": " ".join(processor_flags()), "threads": thread_pool() is not None}


def _version(command: tuple[str, ...]) -> str | None:
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return said.strip().split("\n")[0] or None


def describe_cache() -> dict[str, Any]:
    """``{"path", "libraries", "bytes", "reason"}``: reason is None where the folder can be used."""
    from grunit.compiler.c_build import cache_folder, usable_cache

    folder = cache_folder()
    reason = None
    try:
        usable_cache()
    except OSError as error:
        reason = f"each process compiles anew: {error}"
    try:
        sizes = [path.stat().st_size for path in folder.glob("*.so")]
    except OSError:
        sizes = []
    return {"path": str(folder), "libraries": len(sizes), "bytes": sum(sizes), "reason": reason}


def describe_cells(every: bool = False) -> dict[str, dict[str, str]]:
    """For each classic cell, or for ``every`` cell, ``{"backend": who runs it here, "reason": why}``.

    Compiles a small one of each. The five classic ones tell whether compiling works here; all take about a minute.
    """
    from rich.console import Console
    from rich.progress import track

    from grunit import cells
    from grunit.cli.catalogue import CLASSIC
    from grunit.compiler.compiled import compile
    from grunit.errors import GrunitError

    found, console = {}, Console(stderr=True)
    chosen = cells.names() if every else CLASSIC
    bar = {"description": "compiling", "console": console, "transient": True, "disable": not console.is_terminal}
    for name in track(chosen, **bar):  # type: ignore[arg-type]
        try:
            compiled = compile(cells.get(name)(2, 3))
            found[name] = {"backend": compiled.backend, "reason": compiled.reason}
        except GrunitError as error:
            found[name] = {"backend": "none", "reason": str(error)}
    return found


def show_compiler(report: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts above as lines of text: ``[(name, value)]``."""
    compiler, cache = report["compiler"], report["cache"]
    size = f"{cache['libraries']} compiled cells, {cache['bytes'] / 2**20:.1f} MB"
    threads = "those of PyTorch" if compiler["threads"] else "one: PyTorch brings no pool of threads that can be shared"
    return [
        ("compiler", compiler["path"] or f"none: {compiler['reason']}"),
        *([("compiler version", compiler["version"])] if compiler["version"] else []),
        ("compiler flags", compiler["flags"] or "none"),
        ("threads in C", threads),
        ("cache", f"{cache['path']}: {cache['reason'] or size}"),
        *[(f"cell {name}", f"{cell['backend']}: {cell['reason']}") for name, cell in (report["cells"] or {}).items()],
        *([("other cells", "grunit doctor --all")] if report["cells"] and len(report["cells"]) < 10 else []),
    ]
