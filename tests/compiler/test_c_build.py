"""Compilers that are missing, broken or slow; cache folders that are full, foreign, shared or damaged."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop
from tests.compiler.user_cells import OneState

from grunit.compiler import backend, c_build, plan
from grunit.compiler.c_build import BuildError, build, find_compiler
from grunit.errors import CompileWarning, InputError

try:
    COMPILER = find_compiler()
except BuildError as error:
    pytest.skip(str(error), allow_module_level=True)

SOURCE = "int grunit_answer(void) { return 42; }\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An own cache folder, plain compilation, no memory of earlier messages."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GRUNIT_CACHE", str(folder))
    monkeypatch.setenv("GRUNIT_CFLAGS", "-O0")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(plan, "_said_no_compiler", [])
    monkeypatch.setattr(c_build, "_hanging", {})
    return folder


def answer() -> int:
    return int(build(SOURCE).grunit_answer())


def kept(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


def script(folder: Path, text: str) -> str:
    path = folder / "my-cc"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def assert_falls_back(match: str) -> None:
    """A walk gives the right results on the torch backend, with one message in all; asking for C is refused."""

    def fresh() -> OneState:
        class Fresh(OneState):
            def step(self, x, h):
                return (torch.tanh(self.W(x) + self.U(h)),)

        return Fresh(3, 4)

    with backend("auto"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert_equals_the_loop(fresh())
        assert_equals_the_loop(fresh())
    (message,) = [str(w.message) for w in said if issubclass(w.category, CompileWarning)]
    assert match in message
    assert "slower" in message
    assert "GRUNIT_BACKEND=torch" in message
    with backend("c"), warnings.catch_warnings(), pytest.raises(InputError, match="cannot run on the C backend"):
        assert_equals_the_loop(fresh())


# -- the compiler --


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(c_build.importlib.util, "find_spec", lambda name: None)
    assert_falls_back("install gcc or clang, or run  pip install 'grunit[zig]'")


def test_a_compiler_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O1")
    assert_falls_back("the environment variable CC names a compiler that was not found, 'no-such-compiler -O1'")


def test_a_compiler_that_fails_is_quoted(monkeypatch, tmp_path):
    monkeypatch.setenv(
        "CC", script(tmp_path, "echo In file included from x >&2; echo 'x.c:1: error: no luck' >&2; exit 1")
    )
    assert_falls_back("failed: x.c:1: error: no luck")


@pytest.mark.parametrize(("text", "message"), [("exit 3", "exit status 3"), ("exit 0", "exit status 0")])
def test_a_compiler_that_makes_nothing(monkeypatch, tmp_path, text, message):
    monkeypatch.setenv("CC", script(tmp_path, text))
    with pytest.raises(BuildError, match=message):
        answer()


def test_a_compiler_that_hangs_is_waited_for_once(monkeypatch, tmp_path):
    monkeypatch.setattr(c_build, "COMPILE_SECONDS", 0.2)
    monkeypatch.setenv("CC", script(tmp_path, f"echo >> {tmp_path}/calls; exec sleep 60"))
    assert_falls_back("did not finish in 0.2 seconds")
    assert (tmp_path / "calls").read_text() == "\n"


def test_a_file_that_is_no_program(monkeypatch, tmp_path):
    path = tmp_path / "my-cc"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    with pytest.raises(BuildError, match="did not run"):
        answer()


def test_a_compiler_named_with_arguments_is_used(monkeypatch, tmp_path):
    path = script(tmp_path, f'echo "$@" > {tmp_path}/said; exec {" ".join(COMPILER)} "$@"')
    monkeypatch.setenv("CC", f"{path} -DNICE")
    assert answer() == 42
    assert "-DNICE" in (tmp_path / "said").read_text()


def test_another_compiler_or_other_flags_compile_anew(monkeypatch, tmp_path, cache):
    assert answer() == 42
    monkeypatch.setenv("GRUNIT_CFLAGS", "-O1")
    assert answer() == 42
    assert len(kept(cache)) == 4
    monkeypatch.setenv("CC", script(tmp_path, f'exec {" ".join(COMPILER)} "$@"'))
    assert answer() == 42
    assert len(kept(cache)) == 6
    script(tmp_path, f'exec {" ".join(COMPILER)} "$@" # a newer release')
    assert answer() == 42
    assert len(kept(cache)) == 8


# -- the cache --


def test_the_cache_is_private_and_spares_the_compiler(monkeypatch, cache):
    assert answer() == 42
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert kept(cache) == [".sha256", ".so"]
    monkeypatch.setattr(c_build, "_call", lambda *_: pytest.fail("compiled again"))
    assert answer() == 42


def damage_cut(library: Path, digest: Path) -> None:
    library.write_bytes(library.read_bytes()[:1000])


def damage_foreign(library: Path, digest: Path) -> None:
    library.write_bytes(b"MZ a library of another system" * 99)


def damage_foreign_with_its_digest(library: Path, digest: Path) -> None:
    damage_foreign(library, digest)
    digest.write_text(c_build.hashlib.sha256(library.read_bytes()).hexdigest())


def damage_stale_digest(library: Path, digest: Path) -> None:
    digest.write_text("0" * 64)


def damage_no_text(library: Path, digest: Path) -> None:
    digest.write_bytes(b"\xff\xfe\x00")


def damage_no_digest(library: Path, digest: Path) -> None:
    digest.unlink()


def damage_no_library(library: Path, digest: Path) -> None:
    library.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        damage_cut,
        damage_foreign,
        damage_foreign_with_its_digest,
        damage_stale_digest,
        damage_no_text,
        damage_no_digest,
        damage_no_library,
    ],
)
def test_a_damaged_library_is_compiled_anew(damage, cache, monkeypatch):
    with monkeypatch.context() as patch:  # not loaded yet: a file that is in use must not be changed in place
        patch.setattr(c_build.ctypes, "CDLL", lambda path: None)
        build(SOURCE)
    (library,), (digest,) = cache.glob("*.so"), cache.glob("*.sha256")
    damage(library, digest)
    assert answer() == 42
    assert c_build._is_whole(library, digest)


def test_a_folder_that_others_can_write_is_not_trusted(cache):
    cache.mkdir()
    cache.chmod(0o777)
    assert answer() == 42
    assert kept(cache) == []
    with pytest.raises(PermissionError, match="chmod 700"):
        c_build.usable_cache()


def test_a_folder_of_somebody_else_is_not_trusted(monkeypatch, cache):
    cache.mkdir(mode=0o700)
    monkeypatch.setattr(c_build.os, "getuid", lambda: os.stat(cache).st_uid + 1)
    assert answer() == 42
    assert kept(cache) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_is_read_only(cache):
    cache.mkdir()
    cache.chmod(0o500)
    assert answer() == 42
    assert kept(cache) == []


def test_a_path_that_is_no_folder_or_lies_in_one_that_is_not_there(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere/cache")):
        monkeypatch.setenv("GRUNIT_CACHE", str(place))
        assert answer() == 42


def test_a_full_disk(monkeypatch, cache):
    replace = os.replace

    def full(source, target):
        if str(target).startswith(str(cache)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(c_build.os, "replace", full)
    assert answer() == 42
    assert kept(cache) == []


def test_a_disk_that_is_full_everywhere(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(c_build.os, "replace", full)
    assert_falls_back("could not be written or loaded: [Errno 28] No space left on device")


def run_alone(code: str, cache: Path, **environment: str) -> str:
    """What a Python process of its own prints."""
    variables = {**os.environ, "GRUNIT_CACHE": str(cache), "GRUNIT_CFLAGS": "-O0", **environment}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=variables, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_two_processes_that_race_both_end_with_a_whole_library(cache):
    code = f"""
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("c_build", {c_build.__file__!r})
        sys.modules["c_build"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        print(module.build({SOURCE!r}).grunit_answer())
    """
    variables = {**os.environ, "GRUNIT_CACHE": str(cache), "GRUNIT_CFLAGS": "-O0"}
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], env=variables, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert [process.communicate()[0] for process in racing] == ["42\n"] * 3
    assert kept(cache) == [".sha256", ".so"]
    (library,), (digest,) = cache.glob("*.so"), cache.glob("*.sha256")
    assert c_build._is_whole(library, digest)


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("GRUNIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert c_build.cache_folder() == tmp_path / "xdg" / "grunit"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert c_build.cache_folder() == tmp_path / "home" / ".cache" / "grunit"


# -- other machines --


def sources() -> list[str]:
    """The C of cells with all that the runtime has."""
    import grunit
    from grunit import cells

    with backend("c"):
        return [grunit.compile(cells.GRU(3, 7)).source, grunit.compile(cells.LSTM(3, 7).double()).source]


def compiles(command: list[str], folder: Path) -> None:
    for source in sources():
        path = folder / "cell.c"
        path.write_text(source.replace('#include "c_runtime.h"', c_build.RUNTIME.read_text()))
        flags = [flag for flag in c_build.FLAGS if flag != "-w"]
        run = subprocess.run(
            [*command, *flags, str(path), "-o", str(folder / "cell.so")], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("flags", ["-march=skylake-avx512", "-mavx2 -mfma", "-march=x86-64"])
def test_the_source_compiles_for_other_processors(flags, tmp_path):
    import platform

    if platform.machine() != "x86_64":
        pytest.skip("the flags are those of x86-64")
    compiles([*COMPILER, *flags.split()], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [["-target", "aarch64-linux-gnu"], ["-target", "aarch64-macos"], ["-march=native"]])
def test_the_source_compiles_with_zig(flags, tmp_path, monkeypatch):
    pytest.importorskip("ziglang", reason="needs the package ziglang: pip install 'grunit[zig]'")
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", str(tmp_path / "zig"))
    compiles([sys.executable, "-m", "ziglang", "cc", *flags], tmp_path)


@pytest.mark.slow
def test_a_cell_runs_compiled_by_zig(tmp_path, monkeypatch):
    pytest.importorskip("ziglang", reason="needs the package ziglang: pip install 'grunit[zig]'")
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", str(tmp_path / "zig"))
    monkeypatch.setenv("GRUNIT_CFLAGS", "-march=native")
    which = c_build.shutil.which
    monkeypatch.setattr(c_build.shutil, "which", lambda name: None if name in ("cc", "gcc", "clang") else which(name))
    assert find_compiler() == (sys.executable, "-m", "ziglang", "cc")

    class ByZig(OneState):
        def step(self, x, h):
            return (torch.softmax(self.W(x) + self.U(h), -1),)

    with backend("c"):
        assert_equals_the_loop(ByZig(3, 13), 5, 8, lengths=(5, 0, 2, 3, 1, 4, 5, 5))


# -- memory errors --


@pytest.mark.slow
def test_the_address_and_undefined_behaviour_sanitizers_find_nothing(cache):
    # The library of C++ beside it: without, the sanitizer cannot pass on exceptions that PyTorch throws and catches.
    libraries = [
        subprocess.run([*COMPILER, f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so.6")
    ]
    if not all(map(os.path.isabs, libraries)):
        pytest.skip("needs a compiler with libasan and libstdc++, as gcc has")
    code = """
        import torch
        from tests.compiler.comparison import assert_equals_the_loop
        from tests.compiler.user_cells import SoftmaxOverGates, TwoProducts, UnequalStates, cell_of
        from tests.compiler.test_operations import FORMULAS
        from grunit import cells
        from grunit.compiler import backend

        torch.set_num_threads(1)
        with backend("c"):
            for kind in (cells.LSTM, SoftmaxOverGates, TwoProducts, UnequalStates):
                masks = {"lengths": (3, 0, 1, 2, 3, 3, 3), "resets": torch.rand(3, 7) < 0.3}
                assert_equals_the_loop(kind(3, 7), 3, 7, **masks)
            assert_equals_the_loop(TwoProducts(3, 1), 1, 1, reverse=True)
            for name in ("where", "cumsum", "stack last", "rotate", "columns"):
                assert_equals_the_loop(cell_of(FORMULAS[name]))
        print("whole")
    """
    flags = "-O0 -g -march=native -fsanitize=address,undefined -fno-sanitize-recover=all"
    said = run_alone(code, cache, LD_PRELOAD=" ".join(libraries), ASAN_OPTIONS="detect_leaks=0", GRUNIT_CFLAGS=flags)
    assert said == "whole\n"
