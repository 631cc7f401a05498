"""The estimator: learning, figures, writing on, resuming, saving, refusing."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import grunit
from grunit import LanguageModel
from grunit.errors import DataError, InputError, NotFittedError
from grunit.tasks.language_model_adaptation import CachePointer, DynamicEvaluation

RHYME = "peter piper picked a peck of pickled peppers\nhow many pickled peppers did peter piper pick\n"
LINES = ["the cat sat on the mat", "the dog sat on the log", "a cat and a dog ran"]


def small(**changes) -> LanguageModel:
    options = {"hidden_size": 12, "chunk": 16, "batch_size": 8, "max_epochs": 25, "lr": 0.02, "verbose": 0}
    return LanguageModel(**{**options, **changes})


@pytest.fixture(scope="module")
def characters() -> LanguageModel:
    return small().fit(RHYME * 6)


@pytest.fixture(scope="module")
def poems() -> LanguageModel:
    return small(unit="word", max_epochs=60).fit(LINES * 6)


def test_it_foresees_what_it_learnt_better_than_letter_counts(characters):
    counts = np.unique(list(RHYME), return_counts=True)[1] / len(RHYME)
    entropy = -float((counts * np.log(counts)).sum())
    assert math.log(characters.perplexity(RHYME)) < 0.7 * entropy
    assert characters.history_.train[-1] < characters.history_.train[0]


def test_figures_are_sums_of_single_steps(characters):
    text = "pick a peck"
    network = characters.network()
    state, last, nats = network.core.init_state(1), torch.tensor([characters.opening]), 0.0
    for token in characters.encoder_.encode(text):
        with torch.no_grad():
            found, state = network.step(last, state)
        nats, last = nats - float(found[0, token]), torch.tensor([token])
    score = characters.score_text(text)
    assert (score.tokens, score.characters) == (11, 11)
    assert score.nats == pytest.approx(nats, rel=1e-10)
    assert characters.perplexity(text) == pytest.approx(math.exp(nats / 11))
    assert characters.bits_per_character(text) == pytest.approx(nats / 11 / math.log(2))


def test_ends_of_texts_count_and_each_text_begins_anew(poems):
    alone = [poems.score_text([line]) for line in LINES]
    together = poems.score_text(LINES)
    assert together.nats == pytest.approx(sum(one.nats for one in alone), rel=1e-9)
    assert together.tokens == sum(len(line.split()) + 1 for line in LINES)
    assert together.characters == sum(len(line) + 1 for line in LINES)
    assert poems.score_text(LINES[0]).nats == alone[0].nats


@settings(max_examples=15)
@given(st.lists(st.text("the cadogsmnlr", min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=5))
def test_a_text_costs_the_same_alone_and_among_others(poems, texts):
    together = poems.score_text(texts)
    assert together.nats == pytest.approx(sum(poems.score_text([text]).nats for text in texts), rel=1e-9)


def test_writing_is_the_same_alone_and_in_a_batch(characters, poems):
    for model, prompts in ((characters, ["peter", "", "a peck of p"]), (poems, ["the", "", "a cat and"])):
        for options in ({"seed": 3}, {"num_beams": 3}, {"temperature": 0, "repetition_penalty": 1.2}):
            together = model.generate(prompts, 20, **options)
            for row, prompt in enumerate(prompts):
                own = {**options, "seed": 3 + row} if "seed" in options else options
                assert model.generate(prompt, 20, **own) == together[row]


def test_a_state_kept_between_calls_is_one_go(characters):
    whole = characters.generate("peter", 30, seed=4)
    state, parts = characters.read("pet"), []
    state = characters.read("er", state)
    for count in (7, 1, 22):
        part, state = characters.generate("", count, seed=None if parts else 4, state=state, return_state=True)
        parts.append(part)
    assert "".join(parts) == whole
    assert characters.perplexity("peter" + whole) > 1


def test_a_stream_is_what_generate_gives_piece_by_piece(characters, poems):
    for model, prompt in ((characters, "how "), (poems, "the dog")):
        pieces = list(model.stream(prompt, 12, seed=2))
        assert "".join(pieces) == model.generate(prompt, 12, seed=2)
        assert len(pieces) > 3
    stream = characters.stream("how ", 5, seed=2)
    assert len("".join(next(stream) for _ in range(5))) == 5
    with pytest.raises(StopIteration) as stopped:
        next(stream)
    after = stopped.value.value
    assert characters.generate("", 4, state=after) == characters.generate("how ", 9, seed=2)[5:]


def test_texts_of_a_list_come_to_their_end(poems):
    assert all(poems.generate("the cat", 30, temperature=0).split()[-1] in ("mat", "log", "ran") for _ in range(2))
    found, state = poems.generate("the cat", 30, temperature=0, return_state=True)
    assert state.tokens[0][-1] == poems.end
    assert found == " sat on the mat"
    assert "<" not in "".join(poems.generate([""] * 20, 15, temperature=3.0))  # no padding, no unknown word


def test_a_text_of_words_goes_on_from_line_to_line():
    text = "\n".join(["one two", "three four", ""] * 12)
    model = small(unit="word", max_epochs=60).fit(text)
    assert model.generate("one two\nthree", 6, temperature=0) == " four\n\none two\n"
    score = model.score_text("one two\nthree four\n")
    assert (score.tokens, score.characters) == (6, 19)


def test_connected_texts_are_one_stream():
    model = small(unit="space", connected=True, max_epochs=60).fit(["a b", "c d", "e f"] * 12)
    # What a line begins with follows from the line before it, which only a carried state knows.
    assert model.score_text(["a b", "c d", "e f"] * 5).perplexity < 1.5
    # Cut into two, both begin with "a", which the first line of all does not have to.
    assert model.score_text(["a b", "c d"] * 2, num_rows=2).tokens == 12
    assert model.generate("a", 5, temperature=0) == " b"


def test_following_the_text_leaves_the_model_as_it_is(characters):
    text = "zzz yyy zzz yyy " * 8
    before = characters.perplexity(text)
    assert characters.perplexity(text, cache=CachePointer(50, 20.0, 0.4)) < before
    assert characters.perplexity(text, dynamic=DynamicEvaluation(0.3, chunk=8)) < before
    squares = characters.gradient_squares(RHYME)
    rms = DynamicEvaluation(2e-3, decay=0.01, chunk=8, squares=squares)
    assert characters.perplexity(text, dynamic=rms, cache=CachePointer()) < before
    assert characters.perplexity(text) == before


def test_texts_are_learnt_on_from_in_the_order_they_are_given(poems):
    texts, lr = ["the cat sat on the mat", "a dog"], 0.5
    network, nats = poems.network(), 0.0
    for text in texts:
        tokens = torch.tensor([[poems.end, *poems.encoder_.encode(text), poems.end]])
        hidden, _ = network(tokens[:, :-1])
        loss = -network.softmax.log_probabilities(hidden)[0].gather(1, tokens[0, 1:].unsqueeze(1)).mean()
        nats += float(loss.detach()) * (tokens.shape[1] - 1)
        network.zero_grad()
        loss.backward()
        with torch.no_grad():
            for weight in network.parameters():
                weight.sub_(lr * weight.grad)
    score = poems.score_text(texts, dynamic=DynamicEvaluation(lr, chunk=20, clip=None))
    assert score.nats == pytest.approx(nats, rel=1e-9)


def test_byte_pieces_know_every_text(tmp_path):
    pytest.importorskip("tokenizers", reason="pieces are of the extra text")
    model = small(unit="bpe", text_options={"max_size": 300}, max_epochs=120).fit("one two, 床前明月光\n" * 20)
    assert model.encoder_.vocabulary.tokens[model.opening] == "\u010a"  # the sign for the byte of a line's end
    assert model.score_text("ñandú").tokens == len("ñandú".encode())
    written = model.generate("one two,", 12, temperature=0)
    assert written.startswith(" 床前明月光\none two, 床")
    pieces = list(model.stream("one two,", 12, temperature=0))
    assert "".join(pieces) == written
    assert not any("\ufffd" in piece for piece in pieces[:-1])  # no half character
    again = grunit.load(model.save(tmp_path / "model"))
    assert again.perplexity("one three") == model.perplexity("one three")


@pytest.mark.parametrize(
    "options",
    [
        {"tie_weights": False, "embedding_size": 5},
        {"embedding_size": 5},
        {"softmax": "adaptive", "tie_weights": False},
        {"softmax": "sampled", "softmax_options": {"samples": 8}},
        {"cell": ["lstm", "gru"]},
        {
            "cell": "lstm",
            "num_layers": 2,
            "dropout": 0.1,
            "weight_drop": 0.2,
            "embedding_dropout": 0.05,
            "activation_l2": 0.1,
            "change_l2": 0.1,
            "averaging": "swa",
            "cell_options": {"residual": "add"},
        },
        {"carry": None, "training_options": {"averaging_start": 0.5}},
        {"carry": None, "random_chunk": True},
    ],
    ids=["untied", "bridge", "adaptive", "sampled", "two cells", "awd", "one batch", "random chunks"],
)
def test_every_option_learns_and_comes_back_from_the_disk(options, tmp_path):
    text = "abcab" * 60
    model = small(**options).fit(text)
    assert model.perplexity(text) < 3.2  # five letters, three of them different
    again = grunit.load(model.save(tmp_path / "model"))
    assert again.perplexity(text) == model.perplexity(text)
    assert again.generate("ab", 15, seed=1) == model.generate("ab", 15, seed=1)
    assert again.get_params()["hidden_size"] == 12
    assert clone(model).get_params() == model.get_params()


def plain_cells() -> list[str]:
    return [name for name in grunit.cells.names() if not grunit.cells.get(name).inputs[1:]]


@pytest.mark.slow
@pytest.mark.parametrize("cell", [name for name in plain_cells() if "conv" not in name])
def test_every_cell_of_the_catalogue_can_be_chosen(cell):
    model = small(cell=cell, hidden_size=8, max_epochs=2).fit("abcab" * 30)
    assert 1 < model.perplexity("abcab" * 4) < 20
    kept = model.generate("ab", 6, seed=0)
    state = model.read("a")
    assert model.generate("b", 6, seed=0, state=state) == kept


@pytest.mark.parametrize("texts", [RHYME * 4, LINES * 8])
def test_an_interrupted_fit_goes_on_to_the_same_weights(texts):
    options = {
        "max_epochs": 3,
        "dropout": 0.2,
        "weight_drop": 0.1,
        "averaging": "ema",
        "carry": 2,
        "random_chunk": True,
    }
    straight = small(**options).fit(texts)

    def stop(history):
        if history.epochs == 1:
            raise KeyboardInterrupt

    model = small(**options)
    with pytest.raises(KeyboardInterrupt):
        model.fit(texts, watch=stop)
    model.fit(texts, resume=True)
    for one, other in zip(model.model_.parameters(), straight.model_.parameters(), strict=True):
        assert torch.equal(one, other)
    assert model.history_.train == straight.history_.train


def test_validation_chooses_the_weights_and_stops():
    # What is held back contradicts what is learnt, so that the first epochs are the best.
    model = small(patience=2, max_epochs=60).fit("ab" * 100, "ba" * 5 + "b" * 30)
    assert model.history_.stopped_early
    assert model.history_.best_epoch == model.history_.epochs - 2
    held = small(validation_fraction=0.2, max_epochs=2).fit(LINES * 4)
    assert len(held.history_.validation) == 2
    assert len(small(patience=9, max_epochs=2).fit(RHYME).history_.validation) == 2


def test_unknown_tokens_are_counted_and_never_written():
    model = small(unit="word", text_options={"min_count": 5}, max_epochs=20).fit([*LINES * 5, "rare words here"])
    assert "rare" not in model.encoder_.vocabulary
    assert model.score_text(["rare words"]).tokens == 3
    assert "<unk>" not in model.generate(["rare", "the"], 20, seed=0)[0]
    # Lower case comes of the encoder, and is part of what is saved.
    folded = small(text_options={"lowercase": True}).fit(RHYME * 2)
    assert folded.perplexity(RHYME.upper()) == folded.perplexity(RHYME)


def test_a_word_that_reads_as_an_end_is_a_word_and_no_end():
    texts = ["say <end> and go on", "say <pad> and go on"] * 10
    model = small(unit="space", max_epochs=80).fit(texts)
    # As many tokens as with a word that reads as nothing.
    other = small(unit="space", max_epochs=1).fit([text.replace("<", "(") for text in texts])
    assert len(model.encoder_.vocabulary) == len(other.encoder_.vocabulary)
    assert model.score_text(texts).tokens == other.score_text(texts).tokens == 20 * 6
    assert model.perplexity(texts) < 1.3
    assert model.generate("say <end>", 10, temperature=0) == " and go on"
    assert model.generate("say", 10, temperature=0) in (" <end> and go on", " <pad> and go on")
    assert "".join(model.stream("say", 10, temperature=0)) == model.generate("say", 10, temperature=0)


def test_words_are_streamed_as_they_are_generated_quotation_marks_too():
    said = 'he said "the well-made dog" and "the dogs\' cat" and then "a cat" again'
    model = small(unit="word", max_epochs=1).fit([said] * 20)
    for prompt in ("he", 'he said "the', 'he said "the well-made dog" and "the dogs\' cat" and then'):
        for seed in range(2):
            whole = model.generate(prompt, 30, seed=seed)
            assert "".join(model.stream(prompt, 30, seed=seed)) == whole


def test_numbers_of_numpy_are_numbers():
    model = small(hidden_size=np.int64(8), chunk=np.int32(8), max_epochs=np.int64(2), dropout=np.float32(0.5))
    assert model.fit(RHYME).history_.epochs == 2
    assert len(model.generate("p", np.int64(4), seed=0)) == 4


def test_no_tokens_asked_for_is_an_empty_answer(characters):
    assert characters.generate("peter", 0) == ""
    assert characters.generate(["peter", "a"], 0, num_beams=2) == ["", ""]
    assert list(characters.stream("peter", 0)) == []


@pytest.mark.parametrize(
    ("options", "text", "message"),
    [
        ({}, "", "text is empty"),
        ({}, None, "text is None: give a text, or a list"),
        ({}, [], "text is empty: give a text, or a list"),
        ({}, ["a b", 3], "text 1 is a int: give a string"),
        ({}, ["a b", "  "], "text 1 is empty: take it out"),
        ({}, "a", "text is one token long"),
        ({"unit": "letters"}, RHYME, "unit is 'letters'"),
        ({"cell": "augru"}, RHYME, "needs attention at every step"),
        ({"hidden_size": 0}, RHYME, "hidden_size must be"),
        ({"carry": 0}, RHYME, "carry must be"),
        ({"chunk": None}, RHYME, "chunk must be"),
        ({"dropout": 1.5}, RHYME, "dropout must be a number between 0 and 1"),
        ({"softmax": "hierarchical"}, RHYME, "softmax must be one of full, adaptive, sampled"),
        ({"softmax": "adaptive"}, RHYME, "set tie_weights=False"),
        ({"softmax_options": {"cutoffs": [3]}}, RHYME, "the full softmax takes no such"),
        ({"text_options": {"unit": "word"}}, RHYME, "text_options names 'unit'"),
        ({"cell_options": {"bidirectional": True}}, RHYME, "cell_options names 'bidirectional'"),
        ({"validation_fraction": 1.0}, RHYME, "validation_fraction is 1.0"),
        ({"validation_fraction": 0.9}, "abc", "too short to hold any back"),
        ({"training_options": {"lr": 3}}, RHYME, "'lr' is an argument of its own"),
    ],
)
def test_what_cannot_be_learnt_is_refused(options, text, message):
    with pytest.raises((DataError, InputError), match=message):
        small(**options).fit(text)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.generate("a", -1), "max_new_tokens is -1"),
        (lambda model: model.generate("a", 3, num_beams=0), "num_beams must be"),
        (lambda model: model.generate("a", 3, num_beams=2, top_k=3), "beams draw nothing"),
        (lambda model: model.generate("a", 3, temperature=-1), "temperature is -1"),
        (lambda model: model.generate([], 3), "there is no prompt"),
        (lambda model: model.generate(["a"], 3, state=model.read(["b", "c"])), "the state is of 2 texts and 1 came"),
        (lambda model: model.stream(["a"], 3), "stream writes one text"),
        (lambda model: model.stream("", 3, state=model.read(["a", "b"])), "the state is of 2"),
        (lambda model: model.generate(7, 3), "prompt is 7: give a text"),
        (lambda model: model.perplexity([]), "text is empty"),
        (lambda model: model.fit("abc" * 9, ["abc"]), "text and validation are of two kinds"),
    ],
)
def test_what_cannot_be_answered_is_refused(characters, call, message):
    with pytest.raises((DataError, InputError), match=message):
        call(characters)


def test_before_fit_there_is_no_answer():
    for name in ("read", "generate", "stream", "perplexity", "bits_per_character", "gradient_squares"):
        with pytest.raises(NotFittedError, match="this LanguageModel is not fitted"):
            getattr(small(), name)("text")


def test_arguments_are_only_stored():
    model = LanguageModel()
    for name in inspect.signature(LanguageModel).parameters:
        assert getattr(model, name) == inspect.signature(LanguageModel).parameters[name].default
