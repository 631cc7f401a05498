"""The translator from end to end: learning, keeping, going on, and every way to be configured."""

from __future__ import annotations

import pytest
import torch
from sklearn.base import clone

import grunit
from grunit.errors import DataError, InputError, NotFittedError
from grunit.tasks.translation_arguments import START, encode_pairs
from grunit.tasks.translation_loss import translation_loss

NOUNS = {"hund": "dog", "mann": "man", "vogel": "bird", "fisch": "fish"}
VERBS = {"sieht": "sees", "jagt": "hunts", "mag": "likes"}
SOURCES = [f"der {a} {v} den {b}" for a in NOUNS for v in VERBS for b in NOUNS]
TARGETS = [f"the {NOUNS[a]} {VERBS[v]} the {NOUNS[b]}" for a in NOUNS for v in VERBS for b in NOUNS]
SMALL = {"hidden_size": 24, "embedding_size": 24, "dropout": 0.0, "lr": 0.02, "batch_size": 8, "verbose": 0}


@pytest.mark.parametrize(
    "kind",
    [{}, {"attention": "additive", "input_feeding": True}, {"coverage": 0.3}, {"teacher_forcing": (1.0, 0.5)}],
    ids=str,
)
def test_sentences_not_seen_are_translated(kind):
    held = [5, 17, 29, 41]
    learnt = [place for place in range(len(SOURCES)) if place not in held]
    model = grunit.Translator(**SMALL, max_epochs=30, **kind)
    model.fit([SOURCES[place] for place in learnt], [TARGETS[place] for place in learnt])
    found = model.translate([SOURCES[place] for place in held])
    assert sum(one == TARGETS[place] for one, place in zip(found, held, strict=True)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        {"attention": None, "max_epochs": 250, "lr": 0.01, "hidden_size": 32},
        {"unit": "char", "min_count": 1},
        {"unit": "bpe", "max_size": 300, "max_epochs": 250},
        {"cell": ["lstm", "gru"]},
        {"bidirectional": False, "tie_embeddings": False, "attention": "additive"},
    ],
    ids=str,
)
def test_sentences_seen_often_are_known(kind):
    if kind.get("unit") == "bpe":
        pytest.importorskip("tokenizers", reason="pieces are of the extra text")
    chosen = slice(0, len(SOURCES), 12)  # one subject each
    model = grunit.Translator(**{**SMALL, "max_epochs": 120, **kind}).fit(SOURCES[chosen] * 2, TARGETS[chosen] * 2)
    assert model.translate(SOURCES[chosen]) == TARGETS[chosen]


@pytest.mark.parametrize("batch_size", [1, 3, 12])
def test_the_loss_of_validation_is_one_a_token_however_pairs_are_cut_into_batches(batch_size):
    others = ["hund", "der hund sieht den vogel", "der mann mag den hund und den fisch"]
    held = others, ["dog", "the dog sees the bird", "the man likes the dog and the fish"]
    model = grunit.Translator(**{**SMALL, "batch_size": batch_size, "max_epochs": 1})
    model.fit(SOURCES[:12], TARGETS[:12], validation=held)
    rows, _ = encode_pairs(model, held)
    losses = []
    for place in range(len(others)):  # alone, so that nothing is padded
        batch = rows.take(torch.tensor([place]))
        losses.append((translation_loss(model.model_, batch, start=START).item(), int(batch[3])))
    expected = sum(loss * tokens for loss, tokens in losses) / sum(tokens for _, tokens in losses)
    assert model.history_.validation == [pytest.approx(expected, rel=1e-5)]


@pytest.mark.parametrize("kind", [{}, {"cell": "lstm", "coverage": 0.5, "unit": "char", "max_size": 20}], ids=str)
def test_a_kept_model_translates_the_same(tmp_path, kind):
    model = grunit.Translator(**{**SMALL, "max_epochs": 3, **kind}).fit(SOURCES, TARGETS)
    model.save(tmp_path / "model")
    again = grunit.load(tmp_path / "model")
    assert again.get_params() == model.get_params()
    assert again.history_ == model.history_
    assert again.translate(SOURCES[:5]) == model.translate(SOURCES[:5])
    assert (tmp_path / "model" / "source.json").read_text().count('"der"' if not kind else '"d"') == 1


