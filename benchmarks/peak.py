"""What this machine's processor can do: fused multiply-adds in registers, and torch's matrix product."""

from __future__ import annotations

import ctypes
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from benchmarks.settings import Settings
from grunit.cli.timing import interleave, use_threads
from grunit.compiler.c_build import build

LANES, CHAINS, COUNT = 16, 12, 2_000_000
SOURCE = f"""
typedef float vec __attribute__((vector_size({LANES * 4})));
/* Enough independent chains to hide the latency of a multiply-add; too few registers would need memory. */
float peak(long count, float by) {{
    vec a = by - (vec){{0}}, b = 1 - a, {", ".join(f"s{i} = {i} - (vec){{0}}" for i in range(CHAINS))};
    for (long n = 0; n < count; n++) {{
        {" ".join(f"s{i} = s{i} * a + b;" for i in range(CHAINS))}
    }}
    vec sum = {" + ".join(f"s{i}" for i in range(CHAINS))};
    float total = 0;
    for (int i = 0; i < {LANES}; i++) total += sum[i];
    return total;
}}
"""


def measure_peaks(settings: Settings) -> dict[str, Any]:
    """GFLOP/s by number of threads: ``fma`` of multiply-adds, ``sgemm`` of torch's product of two 1024 x 1024."""
    return {str(threads): {"fma": fma_rate(threads), "sgemm": sgemm_rate(threads)} for threads in settings.threads}


def fma_rate(threads: int) -> float:
    """GFLOP/s of the kernel above, the best of a few tries."""
    lanes = 16 if "AVX512" in torch.backends.cpu.get_cpu_capability() else 8
    library = build(
        SOURCE.replace(f"vector_size({LANES * 4})", f"vector_size({lanes * 4})").replace(f"< {LANES}", f"< {lanes}")
    )
    library.peak.argtypes, library.peak.restype = (ctypes.c_long, ctypes.c_float), ctypes.c_float
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            begun = time.perf_counter()
            list(pool.map(lambda _: library.peak(COUNT, 0.999), range(threads)))
            best = min(best, time.perf_counter() - begun)
    return 2 * lanes * CHAINS * COUNT * threads / best / 1e9


def sgemm_rate(threads: int, size: int = 1024) -> float:
    """GFLOP/s of torch's matrix product, the best of a few tries."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    with use_threads(threads):
        times = interleave({"sgemm": lambda: a @ b}, seconds=0.3)["sgemm"]
    return 2 * size**3 / times.least / 1e9
