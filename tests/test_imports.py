"""The shape of the house: which way imports run, how long they take, and what no file may do."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import grunit

SOURCE = Path(grunit.__file__).parent
TESTS = Path(__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

# Each row may import from the rows above it and from itself only where it is one part; see docs/architecture.md.
FLOORS = [
    {"errors", "gates"},
    {"cells", "compiler", "data", "bundle"},
    {"nn"},
    {"training"},
    {"tasks"},
    {"tuning", "online", "compress", "explain", "export"},
    {"serve"},
    {"cli"},
]
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}

# Tests of what a whole part does, whichever of its files does it; all others mirror one file.
ACROSS = {
    "cells/test_catalogue.py",
    "cells/test_gated_variants.py",
    "cells/test_linear_cells.py",
    "compiler/test_extremes.py",
    "compiler/test_memory.py",
    "compiler/test_operations.py",
    "compiler/test_pytorch_citizenship.py",
    "compiler/test_random_cells.py",
    "tasks/test_forecast_categories.py",
}

# Formats that run code when they are read.
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"torch.load", "torch.save", "numpy.load", "np.load", "pandas.read_pickle", "pd.read_pickle"}


def module_name(path: Path) -> str:
    """The dotted name: src/grunit/cells/gru.py -> grunit.cells.gru."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def part_of(module: str) -> str:
    """The part of the house a module is in: grunit.cells.gru -> cells; grunit itself -> the empty string."""
    return (module + ".").split(".")[1]


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def walk(node: ast.AST, *, at_import: bool) -> Iterator[ast.AST]:
    """Every node below; with ``at_import`` only what runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if at_import and (isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or is_type_checking(child)):
            continue
        yield child
        yield from walk(child, at_import=at_import)


def resolve(module: str, name: str) -> str:
    """What ``from module import name`` reaches: a module of ours, or where the lazy public name lives."""
    if f"{module}.{name}" in MODULES:
        return f"{module}.{name}"
    if module == "grunit":
        return grunit._HOMES.get(name, "grunit")
    return module


def imports(module: str, tree: ast.AST, *, at_import: bool = False) -> set[str]:
    """The modules of grunit that a module imports, anywhere in it or only when it is imported itself."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in walk(tree, at_import=at_import):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            found.update(resolve(origin, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str))
    return {name for name in found if name.split(".")[0] == "grunit"} - {module, "grunit"}


TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}


@pytest.mark.parametrize("module", [module for module in MODULES if module != "grunit"])
def test_imports_run_down_only(module):
    part = part_of(module)
    assert part in FLOOR, f"{part!r} has no floor: give it one in FLOORS and in docs/architecture.md"
    for other in imports(module, TREES[module]):
        below = FLOOR.get(part_of(other), -1) < FLOOR[part]
        assert part_of(other) == part or below, f"{module} imports {other}, which is beside or above it"


def test_import_graph_has_no_circle():
    graph = {module: imports(module, tree, at_import=True) & MODULES.keys() for module, tree in TREES.items()}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, "circle: " + " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import grunit.nn", {"grunit.nn"}),
        ("def f():\n    from grunit.nn import Recurrent", {"grunit.nn"}),
        ("from grunit import Recurrent, cells", {"grunit.nn", "grunit.cells"}),
        ("from . import gru\nfrom .gru import GRU\nfrom .. import errors", {"grunit.cells.gru", "grunit.errors"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import grunit.nn", {"grunit.nn"}),
        ("import importlib\nimportlib.import_module('grunit.serve')", {"grunit.serve"}),
        ("import torch\nfrom torch import nn", set()),
    ],
)
def test_the_rule_sees_every_way_to_import(source, expected):
    assert imports("grunit.cells.lstm", ast.parse(source)) == expected


def test_every_public_name_can_be_imported():
    for name in [*grunit.__all__, *grunit._HOMES]:
        assert getattr(grunit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = grunit.nonsense
    for module in grunit._MODULES:
        if f"grunit.{module}" in MODULES:
            assert importlib.import_module(f"grunit.{module}") is getattr(grunit, module)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_file_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, "split it: one idea a file"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_unpickled(module):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & UNSAFE_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in UNSAFE_MODULES
        elif isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in UNSAFE_CALLS


def test_tests_mirror_the_source():
    missing = []
    for test in sorted(TESTS.rglob("test_*.py")):
        where = test.relative_to(TESTS)
        if len(where.parts) == 1 or where.parts[0] in ("conformance", "docs", "examples", "benchmarks"):
            continue  # about the repository as a whole, not about one module
        mirrored = SOURCE / where.parent / where.name.removeprefix("test_")
        package = SOURCE / where.parent / where.stem.removeprefix("test_")
        if not (mirrored.exists() or package.is_dir() or where.as_posix() in ACROSS):
            missing.append(f"tests/{where} has no src/grunit/{where.parent}/{mirrored.name}")
    assert not missing


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_import_loads_neither_torch_nor_pandas():
    loaded = run_python("import sys, grunit; print(sorted({'torch', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)))")
    assert loaded.strip() == "[]"


@pytest.mark.slow
def test_import_adds_little_to_torch():
    code = (
        "import torch, time; start = time.process_time(); import grunit; "
        "grunit.Cell, grunit.Recurrent, grunit.cells, grunit.nn, grunit.gate; print(time.process_time() - start)"
    )
    # It computes on one core, so processor time is what a person waits on a machine without other work.
    seconds = min(float(run_python(code)) for _ in range(3))
    assert seconds < 0.3
