"""LaTeX in, readable text out."""

from __future__ import annotations

import pytest

from grunit import cells
from grunit.cli.equations import equations_of, paper_of, plain_math


@pytest.mark.parametrize("name", cells.names())
def test_no_latex_is_left(name):
    lines = equations_of(cells.get(name))
    assert lines
    for line in lines:
        assert not set(line) & set("\\{}&$"), line
        assert "=" in line


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"h_t = \phi(W x_t + U h_{t-1})", "hₜ = φ(W xₜ + U hₜ₋₁)"),
        (r"z_f \odot c", "z_f ⊙ c"),
        (r"a_{in} \cdot b_z", "a_(in) · b_z"),
        (r"\frac{a}{b + c}", "a / (b + c)"),
        (r"x \in \{0\}", "x ∈ {0}"),
        (r"\text{reset\_after} = 1", "reset_after = 1"),
        (r"a = b \qquad \text{as in the paper}", "a = b    (as in the paper)"),
        (r"\sqrt{1 - a^2} e^{-\Delta t}", "√(1 - a²) e^(-Δt)"),
        (r"\tilde{h}, \hat x", "h̃, x̂"),
        (r"\unknown(x)", "unknown(x)"),
    ],
)
def test_one_line(latex, text):
    assert plain_math(latex) == [text]


def test_a_class_without_equations_has_none():
    class Bare:
        pass

    assert equations_of(Bare) == []
    assert paper_of(Bare) == ""
