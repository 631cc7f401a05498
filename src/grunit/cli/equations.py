"""What a cell's docstring says, in parts: equations, paper, when to use it, and the equations as plain text."""

from __future__ import annotations

import inspect
import re
import unicodedata

SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η",
    "theta": "θ", "Theta": "Θ", "kappa": "κ", "lambda": "λ", "Lambda": "Λ", "mu": "μ", "nu": "ν", "rho": "ρ",
    "sigma": "σ", "Sigma": "Σ", "tau": "τ", "phi": "φ", "varphi": "φ", "Phi": "Φ", "psi": "ψ", "Psi": "Ψ", "omega": "ω",
    "Omega": "Ω", "Gamma": "Γ", "xi": "ξ", "zeta": "ζ", "pi": "π", "odot": "⊙", "circ": "∘", "otimes": "⊗",
    "oplus": "⊕", "cdot": "·", "cdots": "⋯", "ast": "∗", "star": "⋆", "ldots": "…", "dots": "…", "times": "×",
    "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "lt": "<", "gt": ">", "ne": "≠", "neq": "≠", "in": "∈",
    "sum": "Σ", "prod": "Π", "infty": "∞", "to": "→", "rightarrow": "→", "leftarrow": "←", "top": "ᵀ",
    "intercal": "ᵀ", "partial": "∂", "nabla": "∇", "approx": "≈", "sim": "~", "mid": "|", "ell": "ℓ", "prime": "'",
    "lfloor": "⌊", "rfloor": "⌋", "lVert": "‖", "rVert": "‖", "Vert": "‖", "lvert": "|", "rvert": "|", "vert": "|",
    "langle": "⟨", "rangle": "⟩", "mathbb": "", "mathcal": "", "left": "", "right": "", "bigl": "", "bigr": "",
    "big": "", "Big": "", "Bigl": "", "Bigr": "", "mathrm": "", "mathbf": "", "operatorname": "", "mathit": "",
    "mathsf": "", "bmod": "mod", "boldsymbol": "", "displaystyle": "", "textstyle": "", "quad": "  ", "qquad": "    ",
}  # fmt: skip
SUBSCRIPTS = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
SUPERSCRIPTS = str.maketrans("0123456789+-=()niᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ")
ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304", "vec": "\u20d7", "dot": "\u0307"}
ACCENT = r"\\(?:wide)?(tilde|hat|bar|vec|dot)(?![a-z])\s*(?:\{\s*(\w)\s*\}|(\w))"
BRACES = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
SCRIPT = r"\{[^{}]*\}|[^\s{}\\^_]"
MATH = re.compile(r"\.\. math::[ \t]*(.*)\n((?:[ \t]+.*\n|\n)*)")


def docstring_of(cell: type) -> str:
    """A cell's own docstring, without the indentation; empty where it has none."""
    return inspect.cleandoc(cell.__doc__ or "")


def math_of(cell: type) -> list[str]:
    """The blocks of LaTeX in a cell's docstring."""
    found = MATH.findall(docstring_of(cell) + "\n")
    return [inspect.cleandoc(f"{first}\n{rest}").strip() for first, rest in found]


def equations_of(cell: type) -> list[str]:
    """The equations in a cell's docstring, one plain line each; empty when it shows none.

    >>> from grunit.cells import RNN
    >>> equations_of(RNN)
    ["hₜ = φ(W xₜ + b + U hₜ₋₁ + b')"]
    """
    return [line for block in math_of(cell) for line in plain_math(block)]


def split_lines(latex: str) -> list[str]:
    r"""The lines of a block of LaTeX: ``\\`` and empty lines part them.

    >>> split_lines(r"a &= b \\[2pt] c &= d")
    ['a &= b', 'c &= d']
    """
    text = re.sub(
        r"\\begin\{(?:aligned|align|split|gathered|gather)\*?\}|\\end\{(?:aligned|align|split|gathered|gather)\*?\}",
        "",
        latex,
    )
    # Lines within cases belong to one equation.
    text = re.sub(
        r"\\begin\{cases\}(.*?)\\end\{cases\}", lambda found: found[0].replace(r"\\", "\x01"), text, flags=re.S
    )
    lines = re.split(r"\\\\(?:\[[^\]]*\])?|\n\s*\n", text)
    return [" ".join(line.split()).replace("\x01", r"\\") for line in lines if line.strip()]


def plain_math(latex: str) -> list[str]:
    r"""LaTeX math as lines of Unicode text.

    >>> plain_math(r"r &= \sigma(W_r x) \\ h' &= (1 - z) \odot \tilde{n}")
    ['r = σ(Wᵣ x)', "h' = (1 - z) ⊙ ñ"]
    >>> plain_math(r"a^{2} + e^{-a b} = \frac{1}{1 + x} \cdot \sqrt{d}")
    ['a² + e^(-a b) = 1 / (1 + x) · √d']
    """
    lines = [name_symbols(line) for line in split_lines(latex)]
    small = all(can_lower(found) for line in lines for found in re.findall(rf"_({SCRIPT})", line))
    return [tidy for line in lines if (tidy := finish(line, small))]


