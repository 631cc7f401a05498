"""LaTeX as MathML, made while the site is built: a page of equations loads nothing and runs nothing."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

from grunit.cli.equations import split_lines

# The theme draws frames around every table and breaks no line in one; its rules are more specific than these.
STYLE = """\
div.equations { overflow-x: auto; margin: 0 0 24px 16px; }
div.equations .wy-table-responsive { overflow: visible; margin: 0; }
div.equations table.equations { border: 0 !important; margin: 0; width: auto; border-collapse: collapse; }
div.equations table.equations td { border: 0 !important; background: none !important; white-space: nowrap !important; }
div.equations table.equations td { padding: 3px 0 !important; vertical-align: baseline; }
div.equations table.equations td.left { text-align: right; }
div.equations table.equations td.beside { padding-left: 2.5em !important; color: #555; white-space: normal !important; }
div.equations math, p math, li math { font-size: 115%; }
.wy-table-responsive table td, .wy-table-responsive table th { white-space: normal; }
"""


def equation_table(latex: str) -> str:
    r"""A block of equations whose signs stand below each other: a table, one cell a side, MathML in each.

    Browsers agree on tables of HTML and not on those of MathML, so the alignment is left to the former.

    >>> equation_table(r"a &= b \\ c &= d \qquad \text{always}").count("<tr>")
    2
    """
    lines = [split_columns(line) for line in split_lines(latex)]
    with_note = any(len(columns) > 2 for columns in lines)
    rows = []
    for left, right, *notes in lines:
        cells = [f'<td class="left">{mathml(left)}</td>', f"<td>{mathml(right)}</td>"]
        if with_note:
            apart = r" \quad ".join(notes)
            # Words alone are no formula: as text they break lines.
            words = re.fullmatch(r"\\text\{((?:[^{}\\]|\\.)*)\}", apart)
            shown = html.escape(words[1].replace(r"\_", "_")) if words else mathml(apart)
            cells.append(f'<td class="beside">{shown}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="equations"><table class="equations">{"".join(rows)}</table></div>'


def split_columns(line: str) -> list[str]:
    r"""Left side, right side, and what stands apart after a wide gap.

    >>> split_columns(r"a &= b \qquad \text{so}")
    ['a', '= b', '\\text{so}']
    """
    body, *notes = re.split(r"\s*(?:\\qquad|\\quad\s*\\quad)\s*", line)
    left, mark, right = body.partition("&")
    if not mark:
        left, right = "", body
    return [left.strip(), right.replace("&", " ").strip(), *(note.replace("&", " ").strip() for note in notes)]


def inline_math(latex: str) -> str:
    """A formula within a sentence, safe from Markdown.

    >>> inline_math("x_t")
    '<math><mrow><msub><mi>x</mi><mi>t</mi></msub></mrow></math>'
    """
    return mathml(latex).replace("*", "&#42;").replace("_", "&#95;").replace(' displaystyle="true"', "")


def mathml(latex: str) -> str:
    """One formula as MathML; nothing for nothing."""
    if not latex:
        return ""
    text = re.sub(r"\\text\{((?:[^{}\\]|\\.)*)\}", lambda found: found[0].replace(r"\_", "_"), latex)
    # A word set in upright letters is the name of a function; letter by letter it would be a product.
    text = re.sub(r"\\(?:mathrm|mathit|text)\{([A-Za-z]{2,})\}(?=\s*\()", r"\\operatorname{\1}", text)
    text = re.sub(r"(?<!\\)<", r"\\lt ", text)
    made = convert(text)
    made = re.sub(r"<math[^>]*>", '<math displaystyle="true">', made, count=1)
    # Named and numbered characters as themselves, but for the three that HTML needs.
    return re.sub(r"&#x?\w+;", lambda found: html.escape(html.unescape(found[0]), quote=False), made)