@pytest.mark.parametrize("kind", [{"dropout": 0.3}, {"teacher_forcing": (1.0, 0.2)}], ids=str)
def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path, kind):
    options = {**SMALL, **kind, "max_epochs": 4}
    whole = grunit.Translator(**options).fit(SOURCES, TARGETS)

    def stop(history):
        if history.epochs == 2:
            raise KeyboardInterrupt

    model = grunit.Translator(**options)
    with pytest.raises(KeyboardInterrupt):
        model.fit(SOURCES, TARGETS, watch=stop)
    model.save(tmp_path / "model")
    again = grunit.load(tmp_path / "model").fit(SOURCES, TARGETS, resume=True)
    for name, value in whole.model_.state_dict().items():
        assert torch.equal(value, again.model_.state_dict()[name]), name
    assert again.history_.train == whole.history_.train


def test_a_fit_goes_on_with_its_own_pairs_alone(tmp_path):
    def stop(history):
        raise KeyboardInterrupt

    held = SOURCES[:4], TARGETS[:4]
    model = grunit.Translator(**SMALL, max_epochs=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(SOURCES, TARGETS, validation=held, watch=stop)
    for again in (model, grunit.load(model.save(tmp_path / "model"))):
        with pytest.raises(DataError, match=r"the training data are not those .*: give the same again, or start"):
            again.fit(SOURCES[1:], TARGETS[1:], validation=held, resume=True)
        for others in (None, (SOURCES[:5], TARGETS[:5])):
            with pytest.raises(DataError, match=r"the validation data are not those .* \(the training data are\)"):
                again.fit(SOURCES, TARGETS, validation=others, resume=True)
    assert again.fit(iter(SOURCES), tuple(TARGETS), validation=held, resume=True).history_.epochs == 2


def test_validation_pairs_decide_which_weights_are_kept():
    model = grunit.Translator(**SMALL, max_epochs=6)
    model.fit(SOURCES[8:], TARGETS[8:], validation=(SOURCES[:8], TARGETS[:8]))
    history = model.history_
    assert len(history.validation) == 6
    # The loss of the weights that were kept, computed anew token by token, is the smallest of the history.
    network, total, count = model.model_.double(), 0.0, 0
    for source, target in zip(SOURCES[:8], TARGETS[:8], strict=True):
        ids = torch.tensor([model.source_.encode(source)])
        words = [*model.target_.encode(target), 3]
        logits = network(ids, torch.tensor([ids.shape[1]]), torch.tensor([[2, *words[:-1]]]))[0][0].detach()
        total -= float(logits.log_softmax(-1)[range(len(words)), words].sum())
        count += len(words)
    assert total / count == pytest.approx(min(history.validation), rel=1e-5)


def test_the_share_that_is_told_falls_with_training(monkeypatch):
    from grunit.tasks import translator as module

    shares = []
    true = module.translation_loss

    def record(*arguments, share=1.0, **options):
        shares.append(share)
        return true(*arguments, share=share, **options)

    monkeypatch.setattr(module, "translation_loss", record)
    grunit.Translator(**SMALL, max_epochs=2, teacher_forcing=(1.0, 0.5)).fit(SOURCES, TARGETS)
    assert shares == pytest.approx([1.0 - 0.5 * step / 11 for step in range(12)])


def test_it_is_an_estimator():
    model = grunit.Translator(cell="lstm", attention="additive")
    assert clone(model).get_params() == model.get_params()
    for ask in (lambda: model.translate(["a"]), lambda: model.align("a"), lambda: model.evaluate(["a"], ["b"])):
        with pytest.raises(NotFittedError, match="call fit first"):
            ask()
    with pytest.raises(InputError, match="there is no interrupted fit to resume"):
        model.fit(SOURCES, TARGETS, resume=True)


def test_scores_of_a_model_are_those_of_its_translations():
    sacrebleu = pytest.importorskip("sacrebleu", reason="BLEU is of the extra translation")
    model = grunit.Translator(**SMALL, max_epochs=8).fit(SOURCES, TARGETS)
    found = model.evaluate(SOURCES, TARGETS, num_beams=2)
    translations = model.translate(SOURCES, num_beams=2)
    assert found["BLEU"] == pytest.approx(sacrebleu.corpus_bleu(translations, [TARGETS]).score)
    assert found["chrF"] == pytest.approx(sacrebleu.corpus_chrf(translations, [TARGETS]).score)
