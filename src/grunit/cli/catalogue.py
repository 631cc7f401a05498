"""All that the catalogue knows about a cell, read off the cell itself."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from grunit.cli.equations import advice_of, bare, docstring_of, equations_of, paper_of

FAMILIES = {
    "classic": "Classic",
    "gated": "Gated",
    "linear": "Linear in the state: parallel over time",
    "convolution": "Convolution",
}
CLASSIC = ("rnn", "lstm", "gru", "peephole_lstm", "peephole_gru")
CLASSES = {
    **dict.fromkeys(("indrnn", "brc"), "elementwise"),
    **dict.fromkeys(("min_gru", "min_lstm", "sru", "qrnn", "rg_lru", "hgrn"), "linear"),
}
"""The class of each cell that is not dense: to trace them all would take a quarter of a minute. A test compares."""

Entry = dict[str, Any]


def read_catalogue(names: Sequence[str], input_size: int, hidden_size: int) -> list[Entry]:
    """What there is to know about these cells.

    Args:
        names: of registered cells.
        input_size, hidden_size: for counting parameters.

    Raises:
        InputError: no such cell.
    """
    from grunit import cells

    kinds = [cells.get(name) for name in names]
    return [describe(name, kind, input_size, hidden_size) for name, kind in zip(names, kinds, strict=True)]


def describe(name: str, cell: type, input_size: int, hidden_size: int) -> Entry:
    """One cell: names, equations, sizes, gates, class, paper, advice, options."""
    kind: Any = cell
    built = kind(input_size, hidden_size)
    shipped = cell.__module__.startswith("grunit.cells.")
    speed = CLASSES.get(name, "dense") if shipped else speed_class(built)
    states, inputs = built.state_sizes(), built.input_sizes()
    return {
        "name": name,
        "title": bare(docstring_of(cell).split("\n\n")[0] or name),
        "class_name": cell.__name__,
        "family": family_of(name, speed),
        "equations": equations_of(cell),
        "state": list(kind.state),
        "state_sizes": {each: states.get(each, hidden_size) for each in kind.state},
        "extra_inputs": {each: inputs.get(each, 1) for each in kind.inputs[1:]},
        "gates": gates_of(built),
        "parameters": count_parameters(built),
        "formula": formula_of(cell),
        "speed_class": speed,
        "advice": advice_of(cell),
        "paper": paper_of(cell),
        "options": options_of(cell),
    }


def family_of(name: str, speed: str | None) -> str:
    """Under which heading of the catalogue a cell stands."""
    if name in CLASSIC:
        return "classic"
    if name.startswith("conv"):
        return "convolution"
    return "linear" if speed == "linear" else "gated"


def speed_class(cell: Any) -> str | None:
    """dense, elementwise or linear, as the compiler sees the cell; None where it cannot compile it."""
    from grunit.compiler import backend, compile
    from grunit.errors import CompileWarning

    # Looking at a cell must not wait for a C compiler, nor warn about a speed that nobody asked for.
    with backend("torch"), warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        schedule = compile(cell).schedule
    return None if schedule is None else str(schedule.kind)


def gates_of(cell: Any) -> list[str]:
    """The names that a step gives its intermediates, in order."""
    import torch

    from grunit.compiler.eager import call_step
    from grunit.gates import record_gates

    sizes = {"x": cell.input_size, **cell.input_sizes()}
    dtype = next((value.dtype for value in cell.parameters()), torch.get_default_dtype())
    inputs = [torch.ones(1, sizes.get(name, 1), dtype=dtype) for name in cell.inputs]
    states = [torch.ones(1, cell.state_sizes().get(name, cell.hidden_size), dtype=dtype) for name in cell.state]
    weights = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
    with torch.no_grad(), record_gates() as gates:
        call_step(cell, weights, inputs, states)
    return list(gates)


def count_parameters(cell: Any) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in cell.parameters())


def formula_of(cell: type) -> str | None:
    """How many parameters a cell has with F features and H units; None where that is no polynomial of degree two.

    >>> from grunit.cells import LSTM
    >>> formula_of(LSTM)
    '4 H² + 4 F H + 8 H'
    """
    import numpy as np

    terms: dict[str, Callable[[int, int], int]] = {
        "H²": lambda f, h: h * h,
        "F H": lambda f, h: f * h,
        "F²": lambda f, h: f * f,
        "H": lambda f, h: h,
        "F": lambda f, h: f,
        "": lambda f, h: 1,
    }
    sizes = [(f, h) for f in (1, 8, 24) for h in (8, 16, 40)]
    kind: Any = cell
    counts = np.array([count_parameters(kind(f, h)) for f, h in sizes])
    matrix = np.array([[term(f, h) for term in terms.values()] for f, h in sizes], dtype=float)
    factors = np.rint(np.linalg.lstsq(matrix, counts, rcond=None)[0]).astype(int)
    if not np.array_equal(matrix @ factors, counts):
        return None
    words = [(factor, term) for factor, term in zip(factors.tolist(), terms, strict=True) if factor]
    text = " ".join(
        ("+ " if n > 0 else "- ") + (f"{abs(n)} {of}".strip() if abs(n) > 1 or not of else of) for n, of in words
    )
    return text.removeprefix("+ ")


def options_of(cell: type) -> list[str]:
    """The keyword options a cell takes, its own before those of the classes it extends, as ``name=default``."""
    found: dict[str, str] = {}
    for kind in cell.__mro__:
        if "__init__" in vars(kind) and kind.__module__.startswith(("grunit", cell.__module__)):
            for parameter in inspect.signature(kind).parameters.values():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    found.setdefault(parameter.name, f"{parameter.name}={parameter.default!r}")
    return list(found.values())
