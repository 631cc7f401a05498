"""Names and titles in Chinese résumés, learnt character by character: how many are found, and how sure the tagger is.

GRUNIT_DATA=folder python examples/find_names.py            # reads resume_ner in it
python examples/find_names.py train.conll test.conll        # or files of yours, a token and its tag a line
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from grunit import SequenceTagger
from grunit.data import read_tagged
from grunit.data.tagging_schemes import entities


def main(train: str, test: str, quick: bool = False) -> SequenceTagger:
    torch.set_num_threads(1)  # a network this small is quicker on one
    known, fresh = read_tagged(train), read_tagged(test)
    by_character = all(len(token) == 1 for tokens in known.tokens[:100] for token in tokens)
    # A single character is made of nothing; but it says more beside its neighbour.
    options = {"characters": None, "pairs": True, "lr": 5e-3} if by_character else {"learn_as": "BIOES"}
    size = {"hidden_size": 8, "max_epochs": 2, "verbose": 0} if quick else {"max_epochs": 10}
    tagger = SequenceTagger(**options, **size, mend_tags=True, training_options={"bucketing": True})
    tagger.fit(known.tokens, known.labels())

    scores = tagger.evaluate(fresh.tokens, fresh.labels())
    print(f"{'':10} precision  recall     F1  there")
    for kind, one in {"all": scores.total, **scores.kinds}.items():
        print(f"{kind:10} {one.precision:9.1%} {one.recall:7.1%} {one.f1:6.1%} {one.there:6}")

    tokens = fresh.tokens[0]
    print("\n" + ("" if by_character else " ").join(tokens))
    for tags, probability in tagger.predict_n_best([tokens], n=3)[0]:
        named = [f"{kind} {tokens[start:end]}" for kind, start, end in entities(tags)]
        print(f"  {probability:5.1%}  " + (", ".join(named) or "nothing"))
    return tagger


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(*sys.argv[1:])
    elif "GRUNIT_DATA" in os.environ:
        folder = Path(os.environ["GRUNIT_DATA"], "resume_ner")
        main(str(folder / "train.char.bmes"), str(folder / "test.char.bmes"))
    else:
        sys.exit(__doc__)
