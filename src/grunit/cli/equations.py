"""The equations and the paper of a cell, read from its docstring, as plain text."""

from __future__ import annotations

import inspect
import re
import unicodedata

SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε", "eta": "η", "theta": "θ",
    "Theta": "Θ", "kappa": "κ", "lambda": "λ", "Lambda": "Λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ",
    "Sigma": "Σ", "tau": "τ", "phi": "φ", "varphi": "φ", "Phi": "Φ", "psi": "ψ", "Psi": "Ψ", "omega": "ω", "Omega": "Ω",
    "xi": "ξ", "zeta": "ζ", "pi": "π", "odot": "⊙", "circ": "∘", "otimes": "⊗", "oplus": "⊕", "cdot": "·", "cdots": "⋯",
    "ldots": "…", "dots": "…", "times": "×", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠",
    "neq": "≠", "in": "∈", "sum": "Σ", "prod": "Π", "infty": "∞", "to": "→", "rightarrow": "→", "top": "ᵀ",
    "intercal": "ᵀ", "sqrt": "√", "partial": "∂", "nabla": "∇", "approx": "≈", "sim": "~", "mid": "|", "ell": "ℓ",
    "quad": "  ", "qquad": "    ", "left": "", "right": "", "bigl": "", "bigr": "", "big": "", "Big": "",
    "mathrm": "", "mathbf": "", "operatorname": "", "mathit": "", "boldsymbol": "", "displaystyle": "",
}  # fmt: skip
SUBSCRIPTS = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304", "vec": "\u20d7"}


def equations_of(cell: type) -> list[str]:
    """The equations in a cell's docstring, one plain line each; empty when it shows none.

    >>> from grunit.cells import RNN
    >>> equations_of(RNN)
    ["hₜ = φ(W xₜ + b + U hₜ₋₁ + b')"]
    """
    blocks = re.findall(r"\.\. math::\n((?:[ \t]+.*\n|\n)+)", inspect.cleandoc(cell.__doc__ or "") + "\n")
    return [line for block in blocks for line in plain_math(block)]


def plain_math(latex: str) -> list[str]:
    r"""LaTeX math as lines of Unicode text.

    >>> plain_math(r"r &= \sigma(W_r x) \\ h' &= (1 - z) \odot \tilde{n}")
    ['r = σ(Wᵣ x)', "h' = (1 - z) ⊙ ñ"]
    """
    text = re.sub(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}", "", latex)
    text = re.sub(r"\\text\{((?:[^{}\\]|\\.)*)\}", lambda found: f"({found[1].strip()})", text)
    text = text.replace(r"\_", "\x00").replace("&", "")
    text = re.sub(r"\\(tilde|hat|bar|vec)\s*\{?(\w)\}?", lambda found: found[2] + ACCENTS[found[1]], text)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1) / (\2)", text)
    lines = re.split(r"\\\\(?:\[.*?\])?|\n\s*\n", text)
    lines = [re.sub(r"\\([A-Za-z]+) ?", symbol, line) for line in lines]
    small = all(can_lower(found) for line in lines for found in re.findall(r"_(\{[^{}]*\}|\w)", line))
    return [tidy for line in lines if (tidy := finish(line, small))]


def symbol(found: re.Match[str]) -> str:
    """One LaTeX command as a character, or its name where it has none, such as tanh."""
    name = found[1]
    return SYMBOLS.get(name, name) + (" " if found[0].endswith(" ") and SYMBOLS.get(name, "x") != "" else "")


def can_lower(subscript: str) -> bool:
    """Whether Unicode has every character of a subscript."""
    return all(ord(letter) in SUBSCRIPTS for letter in subscript.strip("{}").replace(" ", ""))


def finish(line: str, small: bool) -> str:
    """Subscripts, braces and spaces; ``small`` asks for Unicode subscripts."""
    if small:
        line = re.sub(r"_(\{[^{}]*\}|\w)", lambda found: found[1].strip("{}").translate(SUBSCRIPTS), line)
    line = re.sub(r"_\{([^{}]{2,})\}", r"_(\1)", line).replace("{", "").replace("}", "")
    line = re.sub(r"\\[,;:! ]?", " ", line).replace("\x00", "_").replace("~", " ")
    parts = re.split(r"( {4,})", line.strip())
    return unicodedata.normalize("NFC", "    ".join(" ".join(part.split()) for part in parts if part.strip()))


def paper_of(cell: type) -> str:
    """The paper a cell's docstring names, or ``""``.

    >>> from grunit.cells import PeepholeLSTM
    >>> paper_of(PeepholeLSTM)
    'Gers & Schmidhuber, Recurrent nets that time and count, IJCNN (2000).'
    """
    found = re.search(r"^Source:\s*(.+?)(?:\n\s*\n|\Z)", inspect.cleandoc(cell.__doc__ or ""), re.S | re.M)
    return " ".join(re.sub(r"[*`]", "", found[1]).split()) if found else ""