def name_symbols(line: str) -> str:
    """Words, commands, fractions and accents of one line; scripts and braces are left."""
    text = re.sub(r"\\begin\{cases\}(.*?)\\end\{cases\}", spell_cases, line)
    text = re.sub(r"\\(?:text|mbox|textrm|textit)\{((?:[^{}\\]|\\.)*)\}", note, text.rstrip())
    text = text.replace(r"\_", "\x00").replace(r"\{", "\x02").replace(r"\}", "\x03").replace(r"\|", "‖")
    text = text.replace("&", "")
    text = re.sub(r"\\([A-Za-z]+)( ?)", symbol, text)
    while (simpler := re.sub(rf"\\[dt]?frac\s*{BRACES}\s*{BRACES}", divide, text)) != text:
        text = simpler
    while (simpler := re.sub(rf"\\sqrt\s*{BRACES}", lambda found: "√" + grouped(found[1]), text)) != text:
        text = simpler
    return re.sub(ACCENT, lambda found: (found[2] or found[3]) + ACCENTS[found[1]], text)


def note(found: re.Match[str]) -> str:
    """Words among the formulas; in brackets where they stand at the end and say more than one word."""
    words = found[1].strip()
    ends = not found.string[found.end() :].strip()
    return f"({words})" if ends and (len(words.split()) > 1 or "=" in words) else found[1]


def spell_cases(found: re.Match[str]) -> str:
    """Cases on one line, one after the other."""
    cases = [case.strip().rstrip(",") for case in found[1].split(r"\\") if case.strip()]
    return "; ".join(re.sub(r"\s*&\s*", r" \\quad ", case) for case in cases)


def symbol(found: re.Match[str]) -> str:
    """One LaTeX command as a character, or its name where it has none, such as tanh."""
    name = found[1]
    if name.endswith("frac") or name == "sqrt" or name.removeprefix("wide") in ACCENTS:
        return found[0]
    # A difference is one word with what it is a difference of; an empty command leaves no space either.
    return SYMBOLS.get(name, name) + ("" if SYMBOLS.get(name) in ("", "Δ") else found[2])


def divide(found: re.Match[str]) -> str:
    """A fraction on one line."""
    return f"{grouped(found[1])} / {grouped(found[2])}"


def grouped(text: str) -> str:
    """In brackets, unless it is one thing.

    >>> grouped("a + b"), grouped("2")
    ('(a + b)', '2')
    """
    return text.strip() if re.fullmatch(r"\s*[\w']+(?:_\w|_\{\w+\})?\s*", text) else f"({text.strip()})"


def can_lower(subscript: str) -> bool:
    """Whether Unicode has every character of a subscript."""
    return all(ord(letter) in SUBSCRIPTS for letter in subscript.strip("{}").replace(" ", ""))


def raised(found: re.Match[str]) -> str:
    """A superscript as Unicode has it, else after a caret."""
    text = " ".join(found[1].strip("{}").split())
    if all(ord(letter) in SUPERSCRIPTS for letter in text.replace(" ", "")):
        return text.replace(" ", "").translate(SUPERSCRIPTS)
    return text if set(text) <= {"'"} else "^" + (text if len(text) == 1 else f"({text})")


def finish(line: str, small: bool) -> str:
    """Scripts, braces and spaces; ``small`` asks for Unicode subscripts."""
    if small:
        line = re.sub(rf"_({SCRIPT})", lambda found: found[1].strip("{}").replace(" ", "").translate(SUBSCRIPTS), line)
    line = re.sub(r"_\{([^{}]{2,})\}", r"_(\1)", line)
    line = re.sub(rf"\^({SCRIPT})", raised, line)
    line = line.replace("{", "").replace("}", "")
    line = re.sub(r"\\[,;:> ]|~", " ", line).replace(r"\!", "").replace("\\", "")
    line = line.replace("\x00", "_").replace("\x02", "{").replace("\x03", "}")
    line = re.sub(r"(?<=[(\[]) +| +(?=[)\],;])", "", line)
    parts = re.split(r"( {4,})", line.strip())
    return unicodedata.normalize("NFC", "    ".join(" ".join(part.split()) for part in parts if part.strip()))


def paper_of(cell: type) -> str:
    """The paper a cell's docstring names, or ``""``.

    >>> from grunit.cells import PeepholeLSTM
    >>> paper_of(PeepholeLSTM)
    'Gers & Schmidhuber, Recurrent nets that time and count, IJCNN (2000).'
    """
    return paragraph_of(cell, "Source")


def advice_of(cell: type) -> str:
    """When a cell's docstring says to use it, or ``""``."""
    return paragraph_of(cell, "When to use")


def paragraph_of(cell: type, word: str) -> str:
    """The paragraph of a docstring that begins with a word and a colon, without marks."""
    found = re.search(rf"^{word}:\s*(.+?)(?:\n\s*\n|\Z)", docstring_of(cell), re.S | re.M)
    return bare(found[1]) if found else ""


def bare(text: str) -> str:
    """A paragraph on one line, without roles and other marks.

    >>> bare("See :class:`~grunit.cells.gru.GRU`,\\n*title*, :math:`x_t`")
    'See GRU, title, xₜ'
    """
    text = re.sub(r":math:`([^`]+)`", lambda found: "".join(plain_math(found[1])), text)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([^`]+)`", r"\1", text)
    return " ".join(re.sub(r"(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|`", "", text).split())
