"""Peers that take long or fit one cell only, at one or two sizes: ONNX Runtime, torchrecurrent, torch.compile."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import onnx_models
from benchmarks.agreement import check_agreement
from benchmarks.quiet import quietly
from benchmarks.settings import CELLS, Settings, Size, say
from benchmarks.tables import markdown
from grunit.cli.contenders import build, contenders, walk_plainly, work
from grunit.cli.timing import interleave, speedup, use_threads

SIZES = (Size(32, 100, 128), Size(64, 50, 512))
TORCHRECURRENT = {"peephole_lstm": "PeepholeLSTM", "multiplicative LSTM": "MultiplicativeLSTM"}
COMPILED_SIZE = Size(32, 100, 64)
PATIENCE = 540
"""Seconds that torch.compile may take for one loop."""


def measure(settings: Settings) -> dict[str, Any]:
    """One row a peer, cell, size and kind of work, on one thread."""
    sizes = settings.sizes if settings.smoke else SIZES
    rows = []
    with use_threads(1):
        for size in sizes:
            for name in ("lstm", "gru"):
                say(f"peers: ONNX Runtime, {name}, {size.label}")
                rows.append(onnxruntime_row(name, size, settings))
            for name, layer in TORCHRECURRENT.items():
                for training in (True, False):
                    say(f"peers: torchrecurrent, {name}, {size.label}")
                    rows.append(torchrecurrent_row(name, layer, size, training, settings))
        say("peers: torch.compile of the plain loop, which takes minutes")
        rows += compiled_rows(settings)
    return {"rows": rows}


def compare(calls: dict[str, Callable[[], Any]], peer: str, settings: Settings) -> dict[str, Any]:
    """Times of the C backend and a peer, and how many times faster the C backend is."""
    times, others = quietly(
        lambda: interleave(calls, seconds=settings.seconds, least_rounds=settings.least_rounds), settings
    )
    ratio = speedup(times, "c", peer)
    return {
        "peer": peer,
        "times": {each: found.to_dict() for each, found in times.items()},
        "speedup": ratio.median,
        "spread": ratio.spread,
        "others": others,
    }


def onnxruntime_row(name: str, size: Size, settings: Settings) -> dict[str, Any]:
    """Inference against ONNX Runtime's own operator."""
    kind, options = CELLS[name]
    _, layer = build(kind, size, **options)
    ours = contenders(kind, size, training=False, **options)
    x = torch.randn(size.steps, size.rows, size.units, generator=torch.Generator().manual_seed(1)).numpy()
    expected = onnx_models.run_plainly(layer, x)()[:, 0]
    check_agreement({"c": ours["c"], "onnxruntime": lambda: expected}, "c", ["onnxruntime"])
    calls = {"c": ours["c"], "onnxruntime": onnx_models.run_plainly(layer, x)}
    return {"cell": name, "size": list(size), "work": "inference", **compare(calls, "onnxruntime", settings)}


def torchrecurrent_row(name: str, layer: str, size: Size, training: bool, settings: Settings) -> dict[str, Any]:
    """A cell that torchrecurrent has too; the start values differ, the arithmetic does not."""
    import torchrecurrent

    kind, options = CELLS[name]
    theirs = getattr(torchrecurrent, layer)(size.units, size.units)
    x = torch.randn(size.steps, size.rows, size.units)
    calls = {
        "c": contenders(kind, size, training, **options)["c"],
        "torchrecurrent": work(lambda value: theirs(value)[0], list(theirs.parameters()), x, training),
    }
    what = "training" if training else "inference"
    return {"cell": name, "size": list(size), "work": what, **compare(calls, "torchrecurrent", settings)}


def compiled_rows(settings: Settings) -> list[dict[str, Any]]:
    """torch.compile of the plain loop, in a process that is stopped when it takes too long."""
    size = settings.sizes[0] if settings.smoke else COMPILED_SIZE
    words = {"size": list(size), "seconds": settings.seconds, "smoke": settings.smoke}
    program = f"from benchmarks.peers import compile_loop; compile_loop({json.dumps(json.dumps(words))})"
    facts = {"cell": "lstm", "size": list(size), "peer": "torch.compile"}
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [{**facts, "work": "training", "failed": f"not compiled after {PATIENCE} s"}]
    if done.returncode:
        return [{**facts, "work": "training", "failed": done.stderr.strip().splitlines()[-1]}]
    return [{**facts, **row} for row in json.loads(done.stdout.splitlines()[-1])]


def compile_loop(words: str) -> None:
    """Compile an LSTM's loop, forward and backward, time it, and print the rows."""
    asked = json.loads(words)
    size, settings = Size(*asked["size"]), Settings(seconds=asked["seconds"], smoke=asked["smoke"], patience=0)
    torch.set_num_threads(1)
    ours, _ = build("lstm", size)
    cell: Any = ours.cells[0]
    x = torch.randn(size.steps, size.rows, size.units, generator=torch.Generator().manual_seed(1))
    loop = torch.compile(lambda value: walk_plainly(cell, value))
    rows = []
    for training in (True, False):
        call = work(loop, list(ours.parameters()), x, training)
        begun = time.perf_counter()
        call()
        seconds = time.perf_counter() - begun
        calls = {"c": contenders("lstm", size, training)["c"], "torch.compile": call}
        check_agreement(calls, "c", ["torch.compile"])
        what = "training" if training else "inference"
        rows.append({"work": what, "compile_seconds": seconds, **compare(calls, "torch.compile", settings)})
    print(json.dumps(rows))


def tell(document: dict[str, Any]) -> str:
    """One table."""
    lines = []
    for row in document["rows"]:
        entry = row.get("failed") or f"{row['speedup']:.2f} ±{row['spread']:.0%}"
        compiled = f"{row['compile_seconds']:.0f} s" if "compile_seconds" in row else "-"
        lines.append([row["peer"], row["cell"], row["work"], ",".join(map(str, row["size"])), entry, compiled])
    header = ["peer", "cell", "work", "B,T,H", "C backend is faster by", "peer compiled in"]
    return f"One thread, contenders in turns.\n\n{markdown(lines, header)}"
