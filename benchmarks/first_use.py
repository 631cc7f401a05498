"""What a person waits for: the first use of a new cell, cold and from the cache, and imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import Any

from benchmarks.quiet import quietly
from benchmarks.settings import Settings, say
from benchmarks.tables import markdown

USE = """
import json, time
import torch, grunit, grunit.nn
from grunit.compiler import c_backend, plan
from benchmarks.settings import CELLS
torch.set_num_threads(1)
spent = dict(trace=0.0, build=0.0)
def timed(module, name, key):
    inner = getattr(module, name)
    def outer(*arguments, **options):
        begun = time.perf_counter()
        try:
            return inner(*arguments, **options)
        finally:
            spent[key] += time.perf_counter() - begun
    setattr(module, name, outer)
timed(plan, "_make_plan", "trace")
timed(c_backend, "build", "build")
def use(cell, options):
    rnn = grunit.Recurrent(cell, 16, 32, **options)
    x = torch.randn(20, 4, 16, requires_grad=True)
    begun = time.perf_counter()
    with grunit.backend("c"):
        rnn(x)[0].sum().backward()
    return time.perf_counter() - begun
if {warm}:
    use("rnn", dict())  # another cell was used before in this process
    spent.update(trace=0.0, build=0.0)
cell, options = CELLS[{cell!r}]
first = use(cell, options)
parts = dict(spent)
again = min(use(cell, options) for _ in range(5))
print(json.dumps(dict(first=first - again, rest=first - again - sum(parts.values()), **parts)))
"""
BEYOND_TORCH = """
import time, torch
begun = time.perf_counter()
import grunit
grunit.Cell, grunit.Recurrent, grunit.cells, grunit.nn, grunit.gate
print(time.perf_counter() - begun)
"""
IMPORTS = {
    "import torch": "import torch",
    "import grunit alone": "import grunit",
    "grunit --help": "import sys; from grunit.cli import main; sys.exit(main(['--help']))",
    "python itself": "pass",
}


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds of first uses by cell, and of imports."""
    repeats = 1 if settings.smoke else 3
    uses = []
    for cell in settings.cells:
        say(f"first use: {cell}")
        found, others = quietly(lambda cell=cell: [use_once(cell) for _ in range(repeats)], settings)
        states = {state: {k: median(each[state][k] for each in found) for k in found[0][state]} for state in found[0]}
        uses.append({"cell": cell, **states, "others": others})
    say("first use: imports")
    imports, others = quietly(lambda: import_seconds(repeats), settings)
    beyond, _ = quietly(lambda: min(float(run_python(BEYOND_TORCH)) for _ in range(repeats)), settings)
    return {"uses": uses, "imports": imports, "beyond_torch": beyond, "others": others}


def use_once(cell: str) -> dict[str, Any]:
    """First use with an empty cache; from the cache in a new process; the same after another cell was used."""
    with tempfile.TemporaryDirectory() as cache:
        cold = run_python(USE.format(cell=cell, warm=False), cache)
        cached = run_python(USE.format(cell=cell, warm=False), cache)
        run_python(USE.format(cell=cell, warm=True), cache)
        return {
            "cold": cold,
            "cached": cached,
            "cached, not the first cell": run_python(USE.format(cell=cell, warm=True), cache),
        }


def run_python(program: str, cache: str = "") -> Any:
    """What a new process prints."""
    environment = {**os.environ, "GRUNIT_CACHE": cache, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds(repeats: int) -> dict[str, float]:
    """The whole life of a process that imports, the quickest of some; the processes take turns."""
    import time

    best = dict.fromkeys(IMPORTS, float("inf"))
    for _ in range(repeats):
        for name, program in IMPORTS.items():
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def tell(document: dict[str, Any]) -> str:
    """Two tables."""
    lines = []
    for row in document["uses"]:
        for state in ("cold", "cached", "cached, not the first cell"):
            parts = [f"{row[state][key]:.2f}" for key in ("first", "trace", "build", "rest")]
            lines.append([row["cell"], state, *parts])
    table = markdown(lines, ["cell", "cache", "whole s", "trace s", "compile or load s", "rest s"])
    imports = markdown([[name, f"{seconds:.2f}"] for name, seconds in document["imports"].items()], ["process", "s"])
    return (
        "From the call to the gradients, forward and backward, less what the same call takes later. The first compiled "
        "cell of a process also loads the parts of PyTorch that trace.\n\n"
        f"## First use of a new cell\n\n{table}\n\n## Imports\n\nAfter torch, grunit with its "
        f"layers takes {document['beyond_torch']:.2f} s more. Whole processes, the quickest of some:\n\n{imports}"
    )
