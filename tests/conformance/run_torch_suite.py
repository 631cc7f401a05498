"""Run the recurrent tests of torch's own suite with grunit's modules in the place of torch's.

    python tests/conformance/run_torch_suite.py PATH/TO/test_nn.py [PATTERN]

``test_nn.py`` is torch's (``test/`` in its repository, of the version that is installed); it is not part of this
project. Every test whose source names one of the six modules is run; PATTERN narrows them by name. Exit status 1 if one
fails that passes with torch's own modules.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import re
import sys
import unittest
from pathlib import Path
from types import ModuleType

import torch

import grunit.nn

NAMES = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")
MENTION = re.compile(rf"\b(?:{'|'.join(NAMES)})\b")


@contextlib.contextmanager
def modules_of(home: ModuleType):
    """While the block runs, torch.nn has the six modules of ``home``."""
    before = {name: getattr(torch.nn, name) for name in NAMES}
    for name in NAMES:
        replacement = getattr(home, name)
        setattr(torch.nn, name, replacement)
        setattr(torch.nn.modules, name, replacement)
    try:
        yield
    finally:
        for name, original in before.items():
            setattr(torch.nn, name, original)
            setattr(torch.nn.modules, name, original)


def load(path: Path) -> ModuleType:
    """The test file as a module."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recurrent_tests(module: ModuleType, pattern: str) -> list[unittest.TestCase]:
    """The tests whose source names one of the modules, or that torch generated for one of them."""
    tests: list[unittest.TestCase] = []
    for kind in vars(module).values():
        if not (isinstance(kind, type) and issubclass(kind, unittest.TestCase)):
            continue
        for name in unittest.defaultTestLoader.getTestCaseNames(kind):
            method = inspect.unwrap(getattr(kind, name))
            try:
                source = inspect.getsource(method)
            except (OSError, TypeError):
                source = ""
            if (MENTION.search(source) or MENTION.search(name.replace("_", " "))) and re.search(pattern, name):
                tests.append(kind(name))
    return tests


def run(tests: list[unittest.TestCase]) -> dict[str, str]:
    """Test name -> ``passed``, ``skipped: why`` or the last line of its error."""
    outcomes = {}
    for test in tests:
        result = unittest.TestResult()
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            test.run(result)
        if result.skipped:
            outcomes[test.id()] = f"skipped: {result.skipped[0][1]}"
        elif result.errors or result.failures:
            words = [line for line in (result.errors + result.failures)[0][1].strip().splitlines() if line.strip()]
            outcomes[test.id()] = next((w for w in words if re.match(r"\w*(Error|Exception)", w)), words[-1])
        else:
            outcomes[test.id()] = "passed"
    return outcomes


def main(path: Path, pattern: str = "") -> int:
    """Run, print, and say how many fail that torch's own modules pass."""
    with modules_of(grunit.nn):
        module = load(path)
        tests = recurrent_tests(module, pattern)
        outcomes = run(tests)
    broken = 0
    for test in tests:
        outcome = outcomes[test.id()]
        if outcome != "passed" and not outcome.startswith("skipped"):
            with modules_of(torch.nn):
                theirs = run([type(test)(test._testMethodName)])[test.id()]
            broken += theirs == "passed"
            outcome = f"FAILED ({'torch passes' if theirs == 'passed' else 'torch too'}): {outcome}"
        print(f"{test.id()}: {outcome}")
    passed = sum(outcome == "passed" for outcome in outcomes.values())
    print(f"{passed} of {len(tests)} passed, {broken} fail that pass with torch's own modules")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:3]))
