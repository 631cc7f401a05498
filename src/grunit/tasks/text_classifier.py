"""Classification of texts."""

from __future__ import annotations

import copy
import os
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from torch import Tensor, nn

from grunit.data.text import TextEncoder
from grunit.errors import DataError, InputError
from grunit.tasks import text_classifier_arguments as arguments
from grunit.tasks.class_answers import ClassAnswers, softmax
from grunit.tasks.estimator import Estimator
from grunit.tasks.sequence_arguments import split_rows
from grunit.tasks.sequence_estimator import BLOCK, VALIDATION, predict_batch
from grunit.tasks.text_classifier_attribution import attribute
from grunit.tasks.text_classifier_calibration import fit_temperature
from grunit.tasks.text_classifier_front import TextFront
from grunit.tasks.text_classifier_model import TextModel
from grunit.training import Batches, History, Settings, fit, seeded
from grunit.training.settings import plain


class TextClassifier(ClassifierMixin, ClassAnswers, Estimator):
    """Tells which class a text belongs to.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers, bidirectional: of the network (default 64, 1, True).
        unit: what a text is cut into: ``"word"`` (default), ``"char"``, ``"space"`` or ``"bpe"``, see
            :class:`grunit.data.text.TextEncoder`; Chinese is cut into characters by ``"word"`` and ``"char"``.
        lowercase, normalization, min_count, vocabulary_size: of the encoder (default True, ``"NFKC"``, 1, None).
        max_length: tokens of a text that are looked at, from its beginning (default None: all).
        embedding_size: numbers a token becomes (default 200); of ``vectors``, where given, their own.
        vectors: pretrained vectors to begin from: :class:`grunit.data.text.Vectors`, or a file of word2vec or GloVe.
            ``training_options={"freeze": ["embedding.*"]}`` keeps them as they are.
        pairs: also learn an embedding of each token with the next one, of ``pair_size`` (default False, 50), if the
            two occur together at least twice, however many pairs that are; good for Chinese characters and phrases.
        features: in place of an embedding, a function that gives an array ``(T_i, E)`` for each of a list of texts,
            such as :func:`grunit.data.text.hidden_states` of a model of ``transformers``. It is not saved: after
            :func:`grunit.load` set the attribute ``features`` again.
        pooling: how a text becomes one vector: ``"last"``, ``"first"``, ``"mean"``, ``"max"``, ``"sum"``,
            ``"attention"``, or a list of these side by side (default last and max).
        dropout: share of values dropped between layers and before the head (default 0.5).
        word_dropout: share of the tokens made unknown while training (default 0.1).
        embedding_dropout: share of embedded values dropped while training (default 0.5).
        cell_options: passed to the cell and to :class:`grunit.Recurrent`, for example ``{"state_dropout": 0.2}``.
        class_weight: how much an error counts: None for alike, ``"balanced"`` for classes alike however many texts
            each has, or a mapping ``{label: weight}``; a class that is not named weighs 1.
        label_smoothing: share of the target spread over all classes, in [0, 1).
        calibration: divide logits by a temperature fitted on the texts held back, so that probabilities are the
            shares in which they come true; at least a share ``validation_fraction`` of 0.15 is held back for it.
        validation_fraction: share of the texts, of every class alike, that is not learnt from and decides which
            weights are kept; 0 (default) for none, or 0.15 where ``patience`` or ``calibration`` is given.
        max_epochs: passes over the texts (default: as many as make 600 optimiser steps, at least 8, at most 200).
        batch_size, lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience, precision,
        device, seed, verbose: see :class:`grunit.training.Settings`.
        training_options: the rarer arguments of :class:`grunit.training.Settings`; batches hold texts of near lengths
            unless it has ``{"bucketing": False}``.

    Attributes:
        classes_: the labels, sorted.
        front_: what stands before the network; ``encoder_`` is its encoder of texts, None with ``features``.
        temperature_: what logits are divided by; 1 without ``calibration``.
        model_: the network, a :class:`~grunit.tasks.text_classifier_model.TextModel`.
        history_: what happened in training.

    >>> texts = ["a fine film", "fine and funny", "so fine", "a dull film", "dull and long", "so dull"]
    >>> classifier = TextClassifier(hidden_size=8, embedding_size=16, max_epochs=30, lr=0.02, verbose=0)
    >>> classifier.fit(texts, ["good"] * 3 + ["bad"] * 3).predict(["a fine book", "long and dull"])
    array(['good', 'bad'], dtype='<U4')
    """

    kind = "TextClassifier"
    model_: TextModel

    def __init__(
        self,
        cell: Any = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        *,
        unit: str = "word",
        lowercase: bool = True,
        normalization: str | None = "NFKC",
        min_count: int = 1,
        vocabulary_size: int | None = None,
        max_length: int | None = None,
        embedding_size: int = 200,
        vectors: Any = None,
        pairs: bool = False,
        pair_size: int = 50,
        features: Any = None,
        bidirectional: bool = True,
        pooling: Any = ("last", "max"),
        dropout: float = 0.5,
        word_dropout: float = 0.1,
        embedding_dropout: float = 0.5,
        cell_options: dict[str, Any] | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        calibration: bool = False,
        validation_fraction: float = 0.0,
        max_epochs: int | None = None,
        batch_size: int = 32,
        lr: float = 2e-3,
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
        self.unit = unit
        self.lowercase = lowercase
        self.normalization = normalization
        self.min_count = min_count
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.embedding_size = embedding_size
        self.vectors = vectors
        self.pairs = pairs
        self.pair_size = pair_size
        self.features = features
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.embedding_dropout = embedding_dropout
        self.cell_options = cell_options
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.calibration = calibration
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
        texts: Any,
        labels: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> TextClassifier:
        """Learn from labelled texts.

        Args:
            texts: N strings, none empty.
            labels: N labels of any kind.
            validation: further texts and their labels, in place of a share of the texts, to decide which weights are
                kept.
            resume: go on with a fit of the same data that was interrupted, to the same weights as without the
                interruption.
            checkpoint: a file that is kept up to date with every epoch and removed at the end, so that even a killed
                process can be resumed.
            watch: called with the :class:`~grunit.training.History` after every epoch.

        Raises:
            DataError: the texts or labels cannot be used.
            InputError: an argument.
            DivergenceError: the loss is not finite.
        """
        arguments.check_arguments(self)
        self.check_class_arguments()
        encoder = arguments.make_encoder(self)
        found, given = arguments.read_pairs(texts, labels)
        held = None if validation is None else arguments.read_pairs(*validation, where="validation ")
        self.require_same_data(resume, (found, given), held)
        start = self.starting_point(resume, checkpoint)
        codes = self.learn_classes(given)
        if held is None:
            share = self.validation_fraction or (VALIDATION if self.patience is not None or self.calibration else 0.0)
            learnt, kept = split_rows(len(found), float(share), int(self.seed), codes)
            if share and not len(kept):
                raise DataError(f"{len(found)} texts are too few to hold any back: give more, or validation=...")
            parts = [[found[row] for row in rows] for rows in (learnt, kept)]
            targets = [torch.from_numpy(codes[rows]) for rows in (learnt, kept)]
        else:
            parts, targets = [found, held[0]], [torch.from_numpy(codes), torch.from_numpy(self._codes(held[1]))]
        self.front_ = TextFront.learn(self, encoder, parts[0])
        batches = Batches(
            self.front_.rows(parts[0], self.features, targets[0]), plain(self.batch_size), seed=int(self.seed)
        )
        checking = None
        if parts[1]:
            size = max(BLOCK, plain(self.batch_size))
            checking = Batches(self.front_.rows(parts[1], self.features, targets[1]), size, shuffle=False).bucketed()
        settings = self.settings(max_epochs=arguments.count_epochs(plain(self.max_epochs), len(batches)))
        self.temperature_ = 1.0
        with seeded(int(self.seed)):
            self.model_, self.history_ = self.build(), History()
            self.front_.place(self.model_.embedding)
            self.history_ = fit(
                self.model_,
                self.loss,
                batches,
                checking,
                settings,
                keep=self.keeper(checkpoint),
                resume=start,
                watch=watch,
            )
        if self.calibration:
            self.temperature_ = fit_temperature(self.decision(parts[1]), targets[1].numpy())
        self.training_done(checkpoint)
        return self

    def predict(self, texts: Any) -> np.ndarray:
        """The likeliest class of each of a list of texts, ``(N,)``.

        Raises:
            NotFittedError: before ``fit``.
            DataError: they are no texts.
        """
        chosen = self.decision(texts).argmax(1)
        return self.classes_[chosen]

    def predict_proba(self, texts: Any) -> np.ndarray:
        """The probability of each class, ``(N, classes)`` in the order of ``classes_``."""
        return softmax(self.decision(texts) / self.temperature_)

    @torch.no_grad()
    def decision(self, texts: Any) -> np.ndarray:
        """The logits, ``(N, classes)``, before the temperature.

        They are computed in double precision, so that the answer to one text does not depend on those beside it.
        """
        self.check_fitted()
        found = arguments.read_texts(texts)
        answers = torch.empty(len(found), self.outputs(), dtype=torch.float64)
        if not found:
            return answers.numpy()
        model, rows = self._precise(), self.front_.rows(found, self.features, dtype=torch.float64)
        device = next(model.parameters()).device
        order = torch.argsort(rows.lengths, stable=True)  # like lengths together need the least padding
        for part in order.split(BLOCK):
            answers[part] = predict_batch(model, *(tensor.to(device) for tensor in rows.take(part))).cpu()
        return answers.numpy()

    def explain(
        self, texts: Any, label: Any = None, method: str = "integrated_gradients"
    ) -> list[list[tuple[str, float]]]:
        """How much every token of each text spoke for a class.

        Args:
            texts: a list of them.
            label: the class (default: of each text the likeliest).
            method: ``"integrated_gradients"`` (default) or ``"gradient_x_input"``, which is faster and coarser.

        Returns:
            for each text its tokens and a number each, above 0 where the token speaks for the class. The numbers of
            integrated gradients add up to the class's logit, less the mean of all logits, less the same of a text of
            as many unknown words. What a pair says is shared by its two tokens.

        Raises:
            InputError: no such class or method, or the tokens are not known (with ``features``).
        """
        self.check_fitted()
        found = arguments.read_texts(texts)
        if self.encoder_ is None:
            raise InputError("features do not tell which token is which: explain needs a classifier with an embedding")
        if label is not None and label not in self.classes_.tolist():
            raise InputError(f"label is {label!r}: use one of {self.classes_.tolist()}")
        chosen = self.predict(found) if label is None else np.full(len(found), label, dtype=self.classes_.dtype)
        model = self._precise()
        explained: list[list[tuple[str, float]]] = []
        device = next(model.parameters()).device
        for text, one in zip(found, chosen, strict=True):
            tokens = self.front_.tokens(text)
            if not tokens:
                explained.append([])
                continue
            ids = torch.from_numpy(self.front_.steps(text)).unsqueeze(0).to(device)
            values = attribute(model, ids, int(np.searchsorted(self.classes_, one)), method)
            explained.append([(token, float(value)) for token, value in zip(tokens, values, strict=True)])
        return explained

    def top_words(self, texts: Any, count: int = 10, least: int = 1) -> dict[Any, list[tuple[str, float]]]:
        """The tokens that spoke most for each class, by their mean attribution over texts.

        Args:
            texts: a list of them.
            count: tokens a class.
            least: times a token must occur to be named.
        """
        found: dict[Any, list[tuple[str, float]]] = {}
        for label in self.classes_.tolist():
            values: dict[str, list[float]] = {}
            for text in self.explain(texts, label):
                for token, value in text:
                    values.setdefault(token, []).append(value)
            means = [(token, float(np.mean(those))) for token, those in values.items() if len(those) >= least]
            found[label] = sorted(means, key=lambda pair: (-pair[1], pair[0]))[:count]
        return found

    def settings(self, **changes: Any) -> Settings:
        """The training arguments, checked; batches of near lengths unless told otherwise."""
        near = {} if "bucketing" in (self.training_options or {}) else {"bucketing": True}
        return super().settings(**{**near, **changes})

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Cross-entropy, weighted by class; with smoothed targets only while training."""
        inputs, lengths, targets = batch
        logits = predict_batch(model, inputs, lengths).float()
        return self.class_loss(logits, targets, self.label_smoothing if model.training else 0.0)

    @property
    def encoder_(self) -> TextEncoder | None:
        """The encoder of texts; None where features came in its place."""
        return self.front_.encoder

    def outputs(self) -> int:
        """The number of classes."""
        return len(self.classes_)

    def build(self) -> TextModel:
        """An untrained network of the right shape."""
        return TextModel(
            self.cell,
            plain(self.hidden_size),
            tokens=None if self.encoder_ is None else len(self.encoder_.vocabulary),
            features=self.front_.size,
            pairs=0 if self.front_.pairs is None else len(self.front_.pairs),
            pair_size=plain(self.pair_size),
            outputs=self.outputs(),
            num_layers=plain(self.num_layers),
            bidirectional=plain(self.bidirectional),
            dropout=plain(self.dropout),
            word_dropout=plain(self.word_dropout),
            embedding_dropout=plain(self.embedding_dropout),
            pooling=self.pooling,
            options=plain(self.cell_options),
        )

    def encoders(self) -> dict[str, dict[str, Any]]:
        """The vocabulary, the classes and the temperature."""
        columns = getattr(self, "columns_", None)
        found = {"features": self.front_.size, "temperature": self.temperature_, "columns": columns}
        learnt = {"found": found, "classes": self.classes_to_json(), "history": self.history_.to_dict()}
        return {**self.front_.to_json(), **learnt}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        found = encoders["found"]
        self.temperature_ = float(found["temperature"])
        if found["columns"] is not None:
            self.columns_ = dict(found["columns"])
        self.front_ = TextFront.from_json(encoders, int(found["features"]), self.max_length)
        self.classes_from_json(encoders["classes"])
        self.history_ = History.from_dict(encoders["history"])
        with seeded(int(self.seed)):
            self.model_ = self.build()

    def _config(self) -> dict[str, Any]:
        # Vectors are in the weights by now, and a function of the program that trained cannot be written down.
        return {**super()._config(), **self.class_config(), "vectors": None, "features": None}

    def _codes(self, labels: np.ndarray) -> np.ndarray:
        unknown = sorted({str(label) for label in labels.tolist() if label not in self.classes_.tolist()})
        if unknown:
            raise DataError(f"the validation labels hold {unknown[0]!r}, which is no label of the texts to learn from")
        return np.searchsorted(self.classes_, labels)

    def _precise(self) -> TextModel:
        return copy.deepcopy(self.model_).double().eval()
