"""Where a translator looks while it writes: attention word by word, as numbers and as a picture."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grunit.data.text import TextEncoder
from grunit.errors import InputError, require

FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "SimHei")
"""Fonts with Chinese and Japanese letters; those installed are used where the picture's own has none."""


@dataclass(frozen=True)
class Alignment:
    """Attention of every written token over the source.

    Args:
        source: its T tokens.
        target: the L tokens written, and the end.
        weights: ``(L + 1, T)``, rows sum to 1.

    >>> found = Alignment(["ein", "Hund"], ["a", "dog", "<end>"], np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    >>> found.pairs()
    [('a', 'ein'), ('dog', 'Hund')]
    """

    source: list[str]
    target: list[str]
    weights: np.ndarray

    def pairs(self) -> list[tuple[str, str]]:
        """Each token written, but the end, with the source's token that got most attention."""
        best = self.weights.argmax(1)
        return [(word, self.source[place]) for word, place in zip(self.target[:-1], best)]

    def draw(self, path: str | os.PathLike) -> Path:
        """Write a picture: a row a written token, a column a source token, the darker the more attention.

        Args:
            path: ``.png``, ``.svg`` or ``.pdf``; replaced if it is there.

        Raises:
            MissingExtraError: the package ``matplotlib`` is not installed.
            InputError: the file's name does not say a known kind.
        """
        path = Path(path)
        if path.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise InputError(f"{path}: name a file that ends in .png, .svg or .pdf")
        figures = require("matplotlib.figure", "report")
        fonts = require("matplotlib.font_manager", "report")
        installed = {font.name for font in fonts.fontManager.ttflist}
        family = ["DejaVu Sans", *(name for name in FONTS if name in installed)]
        rows, columns = self.weights.shape
        figure = figures.Figure(figsize=(2.2 + 0.42 * columns, 1.6 + 0.34 * rows), layout="constrained")
        axes = figure.add_subplot()
        picture = axes.imshow(self.weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for axis, words in ((axes.xaxis, self.source), (axes.yaxis, self.target)):
            # A dollar sign would begin a formula.
            axis.set_ticks(range(len(words)), [word.replace("$", r"\$") for word in words], family=family)
        axes.tick_params(axis="x", rotation=60, top=True, bottom=False, labeltop=True, labelbottom=False)
        for label in axes.get_xticklabels():
            label.set(ha="left", rotation_mode="anchor")
        axes.set_xlabel("source")
        axes.xaxis.set_label_position("top")
        axes.set_ylabel("translation")
        axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="#dddddd", linewidth=0.6)
        axes.tick_params(which="minor", length=0, top=False, bottom=False, left=False)
        figure.colorbar(picture, ax=axes, label="attention", shrink=0.8)
        with warnings.catch_warnings():
            # Without a font for a script its letters are boxes; that is no reason to fail.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure.savefig(path, dpi=120)
        return path


def align(translator: Any, text: str, translation: str | None) -> Alignment:
    """See :meth:`grunit.Translator.align`."""
    from grunit.tasks.token_rows import TokenRows
    from grunit.tasks.translation_answers import attend, ready_model
    from grunit.tasks.translation_arguments import SPECIALS, encode_text

    if translator.attention is None:
        raise InputError("this translator has no attention to show: choose attention='multiplicative' or 'additive'")
    if translation is None:
        translation = translator.translate([text], replace_unknown=False)[0]
    import torch

    model = ready_model(translator)
    device = next(model.parameters()).device
    source = encode_text(translator.source_, text, "the text")
    target = translator.target_.encode(translation)
    ids, lengths = (tensor.to(device) for tensor in TokenRows([source]).take(torch.tensor([0])))
    weights = attend(model, ids, lengths, [target])[0].numpy()
    words = [*_readable(translator.target_, translation), SPECIALS[1]]
    return Alignment(_readable(translator.source_, text), words, weights)


def _readable(encoder: TextEncoder, text: str) -> list[str]:
    """The tokens of a text as a reader knows them: pieces are kept as signs for bytes."""
    if encoder.unit != "bpe":
        return encoder.split(text)
    return [encoder.join([token]).strip() or token for token in encoder.split(text)]
