"""C source to a loaded library: the compiler, its flags, and a cache that two processes may share."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

RUNTIME = Path(__file__).with_name("c_runtime.h")
FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-w")


class BuildError(Exception):
    """Why no library could be made, in words."""


@lru_cache(maxsize=8)
def find_compiler(environment: str | None = None) -> tuple[str, ...]:
    """The command of a C compiler: ``$CC``, ``cc``, ``gcc``, ``clang``, or the ``ziglang`` package.

    Raises:
        BuildError: there is none; the message says how to get one.
    """
    if environment:
        command = tuple(shlex.split(environment))
        if command and shutil.which(command[0]):
            return command
        raise BuildError(f"the compiler named by the environment variable CC, {environment!r}, was not found")
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return (name,)
    try:
        import ziglang  # noqa: F401
    except ImportError:
        raise BuildError("no C compiler was found: install gcc or clang, or run  pip install 'grunit[zig]'") from None
    return (sys.executable, "-m", "ziglang", "cc")


def processor_flags() -> tuple[str, ...]:
    """Flags that let the compiler use this processor's vector instructions; ``GRUNIT_CFLAGS`` adds or replaces."""
    own = os.environ.get("GRUNIT_CFLAGS")
    if own is not None:
        return tuple(shlex.split(own))
    return ("-mcpu=native",) if platform.machine() in ("aarch64", "arm64") else ("-march=native",)


@lru_cache(maxsize=1)
def processor() -> str:
    """What tells processors apart that need different code."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() + platform.machine()
    return platform.machine() + "".join(
        sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    )


def cache_folder() -> Path:
    """Where compiled cells are kept: ``GRUNIT_CACHE``, else the user's cache folder."""
    named = os.environ.get("GRUNIT_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home) / "grunit"


def _own_folder() -> Path:
    """The cache folder if it can be made, is ours and is writable; else a private temporary one for this process."""
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.stat()
        if hasattr(os, "getuid") and info.st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to somebody else")
        if info.st_mode & 0o022:
            raise PermissionError(f"{folder} can be written by others")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return _temporary_folder()
    return folder


@lru_cache(maxsize=1)
def _temporary_folder() -> Path:
    import atexit

    folder = tempfile.mkdtemp(prefix="grunit-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def build(source: str) -> ctypes.CDLL:
    """The library of a C source, from the cache or compiled now.

    A library is used only if the digest stored beside it fits, so a truncated or foreign file is compiled anew. It is
    written under another name and renamed into place: of two processes that race, both end with a whole file.

    Raises:
        BuildError: no compiler, or it failed.
    """
    text = source.replace('#include "c_runtime.h"', RUNTIME.read_text())
    command = (*find_compiler(os.environ.get("CC")), *FLAGS, *processor_flags())
    key = hashlib.sha256("\0".join([text, *command, _version(command[0]), processor()]).encode()).hexdigest()[:32]
    folder = _own_folder()
    library, digest = folder / f"{key}.so", folder / f"{key}.sha256"
    if not _is_whole(library, digest):
        try:
            _compile(text, command, folder, library, digest)
        except OSError as error:  # a full disk
            folder = _temporary_folder()
            library, digest = folder / library.name, folder / digest.name
            try:
                _compile(text, command, folder, library, digest)
            except OSError:
                raise BuildError(f"could not write a compiled cell: {error}") from error
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise BuildError(f"the compiled cell could not be loaded: {error}") from error


def _is_whole(library: Path, digest: Path) -> bool:
    try:
        return hashlib.sha256(library.read_bytes()).hexdigest() == digest.read_text()
    except OSError:
        return False


def _compile(text: str, command: tuple[str, ...], folder: Path, library: Path, digest: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        source, made = Path(place) / "cell.c", Path(place) / "cell.so"
        source.write_text(text)
        try:
            run = subprocess.run([*command, str(source), "-o", str(made), "-lm"], capture_output=True, timeout=120)
        except (subprocess.TimeoutExpired, OSError) as error:
            raise BuildError(f"the C compiler {command[0]} did not run: {error}") from error
        if run.returncode or not made.exists():
            said = run.stderr.decode(errors="replace").strip().splitlines()
            raise BuildError(f"the C compiler {command[0]} failed: {said[0] if said else 'no message'}")
        mark = Path(place) / "digest"
        mark.write_text(hashlib.sha256(made.read_bytes()).hexdigest())
        # The library first: a digest without its library is never believed, nor the other way round.
        os.replace(made, library)
        os.replace(mark, digest)


@lru_cache(maxsize=8)
def _version(program: str) -> str:
    try:
        run = subprocess.run([program, "--version"], capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.decode(errors="replace")


@lru_cache(maxsize=1)
def thread_pool() -> tuple[int, int, int] | None:
    """Addresses of ``GOMP_parallel``, ``omp_get_thread_num`` and ``omp_get_num_threads`` of the pool PyTorch runs on.

    A second pool would fight PyTorch's spinning threads for the cores. None where PyTorch brings no libgomp.
    """
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    paths = sorted({line.split(maxsplit=5)[-1] for line in lines if "libgomp" in line})
    for path in sorted(paths, key=lambda p: "torch" not in p):
        try:
            pool = ctypes.CDLL(path)
            names = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads")
            found = [ctypes.cast(getattr(pool, name), ctypes.c_void_p).value for name in names]
        except (OSError, AttributeError):
            continue
        return (found[0] or 0, found[1] or 0, found[2] or 0)
    return None
