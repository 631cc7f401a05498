"""Names that C accepts."""

from __future__ import annotations

_RESERVED = """
auto break case char const continue default do double else enum extern float for goto if inline int long
register return short signed sizeof static struct switch union unsigned void volatile while real whole vec mask
splat all load store gather scatter load_mask choose is_nan absolute sign larger smaller keep power pack product
spread job team a t r u i j m first last thread rows scratch exp log sqrt sin cos erf floor ceil pow tanh log2
expm1 log1p steps step begin end gamma j0 j1 jn y0 y1 yn index length reverse total sums arriving main NULL
keep rounded store_mask bits team_function number_function one_row share thread_number thread_count
sinh cosh tan asin acos atan atan2 asinh acosh atanh rint trunc round fmod signgam time
"""
RESERVED = frozenset(_RESERVED.split())
# What the functions made from a step call their own arguments and values.
PREFIXES = ("tile", "in_", "keep_", "packed_", "grunit_", "_")
SUFFIXES = ("_of", "_t", "_b", "_slots", "_now", "_next", "_lanes")


def safe(name: str) -> str:
    """A name that C accepts and the runtime does not use."""
    name = "".join(c if (c.isascii() and c.isalnum()) or c == "_" else "_" for c in name)
    taken = name in RESERVED or name.startswith(PREFIXES) or name.endswith(SUFFIXES) or not name[:1].isalpha()
    taken |= name.rstrip("0123456789") in ("in", "i")
    return f"v_{name}_" if taken else name
