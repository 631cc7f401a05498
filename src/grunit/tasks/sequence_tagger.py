"""A tag for every token of a sentence: parts of speech, names of people and places, borders of words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunit.data.tagging_schemes import steps_allowed
from grunit.data.tagging_scores import TagScores, score_tags
from grunit.data.tagging_tokens import TokenEncoder
from grunit.data.text.vectors import Vectors, read_vectors
from grunit.errors import DataError
from grunit.nn.crf import CRF
from grunit.nn.options import check_size
from grunit.tasks import sequence_tagger_answers as answers
from grunit.tasks import sequence_tagger_arguments as arguments
from grunit.tasks.estimator import Estimator
from grunit.tasks.sequence_arguments import count_epochs
from grunit.tasks.sequence_tagger_model import TaggerModel
from grunit.tasks.sequence_tagger_rows import TaggerRows
from grunit.tasks.text_features import read_features, require_size
from grunit.training import Batches, History, fit, seeded
from grunit.training.settings import plain


class SequenceTagger(Estimator):
    """Gives every token of a sentence its tag.

    Words, their characters and how they are written go through a recurrent network in both directions; a linear-chain
    conditional random field chooses the best tags of the sentence as a whole, and never ones that break the scheme.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers, bidirectional, dropout: of the network (default 128, 1, True, 0.5).
        cell_options: passed to the cell and to :class:`grunit.Recurrent`, for example ``{"state_dropout": 0.2}``.
        embedding_size: of a word (default 100); of ``vectors``, where given, their own.
        vectors: pretrained vectors of words to begin from: :class:`grunit.data.text.Vectors`, or a file of word2vec or
            GloVe. All words that have one are known, those of no training sentence too.
        features: in place of the embedding of words, a function that gives an array ``(T_i, E)``, a row a token, for
            each of a list of sentences, such as :func:`grunit.data.text.token_states` of a model of ``transformers``.
            It is not saved: after :func:`grunit.load` set the attribute ``features`` again.
        characters: what a word is made of beside itself: ``"cnn"`` (default), ``"rnn"``, or None, which suits tokens
            that are single characters.
        character_options: of :class:`~grunit.tasks.sequence_tagger_model.CharacterCNN` or
            :class:`~grunit.tasks.sequence_tagger_model.CharacterRNN`, for example ``{"output_size": 100}``.
        casing: tell the network how a word is written: capitals, digits, signs (default True).
        pairs: also learn an embedding of each token with the next one, of ``pair_size`` (default False, 50); good for
            Chinese characters.
        lowercase: look words up in lower case; their characters keep theirs (default True).
        min_count: words that occur more rarely are unknown (default 1).
        unknown_share: how often a word that occurs once is shown as unknown in training, so that unknown words have
            something to go by (default 0.5).
        crf: False to choose every tag by itself (default True).
        scheme: how tags mark entities: ``"BIO"``, ``"IOB1"``, ``"BIOES"``, ``"BMES"``, ``"BILOU"``, None for tags that
            mark none, such as parts of speech, or ``"auto"`` (default) to see from the tags.
        learn_as: a scheme to learn in, such as ``"BIOES"``; answers come in the scheme of the tags (default None).
        mend_tags: tags that break the scheme are read as ``conlleval`` reads them, not refused (default False).
        validation_fraction: share of the sentences that is not learnt from and decides which weights are kept; 0
            (default) for none, or 0.1 where ``patience`` is given. ``fit`` also takes sentences of your own.
        max_epochs: passes over the sentences (default: as many as make 600 optimiser steps, at least 20, at most 300).
        batch_size, lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience, precision,
        device, seed, verbose: see :class:`grunit.training.Settings`.
        training_options: the rarer arguments of :class:`grunit.training.Settings`, for example
            ``{"bucketing": True}`` for batches of sentences of near lengths.

    Attributes:
        scheme_: of the tags, None where they mark no entities.
        tags_: the tags as they are learnt, sorted.
        encoder_: the numbers of words and characters.
        model_: the network, a :class:`~grunit.tasks.sequence_tagger_model.TaggerModel`.
        history_: what happened in training; losses are negative log-likelihoods a token.

    Source: Huang, Xu & Yu (2015); Lample et al. (2016); Ma & Hovy (2016).

    >>> X = [["Ada", "met", "Alan"], ["Alan", "slept"], ["Ada", "slept"]]
    >>> y = [["B-PER", "O", "B-PER"], ["B-PER", "O"], ["B-PER", "O"]]
    >>> tagger = SequenceTagger(hidden_size=8, dropout=0.0, max_epochs=30, lr=0.02, verbose=0).fit(X, y)
    >>> tagger.predict([["Alan", "met", "Ada"]]), tagger.score(X, y)
    ([['B-PER', 'O', 'B-PER']], 1.0)
    """

    kind = "SequenceTagger"
    model_: TaggerModel

    def __init__(
        self,
        cell: Any = "gru",
        hidden_size: int = 128,
        num_layers: int = 1,
        *,
        bidirectional: bool = True,
        dropout: float = 0.5,
        cell_options: dict[str, Any] | None = None,
        embedding_size: int = 100,
        vectors: Any = None,
        features: Any = None,
        characters: str | None = "cnn",
        character_options: dict[str, Any] | None = None,
        casing: bool = True,
        pairs: bool = False,
        pair_size: int = 50,
        lowercase: bool = True,
        min_count: int = 1,
        unknown_share: float = 0.5,
        crf: bool = True,
        scheme: str | None = "auto",
        learn_as: str | None = None,
        mend_tags: bool = False,
        validation_fraction: float = 0.0,
        max_epochs: int | None = None,
        batch_size: int = 32,
        lr: float = 3e-3,
        optimizer: Any = "adamw",
        optimizer_options: dict[str, Any] | None = None,
        weight_decay: float = 0.01,
        scheduler: str = "one_cycle",
        warmup: float = 0.0,
        clip: float | None = 1.0,
        patience: int | None = None,
        precision: str = "float32",
        device: str = "auto",
        seed: int = 0,
        verbose: int = 1,
        training_options: dict[str, Any] | None = None,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell_options = cell_options
        self.embedding_size = embedding_size
        self.vectors = vectors
        self.features = features
        self.characters = characters
        self.character_options = character_options
        self.casing = casing
        self.pairs = pairs
        self.pair_size = pair_size
        self.lowercase = lowercase
        self.min_count = min_count
        self.unknown_share = unknown_share
        self.crf = crf
        self.scheme = scheme
        self.learn_as = learn_as
        self.mend_tags = mend_tags
        self.validation_fraction = validation_fraction
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.optimizer = optimizer
        self.optimizer_options = optimizer_options
        self.weight_decay = weight_decay
        self.scheduler = scheduler
        self.warmup = warmup
        self.clip = clip
        self.patience = patience
        self.precision = precision
        self.device = device
        self.seed = seed
        self.verbose = verbose
        self.training_options = training_options

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> SequenceTagger:
        """Learn from tagged sentences.

        Args:
            X: N lists of tokens.
            y: N lists of tags, one a token.
            validation: sentences and tags that decide which weights are kept, and when to stop; in place of
                ``validation_fraction``.
            resume: go on with a fit of the same data that was interrupted, to the same weights as without the
                interruption.
            checkpoint: a file that is kept up to date with every epoch and removed at the end, so that even a killed
                process can be resumed.
            watch: called with the :class:`~grunit.training.History` after every epoch.

        Raises:
            DataError: sentences or tags cannot be used, or break the scheme.
            InputError: an argument.
            DivergenceError: the loss is not finite.
        """
        arguments.check_arguments(self)
        start = self.starting_point(resume, checkpoint)
        given, beside = arguments.read_given(X, y, validation)
        self.require_same_data(resume, given, beside)
        self.scheme_, learnt, kept = arguments.part_examples(self, given, beside)
        self.tags_ = sorted({tag for row in learnt.tags for tag in row})
        vectors = self._measure(learnt, resume)
        rows = self._rows(learnt)
        batches = Batches(rows, plain(self.batch_size), seed=int(self.seed))
        held_back = None
        if kept is not None:
            held_back = Batches(self._rows(kept), max(answers.BLOCK, plain(self.batch_size)), shuffle=False)
        settings = self.settings(max_epochs=count_epochs(plain(self.max_epochs), len(batches)))
        # A sentence counts by its tokens, and one number for all makes the loss one a token.
        self.mean_length_ = float(rows.lengths.double().mean())
        with seeded(int(self.seed)):
            self.model_, self.history_ = self.build(), History()
            if vectors is not None:
                with torch.no_grad():
                    assert self.model_.words is not None
                    vectors.place(self.encoder_.words, self.model_.words.weight)
            keep = self.keeper(checkpoint)
            self.history_ = fit(
                self.model_, self.loss, batches, held_back, settings, keep=keep, resume=start, watch=watch
            )
        self.training_done(checkpoint)
        return self

    def predict(self, X: Any) -> list[list[str]]:
        """The tags of each sentence; X as in :meth:`fit`. A sentence without tokens is given no tags.

        Raises:
            NotFittedError: before ``fit``.
            DataError: the sentences cannot be used.
        """
        return [self._name(path or []) for path in self._answer(X, answers.best_paths)]

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """The probability of each tag for each token, ``(T_i, tags)`` a sentence, in the order of ``tags_``.

        They take the whole sentence into account: the marginals of the conditional random field.
        """
        found = self._answer(X, answers.shares)
        return [np.zeros((0, len(self.tags_))) if row is None else row for row in found]

    def predict_n_best(self, X: Any, n: int = 5) -> list[list[tuple[list[str], float]]]:
        """The n likeliest ways to tag each sentence, each with its probability; fewer where there are fewer.

        >>> X, y = [["Ada", "slept"], ["Alan", "slept"]], [["B-PER", "O"], ["B-PER", "O"]]
        >>> tagger = SequenceTagger(hidden_size=4, max_epochs=2, verbose=0).fit(X, y)
        >>> ways = tagger.predict_n_best(X, n=9)
        >>> len(ways[0]), abs(sum(share for _, share in ways[0]) - 1) < 1e-9
        (4, True)
        """
        found = self._answer(X, answers.best_ways(check_size("n", n)))
        return [[(self._name(path), share) for path, share in ways or [([], 1.0)]] for ways in found]

    def evaluate(self, X: Any, y: Any) -> TagScores:
        """Accuracy, and precision, recall and F1 of entities, in all and by kind, as ``conlleval`` counts them."""
        self.check_fitted()
        sentences = arguments.read_sentences(X)
        return score_tags(arguments.read_tags(y, sentences), self.predict(sentences))

    def score(self, X: Any, y: Any) -> float:
        """F1 of entities, in [0, 1]; where tags mark no entities, the share of tokens with the right tag."""
        scores = self.evaluate(X, y)
        return scores.accuracy if self.scheme_ is None else scores.total.f1

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """The mean negative log-likelihood of the sentences of a batch, a token of a sentence of mean length."""
        *inputs, tags = batch
        lengths = inputs[1]
        emissions = model(*inputs).float()
        if self.crf:
            total = -self.model_.crf.log_likelihood(emissions, tags, lengths).sum()
        else:
            valid = torch.arange(tags.shape[1], device=tags.device) < lengths.unsqueeze(1)
            total = nn.functional.cross_entropy(emissions[valid], tags[valid], reduction="sum")
        return total / (len(tags) * self.mean_length_)

    def build(self) -> TaggerModel:
        """An untrained network of the right shape."""
        rules: dict[str, Tensor] = {}
        if self.crf and self.scheme_ is not None:
            found = steps_allowed(self.tags_, self.learn_as or self.scheme_)
            rules = {name: torch.from_numpy(rule) for name, rule in zip(("allowed", "first", "last"), found)}
        crf = CRF(len(self.tags_), **rules)
        if not self.crf:  # every tag by itself is the chain whose steps all score 0
            for parameter in crf.parameters():
                nn.init.zeros_(parameter.requires_grad_(False))
        return TaggerModel(
            self.cell,
            plain(self.hidden_size),
            words=None if self.has_features_ else len(self.encoder_.words),
            characters=len(self.encoder_.characters),
            pairs=0 if self.encoder_.pairs is None else len(self.encoder_.pairs),
            crf=crf,
            num_layers=plain(self.num_layers),
            bidirectional=bool(self.bidirectional),
            embedding_size=self.embedding_size_,
            pair_size=plain(self.pair_size),
            spelling=self.characters,
            character_options=plain(self.character_options),
            casing=bool(self.casing),
            dropout=float(self.dropout),
            rare=self.encoder_.rare,
            unknown_share=float(self.unknown_share),
            options=plain(self.cell_options),
        )

    def encoders(self) -> dict[str, dict[str, Any]]:
        """The vocabularies, the tags and their scheme, and what happened in training."""
        found = {
            "tags": self.tags_,
            "scheme": self.scheme_,
            "mean_length": self.mean_length_,
            "embedding_size": self.embedding_size_,
            "features": self.has_features_,
            "columns": getattr(self, "columns_", None),
        }
        return {"tokens": self.encoder_.to_json(), "found": found, "history": self.history_.to_dict()}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        found = encoders["found"]
        self.tags_, self.scheme_ = [str(tag) for tag in found["tags"]], found["scheme"]
        self.mean_length_, self.embedding_size_ = float(found["mean_length"]), int(found["embedding_size"])
        self.has_features_ = bool(found.get("features", False))
        if found["columns"] is not None:
            self.columns_ = dict(found["columns"])
        self.encoder_ = TokenEncoder.from_json(encoders["tokens"])
        self.history_ = History.from_dict(encoders["history"])
        with seeded(int(self.seed)):
            self.model_ = self.build()

    def _answer(self, X: Any, read: answers.Reader) -> list[Any]:
        """What ``read`` makes of the scores of each sentence; None for those without tokens."""
        self.check_fitted()
        sentences = arguments.read_sentences(X)
        found: list[Any] = [None] * len(sentences)
        present = [index for index, tokens in enumerate(sentences) if tokens]
        if present:
            numbers = [index + 1 for index in present]
            rows = self._encode([sentences[index] for index in present], numbers, dtype=torch.float64)
            for index, answer in zip(present, answers.answer_rows(self.model_, rows, read)):
                found[index] = answer
        return found

    def _config(self) -> dict[str, Any]:
        # Vectors are in the network by now, and a function of the program that trained cannot be written down.
        return {**super()._config(), "vectors": None, "features": None}

    def _measure(self, learnt: arguments.Examples, resume: bool) -> Vectors | None:
        """Number the words there are; a fit that is taken up again after loading knows them already."""
        if resume and self.vectors is None and hasattr(self, "encoder_"):
            return None
        self.has_features_ = self.features is not None
        vectors = self.vectors
        if vectors is not None and not isinstance(vectors, Vectors):
            vectors = read_vectors(vectors)
        if self.has_features_:
            size = read_features(
                learnt.sentences[:1], self.features, what=learnt.what, numbers=learnt.numbers[:1]
            ).features
        else:
            size = plain(self.embedding_size) if vectors is None else vectors.size
        self.embedding_size_ = size
        self.encoder_ = TokenEncoder.measure(
            learnt.sentences,
            lowercase=bool(self.lowercase),
            min_count=plain(self.min_count),
            pairs=bool(self.pairs),
            known=[] if vectors is None else list(vectors.words),
        )
        return vectors

    def _name(self, path: list[int]) -> list[str]:
        return arguments.give_back([self.tags_[tag] for tag in path], self.scheme_, self.learn_as)

    def _rows(self, given: arguments.Examples) -> TaggerRows:
        codes = {tag: code for code, tag in enumerate(self.tags_)}
        arguments.require_known(given.tags, self.tags_)
        targets = torch.tensor([codes[tag] for row in given.tags for tag in row])
        return self._encode(given.sentences, given.numbers, targets, what=given.what)

    def _encode(
        self,
        sentences: Sequence[Sequence[str]],
        numbers: Sequence[int],
        tags: Tensor | None = None,
        *,
        what: str = "sentence",
        dtype: torch.dtype = torch.float32,
    ) -> TaggerRows:
        """What batches are taken from; ``numbers`` are those by which messages call the sentences."""
        if not self.has_features_:
            return TaggerRows(self.encoder_.encode(sentences), tags)
        found = read_features(sentences, self.features, what=what, numbers=numbers)
        require_size(found, self.embedding_size_)
        if np.isnan(found.values).any():
            raise DataError("features gave a number that is NaN: give numbers, 0 where there is nothing to tell")
        return TaggerRows(self.encoder_.encode(sentences), tags, torch.from_numpy(found.values).to(dtype))
