"""C source to a loaded library: the compiler, its flags, and a cache that two processes may share."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

RUNTIME = Path(__file__).with_name("c_runtime.h")
FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-w")


# A compiler that has not answered by then never will.
COMPILE_SECONDS = 120.0


class BuildError(Exception):
    """Why no library could be made, in words."""


def find_compiler(named: str | None = None) -> tuple[str, ...]:
    """The command of a C compiler: ``cc``, ``gcc``, ``clang``, or the ``ziglang`` package.

    Args:
        named: another command; default: what the environment variable ``CC`` says, if anything.

    Raises:
        BuildError: there is none; the message says how to get one.
    """
    named = (named or os.environ.get("CC", "")).strip()
    if named:
        command = tuple(shlex.split(named))
        if shutil.which(command[0]):
            return command
        raise BuildError(
            f"the environment variable CC names a compiler that was not found, {named!r}: mend or unset it"
        )
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return (name,)
    if importlib.util.find_spec("ziglang") is None:
        raise BuildError("no C compiler was found: install gcc or clang, or run  pip install 'grunit[zig]'")
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


def usable_cache() -> Path:
    """The cache folder, made if need be.

    Raises:
        OSError: it is not ours alone, or cannot be written.
    """
    folder = cache_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.stat()
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    if os.name == "posix" and info.st_mode & 0o022:
        raise PermissionError(f"{folder} can be written by others: chmod 700 {folder}")
    with tempfile.TemporaryFile(dir=folder) as place:
        place.write(b"0")
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
    written under another name and renamed into place: of two processes that race, both end with a whole file. Where
    the cache folder cannot serve, a private folder of this process does.

    Raises:
        BuildError: no compiler, or it failed.
    """
    text = source.replace('#include "c_runtime.h"', RUNTIME.read_text())
    compiler = find_compiler()
    command = (*compiler, *FLAGS, *processor_flags())
    key = hashlib.sha256("\0".join([text, *command, identity(compiler), processor()]).encode()).hexdigest()[:32]
    try:
        return _load_from(usable_cache(), key, text, command)
    except OSError:  # no folder, a full disk, or one whose files may not be executed
        try:
            return _load_from(_temporary_folder(), key, text, command)
        except OSError as error:
            raise BuildError(f"a compiled cell could not be written or loaded: {error}") from error


def _load_from(folder: Path, key: str, text: str, command: tuple[str, ...]) -> ctypes.CDLL:
    library, digest = folder / f"{key}.so", folder / f"{key}.sha256"
    if _is_whole(library, digest):
        try:
            return ctypes.CDLL(str(library))
        except OSError:  # whole, and yet no library for this machine
            library.unlink()
    _compile(text, command, folder, library, digest)
    return ctypes.CDLL(str(library))


def _is_whole(library: Path, digest: Path) -> bool:
    try:
        return hashlib.sha256(library.read_bytes()).hexdigest() == digest.read_text()
    except (OSError, ValueError):
        return False


def _compile(text: str, command: tuple[str, ...], folder: Path, library: Path, digest: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
        source, made = Path(place) / "cell.c", Path(place) / "cell.so"
        source.write_text(text)
        _call(command, source, made)
        mark = Path(place) / "digest"
        mark.write_text(hashlib.sha256(made.read_bytes()).hexdigest())
        # The library first: a digest without its library is never believed, nor the other way round.
        os.replace(made, library)
        os.replace(mark, digest)


_hanging: dict[tuple[str, ...], str] = {}
"""Compilers that did not answer in time: no cell shall wait for them again."""


def _call(command: tuple[str, ...], source: Path, made: Path) -> None:
    if command in _hanging:
        raise BuildError(_hanging[command])
    program = shlex.join(command[: len(command) - len(FLAGS) - len(processor_flags())])
    try:
        run = subprocess.run(
            [*command, str(source), "-o", str(made), "-lm"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=COMPILE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        _hanging[command] = f"the C compiler {program} did not finish in {COMPILE_SECONDS:g} seconds"
        raise BuildError(_hanging[command]) from None
    except OSError as error:
        raise BuildError(f"the C compiler {program} did not run: {error}") from error
    if run.returncode or not made.exists():
        if shutil.disk_usage(made.parent).free < 2**20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(made.parent))
        said = [line for line in run.stderr.decode(errors="replace").splitlines() if line.strip()]
        told = next((line for line in said if "error" in line), said[0] if said else f"exit status {run.returncode}")
        raise BuildError(f"the C compiler {program} failed: {told.strip()}")


def identity(command: Sequence[str]) -> str:
    """What tells one compiler from another of the same name: the programs' files, their sizes and dates."""
    words = []
    for word in command:
        path = shutil.which(word)
        if path is not None:
            path = os.path.realpath(path)
            info = os.stat(path)
            words.append(f"{path} {info.st_size} {info.st_mtime_ns}")
    if "ziglang" in command:
        words.append(importlib.metadata.version("ziglang"))
    return "\n".join(words)


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


_forked = False


def was_forked() -> bool:
    """Whether this process is a fork of one that may have used the pool: its threads did not come along."""
    return _forked


def _note_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
