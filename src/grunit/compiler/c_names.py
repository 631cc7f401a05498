"""Names that C accepts."""

from __future__ import annotations

_RESERVED = """
auto break case char const continue default do double else enum extern float for goto if inline int long
register return short signed sizeof static struct switch union unsigned void volatile while real whole vec mask
splat all load store gather scatter load_mask choose is_nan absolute sign larger smaller keep power pack product
spread job team a t r u i j m first last thread rows scratch exp log sqrt sin cos erf floor ceil pow tanh log2
expm1 log1p steps step begin end gamma j0 j1 jn y0 y1 yn index length reverse total sums arriving main NULL
"""
RESERVED = frozenset(_RESERVED.split())


def safe(name: str) -> str:
    """A name that C accepts and the runtime does not use."""
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
    return name + "_" if name in RESERVED or name.endswith("_of") or name.startswith("tile") else name
