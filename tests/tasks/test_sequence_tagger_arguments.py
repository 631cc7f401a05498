"""Arguments, sentences and tags that cannot be used, refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from grunit import SequenceTagger
from grunit.errors import DataError, InputError
from grunit.tasks import sequence_tagger_arguments as arguments


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cell": "grru"}, "did you mean 'gru'"),
        ({"cell": "phased_lstm"}, "which a tagger has none of"),
        ({"hidden_size": 0}, "hidden_size must be a whole number"),
        ({"embedding_size": 2.5}, "embedding_size must be a whole number"),
        ({"characters": "lstm"}, "characters must be one of None, cnn, rnn"),
        ({"scheme": "BIOS"}, "unknown scheme 'BIOS': did you mean 'BIO"),
        ({"learn_as": "auto"}, "unknown scheme 'auto'"),
        ({"unknown_share": 2}, "unknown_share must be a number between 0 and 1"),
        ({"validation_fraction": 1}, "validation_fraction is 1"),
    ],
)
def test_arguments_out_of_range(changes, words):
    with pytest.raises(InputError, match=words):
        arguments.check_arguments(SequenceTagger(**changes))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a text", "give a list of lists of tokens, not str"),
        (3, "give a list of lists of tokens, not int"),
        ([["a"], "b c"], "sentence 2 is the text 'b c': give a list of tokens, such as"),
        ([["a"], None], "sentence 2 is of type NoneType"),
        ([["a", 3]], "sentence 1, token 2 is 3, not a text"),
        ([["a", ""]], "sentence 1, token 2 is empty"),
        ([["a"], []], "sentence 2 has no token: leave it out"),
    ],
)
def test_sentences_that_are_none(given, words):
    with pytest.raises(DataError, match=words):
        arguments.read_sentences(given, empty=False)


def test_sentences_of_any_kind():
    given = [("a", "b"), np.array(["c"]), [np.str_("d")], []]
    read = arguments.read_sentences(given)
    assert read == [["a", "b"], ["c"], ["d"], []]
    assert {type(token) for tokens in read for token in tokens} == {str}


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (None, "the target y is None"),
        ([["O"]], "X has 2 sentences and y 1"),
        ([["O"], ["O"]], "sentence 1 has 2 tokens and 1 tags: give one a token"),
        ([["O", 1], ["O"]], "the tags of sentence 1, tag 2 is 1, not a text"),
    ],
)
def test_tags_that_do_not_fit(tags, words):
    with pytest.raises(DataError, match=words):
        arguments.read_tags(tags, [["a", "b"], ["c"]])


def test_tags_that_break_the_scheme():
    broken = [["O"], ["O", "I-X"]]
    with pytest.raises(DataError, match=r"sentence 2, token 2: 'I-X' after 'O' breaks BIO: .* mend_tags=True"):
        arguments.keep_scheme(broken, "BIO", mend=False, learn_as=None)
    assert arguments.keep_scheme(broken, "BIO", mend=True, learn_as=None) == [["O"], ["O", "B-X"]]
    assert arguments.keep_scheme(broken, None, mend=False, learn_as=None) == broken
    with pytest.raises(InputError, match="these tags mark no entities: leave it out"):
        arguments.keep_scheme([["NOUN"]], None, mend=False, learn_as="BIOES")
