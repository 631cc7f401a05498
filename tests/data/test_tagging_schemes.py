"""Schemes against each other, and against every sequence of tags."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data.tagging_schemes import (
    SCHEMES,
    Entity,
    convert,
    entities,
    find_break,
    find_stray,
    guess_scheme,
    split_tag,
    steps_allowed,
    write_tags,
)
from grunit.errors import DataError, InputError

# Three people next to each other, the last of one token, and a place that touches nothing; worked out by hand.
FOUND = [Entity("PER", 0, 2), Entity("PER", 2, 5), Entity("PER", 5, 6), Entity("LOC", 7, 8)]
WRITTEN = {
    "BIO": "B-PER I-PER B-PER I-PER I-PER B-PER O B-LOC O",
    "IOB1": "I-PER I-PER B-PER I-PER I-PER B-PER O I-LOC O",
    "BIOES": "B-PER E-PER B-PER I-PER E-PER S-PER O S-LOC O",
    "BMES": "B-PER E-PER B-PER M-PER E-PER S-PER O S-LOC O",
    "BILOU": "B-PER L-PER B-PER I-PER L-PER U-PER O U-LOC O",
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_entities_in_every_scheme(scheme):
    tags = WRITTEN[scheme].split()
    assert entities(tags) == FOUND
    assert write_tags(FOUND, 9, scheme) == tags
    assert find_break(tags, scheme) is None
    assert guess_scheme([tags]) == scheme
    for other in SCHEMES:
        assert convert(tags, other, source=scheme) == WRITTEN[other].split()


@st.composite
def sentences(draw) -> tuple[list[Entity], int]:
    """Entities that do not overlap, in a sentence."""
    found, place = [], 0
    for _ in range(draw(st.integers(0, 4))):
        start = place + draw(st.integers(0, 2))
        place = start + draw(st.integers(1, 3))
        found.append(Entity(draw(st.sampled_from(["PER", "LOC", "x-y", ""])), start, place))
    return found, place + draw(st.integers(0, 2))


@given(sentences(), st.sampled_from(list(SCHEMES)), st.sampled_from(list(SCHEMES)))
def test_there_and_back(sentence, one, other):
    found, length = sentence
    tags = write_tags(found, length, one)
    assert find_break(tags, one) is None
    assert entities(tags) == found
    assert convert(convert(tags, other), one) == tags


@pytest.mark.parametrize("scheme", SCHEMES)
def test_allowed_are_the_sequences_that_some_entities_are_written_as(scheme):
    """All sequences of four tags: a scheme keeps those it writes itself, and no others."""
    letters = [f"{letter}-{kind}" for letter in SCHEMES[scheme].roles for kind in ("X", "Y")] + ["O"]
    between, first, last = steps_allowed(letters, scheme)
    for path in itertools.product(range(len(letters)), repeat=4):
        tags = [letters[number] for number in path]
        steps = all(between[one, two] for one, two in itertools.pairwise(path))
        written = write_tags(entities(tags), 4, scheme) == tags
        assert (find_break(tags, scheme) is None) == written == (steps and first[path[0]] and last[path[-1]])


@pytest.mark.parametrize(
    ("tags", "scheme", "place", "words"),
    [
        ("O I-X", "BIO", 1, "'I-X' after 'O' breaks BIO"),
        ("I-X", "BIO", 0, "'I-X' at the start of a sentence breaks BIO"),
        ("B-X I-Y", "BIO", 1, "'I-Y' after 'B-X' breaks BIO"),
        ("B-X", "IOB1", 0, "'B-X' at the start"),
        ("I-X B-Y", "IOB1", 1, "'B-Y' after 'I-X' breaks IOB1"),
        ("B-X I-X", "BIOES", 1, "'I-X' at the end of a sentence breaks BIOES"),
        ("B-X O", "BMES", 1, "'O' after 'B-X' breaks BMES"),
        ("S-X E-X", "BMES", 1, "'E-X' after 'S-X' breaks BMES"),
        ("B-X I-X", "BMES", 1, "'I-X' is no tag of BMES"),
        ("O-X", "BIO", 0, "'O-X' is no tag of BIO"),
        ("B-", "BIO", 0, "'B-' is no tag of BIO"),
    ],
)
def test_breaks_are_found_where_they_are(tags, scheme, place, words):
    found = find_break(tags.split(), scheme)
    assert found is not None
    assert found[0] == place
    assert words in found[1]


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["O O"], None),
        (["NOUN VERB", "DET"], None),
        (["B M E S S"], "BMES"),
        (["B E O"], "BIOES"),
        (["I-X O", "I-X B-X"], "IOB1"),
        (["B-X I-X", "I-X", "B-X"], "BIO"),  # one sentence breaks it, which is not the same as another scheme
        (["PRP$ -LRB- B I"], None),
    ],
)
def test_the_scheme_is_seen_from_the_tags(tags, scheme):
    assert guess_scheme([sentence.split() for sentence in tags]) == scheme


def test_broken_tags_are_mended_as_conlleval_reads_them():
    assert convert(["O", "I-X", "I-Y", "E-Y"], "BIO") == ["O", "B-X", "B-Y", "I-Y"]
    assert convert(["M-X", "M-X"], "BMES") == ["B-X", "E-X"]
    with pytest.raises(DataError, match="token 2: 'I-X' after 'O' breaks BIO"):
        convert(["O", "I-X"], "BIOES", source="BIO")


def test_kinds_may_hold_a_hyphen():
    assert split_tag("B-creative-work") == ("B", "creative-work")


def test_refusals():
    with pytest.raises(InputError, match="did you mean 'BIOES'"):
        convert(["O"], "BIOE")
    with pytest.raises(DataError, match="overlaps"):
        write_tags([Entity("X", 0, 2), Entity("X", 1, 3)], 3, "BIO")
    with pytest.raises(DataError, match="does not lie within 2 tokens"):
        write_tags([Entity("X", 1, 3)], 2, "BIO")


@pytest.mark.parametrize(
    ("rows", "stray"),
    [
        ([["B-X", "I-X", "O"] * 4, ["O", "o"]], (1, 1)),
        ([["B-X", "O"] * 6 + ["BX"]], (0, 12)),
        ([["B-X", "O"] * 6 + ["C-X"]], (0, 12)),
        ([["B-X", "I-X", "O"]], None),
        ([["B", "M", "E", "S"]], None),  # borders of words have no kind
        ([["NN", "IN", "-LRB-", "O"]], None),
        ([["B-X", "NN", "IN", "NN"]], None),  # most are plain
    ],
)
def test_a_tag_that_is_no_mark_among_marks_is_found(rows, stray):
    assert find_stray(rows) == stray
