"""What Python calls arguments reads as options and settings on the command line, and nothing else changes."""

from __future__ import annotations

import importlib
from pathlib import Path

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


@pytest.mark.parametrize(
    "sentence",
    [
        "seed=3.csv, line 3: the text is empty",
        "my file lr=0.1.csv: it is empty",
        "C:\\data\\h=12.csv is no file",
        "C:\\data\\h=12 is no file",
        "/data/lr=0.1/model: no such folder",
        "runs/seed=3 is there already",
        "seed=3/config.json is missing",
        "texts[3] is 'set lr=0.1', which is no text",
        'the text "it\'s set lr=0.1 now" is no number',
        "the text='set lr=0.1 now' is no number",
        "the text 'it's lr=0.1 or None' is no number",
        "the text 'start without resume' is no number",
        "the columns are None, True, value",
        "no column True: the columns are True, False, None",
        "reviews.csv, line 3: the label is None",
        "the series None has one value",
        "the tag 'h=3' of validation does not occur in training",
        "give one of None, True, a",
        "features=['a', 'b'] are given",
        "\ue0007\ue001 is no label, 'nor \ue0000\ue001'",
    ],
)
@pytest.mark.parametrize("verb", ["fit", "compare"])
def test_what_is_somebody_elses_stays_as_it_is(verb, sentence):
    assert as_typed(sentence, load(verb)) == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["-o", "seed=3"], "seed=3 is there already: name another"),
        (["-o", "./seed=3/"], "seed=3 is there already: name another"),
        (["-oseed=3"], "seed=3 is there already: name another"),
        (["--output=seed=3"], "seed=3 is there already: name another"),
        (["in/seed=3"], "seed=3 and seed=3: both are folders"),
        (["windows"], "windows is a folder: name a file"),
        (["--label", "lr=2"], "there is no column lr=2: the columns are a, b"),
        (["--features", "id=5,None"], "there is no column id=5, or None: the columns are a, b"),
        (["my h=3"], "my h=3 is a folder"),
    ],
)
def test_what_was_typed_stays_as_it_is(given, sentence):
    function = load("compare")
    assert as_typed(sentence, function, ["compare", "forecast", *given]) == sentence
    assert as_typed(sentence, function, ["compare", "forecast", "other"]) != sentence


@pytest.mark.parametrize(
    ("sentence", "typed"),
    [
        ("set lr=0.1.", "give --set lr=0.1."),
        ("set lr=1e-3, or clip=None: or h=3", "give --set lr=1e-3, or --set clip=none: or --h 3"),
        ("clip is 0: give a number above 0, or None", "clip is 0: give a number above 0, or none"),
        ("exogenous is 'x': give 'all', None or a list", "exogenous is 'x': give 'all', none or a list"),
        ("monitor is -1: give True, or epochs", "monitor is -1: give true, or epochs"),
        ("pairs is 'x y': use True or False", "pairs is 'x y': use true or false"),
        (
            "it is 'a b': set unit='char', or mend_tags=True",
            "it is 'a b': give --set unit=char, or --set mend_tags=true",
        ),
    ],
)
def test_a_value_ends_with_its_word_and_constants_are_choices(sentence, typed):
    assert as_typed(sentence, load("fit"), ["fit", "tagging", "reviews.csv", "--set", "lr=0.5"]) == typed


def test_names_of_files_and_folders_are_said_as_they_are(run):
    for name in ("seed=3.csv", "lr=0.1.csv"):
        Path(name).write_text("text,label\ngood film,a\n,b\n")
        answer = run("fit", "text-classification", name)
        assert answer.status == 2
        assert answer.err.startswith(f"grunit: {name}, line 3")
    Path("seed=3").mkdir()
    Path("r.csv").write_text("text,label\ngood film,a\nbad film,b\n")
    answer = run("fit", "text-classification", "r.csv", "-o", "seed=3")
    assert answer.status == 2
    assert answer.err.startswith("grunit: seed=3 ")
    Path("c.csv").write_text("None,True,value\n1,2,3\n")
    answer = run("fit", "forecast", "c.csv", "--target", "sales")
    assert answer.status == 2
    assert "None, True, value" in answer.err


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
