"""What Python calls arguments reads as options and settings on the command line, and nothing else changes."""

from __future__ import annotations

import importlib

import pytest

from grunit.cli.verbs import VERBS, load
from grunit.cli.wording import as_typed, options_of


@pytest.mark.parametrize(
    ("verb", "sentence", "typed"),
    [
        ("fit", "loss='quantile' is needed", "--set loss=quantile is needed"),
        ("fit", "set scheme=None for tags", "give --set scheme=none for tags"),
        ("fit", "lowercase is 3: give True, False or 'source'", "lowercase is 3: give true, false or 'source'"),
        ("fit", "give more, or validation=..., or less", "give more, or --validation, or less"),
        ("fit", "write cell='lstm' or seed=3", "write --cell lstm or --seed 3"),
        ("fit", "start without resume", "start without --resume, in another folder with -o"),
        ("fit", "write it as  --set hidden_size=64", "write it as  --set hidden_size=64"),
        ("fit", "the text 'h=3' and None of them", "the text 'h=3' and None of them"),
        ("fit", "decode its file with errors='replace'", "decode its file with errors='replace'"),
        ("fit", "h is 0: give more", "--h is 0: give more"),
        ("fit", "text is empty", "text is empty"),
        ("generate", "top_k is 0: give more", "--top-k is 0: give more"),
        ("generate", "leave it out, or set num_beams=1", "leave it out, or give --beams 1"),
        ("predict", "fitted with tie_weights=False", "fitted with tie_weights=False"),
        ("tune", "give fewer values, or method='bayesian'", "give fewer values, or --method bayesian"),
    ],
)
def test_a_sentence_names_what_the_verb_takes(verb, sentence, typed):
    assert as_typed(sentence, load(verb)) == typed


@pytest.mark.parametrize("verb", ["fit", "predict", "generate"])
def test_an_unknown_cell_is_named_by_its_file(verb):
    sentence = "the model is made of the cell 'Leaky', which is not known here: give its class with "
    sentence += "grunit.load(path, cells=[...]), or register it with grunit.cells.register first"
    assert as_typed(sentence, load(verb)).endswith("not known here: name its file and class with --cell FILE.py:CLASS")


@pytest.mark.parametrize("verb", VERBS)
def test_the_options_are_those_that_the_help_names(run, verb):
    help_page = run(verb, "--help").out
    function = importlib.import_module(VERBS[verb].module).run
    assert all(option in help_page for option in options_of(function).values())
    assert "--json" in options_of(function).values()
