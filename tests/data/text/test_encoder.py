"""Text to numbers and back."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.text import UNKNOWN, TextEncoder
from grunit.errors import DataError, InputError, NotFittedError

whole_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(whole_text.filter(bool))
def test_characters_come_back_as_normalised(text):
    encoder = TextEncoder("char").fit([text])
    assert encoder.decode(encoder.encode(text)) == unicodedata.normalize("NFC", text)


@given(whole_text, st.sampled_from([None, "NFC", "NFD", "NFKC", "NFKD"]), st.booleans())
def test_normalising_twice_changes_nothing(text, form, lowercase):
    encoder = TextEncoder(normalization=form, lowercase=lowercase)
    once = encoder.normalize(text)
    assert encoder.normalize(once) == once


@pytest.mark.parametrize("unit", ["char", "word", "space"])
def test_json_holds_everything(unit):
    texts = ["Der Tag ist schön .", "房间很大。"]
    encoder = TextEncoder(unit, lowercase=True, specials=["<s>"]).fit(texts)
    again = TextEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    for text in [*texts, "Der unknown TAG"]:
        assert again.encode(text) == encoder.encode(text)
    assert again.to_json() == encoder.to_json()


def test_same_letters_in_other_forms_are_the_same_token():
    encoder = TextEncoder().fit(["caf\u00e9"])
    assert encoder.encode("cafe\u0301") == encoder.encode("caf\u00e9") != [UNKNOWN]
    compatible = TextEncoder(normalization="NFKC", lowercase=True).fit(["abc 12"])
    assert compatible.encode("ABC 12") == compatible.encode("abc 12")


def test_text_that_spells_a_special_out_is_only_text():
    encoder = TextEncoder("space", specials=["</s>"]).fit(["a b"])
    assert encoder.encode("a </s> <pad>") == [encoder.vocabulary.numbers["a"], UNKNOWN, UNKNOWN]
    assert encoder.decode([2, 0, *encoder.encode("a b"), 2]) == "a b"
    assert encoder.decode([UNKNOWN]) == "<unk>"
    assert encoder.encode("a <unk>") == [encoder.vocabulary.numbers["a"], UNKNOWN]


@pytest.mark.parametrize("unit", ["char", "word", "space", "bpe"])
def test_a_text_learnt_with_specials_in_it_comes_back_and_holds_none(unit):
    if unit == "bpe":
        pytest.importorskip("tokenizers", reason="the package tokenizers (extra text) is not installed")
    text = "<end> of <pad> and \\\\<end> or <end>,"
    encoder = TextEncoder(unit, specials=["<end>"]).fit([text] * 3)
    numbers = encoder.encode(text)
    assert min(numbers) > 2
    again = TextEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again.split(encoder.decode([2, *numbers, 0])) == encoder.split(text)
    if unit != "word":
        assert again.decode([2, *numbers, 0]) == text


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: TextEncoder("words"), InputError, "did you mean 'word'"),
        (lambda: TextEncoder(normalization="nfc"), InputError, "did you mean 'NFC'"),
        (lambda: TextEncoder(normalization="full"), InputError, "use one of None, NFC"),
        (lambda: TextEncoder().fit("one text"), DataError, "give a list of strings"),
        (lambda: TextEncoder().fit([" "]), DataError, "no token to learn"),
        (lambda: TextEncoder().fit([3]), DataError, "a text is 3, a int"),
        (lambda: TextEncoder().fit(["ok", "half \ud800"]), DataError, "half a character at place 5"),
        (lambda: TextEncoder().encode("a"), NotFittedError, "call fit"),
    ],
)
def test_refusals(call, error, said):
    with pytest.raises(error, match=said):
        call()
