"""Captions of pictures from German into English: how good, with which words, and where the network looked.

pip install 'grunit[translation,text,report]'
python examples/captions.py train.de.gz,train.en.gz test.de.gz,test.en.gz
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from grunit import Translator
from grunit.data.parallel_texts import read_pairs


def main(train: str, test: str, quick: bool = False) -> Translator:
    torch.set_num_threads(1)  # networks this small are quicker on one
    known, new = read_pairs(train), read_pairs(test)
    size = {"hidden_size": 16, "embedding_size": 16, "max_epochs": 3, "min_count": 1} if quick else {"unit": "bpe"}
    translator = Translator(verbose=0 if quick else 1, **size).fit(known.sources, known.targets)

    scores = translator.evaluate(new.sources, new.targets)
    print(f"{len(known.sources):,} pairs learnt; on {len(new.sources):,} others BLEU {scores['BLEU']:.1f}, ", end="")
    print(f"chrF {scores['chrF']:.1f}\n")
    for source, translation in zip(new.sources[:5], translator.translate(new.sources[:5]), strict=True):
        print(f"{source}\n  {translation}")
    found = translator.align(new.sources[0])
    print("\n" + ", ".join(f"{target} < {source}" for target, source in found.pairs()))
    print(f"in a picture: {found.draw(Path('attention.png'))}")
    return translator


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
