"""A text of yours, learnt character by character: how well its end is foreseen, and how it might go on.

pip install grunit
python examples/write_on.py book.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from grunit import LanguageModel
from grunit.data.text.files import read_lines
from grunit.tasks.language_model_adaptation import CachePointer


def main(path: str, quick: bool = False) -> LanguageModel:
    torch.set_num_threads(1)  # networks this small are quicker on one
    text = "\n".join(read_lines(path))
    cut = int(0.9 * len(text))
    size = {"hidden_size": 16, "max_epochs": 2} if quick else {"hidden_size": 256, "dropout": 0.2}
    model = LanguageModel(verbose=0 if quick else 1, **size).fit(text[:cut], text[cut:])

    held = text[cut:]
    print(f"{len(text):,} characters, the last {len(held):,} of them held back")
    print(f"{model.bits_per_character(held, num_rows=8):.3f} bits a character")
    print(f"{model.bits_per_character(held, num_rows=8, cache=CachePointer(500, 1.0, 0.05)):.3f} with a cache\n")

    prompt = text[cut - 40 : cut]
    print(prompt, end="")
    for piece in model.stream(prompt, 40 if quick else 400, temperature=0.7, seed=0):
        print(piece, end="", flush=True)
    print()
    return model


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[1] / "README.md"))
