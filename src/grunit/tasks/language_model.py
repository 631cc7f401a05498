"""Language models: what comes next in a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from grunit.data.text import PADDING, TextEncoder
from grunit.errors import DataError
from grunit.tasks import language_model_arguments as arguments
from grunit.tasks.language_model_adaptation import CachePointer, DynamicEvaluation, gradient_squares
from grunit.tasks.language_model_network import LanguageNetwork
from grunit.tasks.language_model_rows import cut_rows, join_texts, pad_texts, row_length
from grunit.tasks.language_model_scores import TextScore, score_tokens
from grunit.tasks.language_model_writer import TextWriter
from grunit.training import Batches, History, fit, seeded
from grunit.training.settings import plain

VALIDATION = 0.1
"""Share of the text that decides when to stop, where patience is given and no share."""
ROWS = 64
"""Texts scored side by side."""


class LanguageModel(TextWriter):
    """Learns a text, says how probable another one is, and writes on.

    Args:
        unit: ``"char"``, ``"word"``, ``"space"`` (words that are parted by spaces already) or ``"bpe"``, see
            :class:`grunit.data.text.TextEncoder`.
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers: of the network (default 256, 1).
        embedding_size: features of a token's vector (default: ``hidden_size``).
        tie_weights: the softmax reads the embedding's matrix (default True).
        softmax: ``"full"``, ``"adaptive"`` (with ``tie_weights=False``) or ``"sampled"``, the latter two for large
            vocabularies, see :mod:`grunit.nn.softmax`.
        softmax_options: of that, for example ``{"cutoffs": [2000, 10000]}`` or ``{"samples": 512}``.
        dropout: share of the features of the embedding and of every layer's output dropped while training, the same
            at every step ("locked"); ``cell_options={"input_dropout": ..., "output_dropout": ...}`` parts the two.
        embedding_dropout: share of the vocabulary dropped from a piece of text while training.
        weight_drop: share of the weights between state and state dropped while training.
        activation_l2, change_l2: see :class:`grunit.training.Settings` (AR and TAR of Merity et al. 2018).
        cell_options: passed to the cell and to :class:`grunit.Recurrent`, for example ``{"residual": "add"}``.
        text_options: of the encoder: ``lowercase``, ``normalization``, ``min_count``, ``max_size``.
        connected: the texts of a list follow each other, as the lines of a newspaper do: what was read goes on from
            one to the next. False (default): each begins anew.
        chunk: tokens through which gradients flow back; the state is carried on (default 64).
        random_chunk: ``chunk`` is only the mean: texts are cut at other places in every epoch (default False; see
            :class:`grunit.training.Settings`).
        carry: chunks through which the state is carried before it begins anew; None: through the whole text, which
            is then one batch an epoch (default 16).
        validation_fraction: share of the text, at its end, or of the texts of a list that is not learnt from and
            decides which weights are kept; 0 (default) for none, or 0.1 where ``patience`` is given.
        max_epochs: passes over the text (default: as many as make 3,000 optimiser steps, at least 3, at most 200).
        batch_size: pieces of the text read side by side (default 32).
        lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, averaging, patience, precision,
        device, seed, verbose: see :class:`grunit.training.Settings`.
        training_options: its rarer arguments, for example ``{"averaging_start": 0.5}``.

    Attributes:
        encoder_: text to numbers and back, a :class:`grunit.data.text.TextEncoder`.
        model_: the network, a :class:`~grunit.tasks.language_model_network.LanguageNetwork`.
        history_: what happened in training.

    A text given as one string has no end; of words it is read line by line, and a line's end is a token. Texts given
    as a list each have an end, which the model learns to foresee and to write.

    >>> model = LanguageModel(hidden_size=16, max_epochs=60, lr=0.02, verbose=0).fit("abcd" * 50)
    >>> model.generate("ab", 6, temperature=0)
    'cdabcd'
    >>> 1 <= model.perplexity("cdab" * 20) < 1.5
    True
    """

    kind = "LanguageModel"

    def __init__(
        self,
        unit: str = "char",
        cell: Any = "gru",
        hidden_size: int = 256,
        num_layers: int = 1,
        *,
        embedding_size: int | None = None,
        tie_weights: bool = True,
        softmax: str = "full",
        softmax_options: dict[str, Any] | None = None,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        weight_drop: float = 0.0,
        activation_l2: float = 0.0,
        change_l2: float = 0.0,
        cell_options: dict[str, Any] | None = None,
        text_options: dict[str, Any] | None = None,
        connected: bool = False,
        chunk: int = 64,
        random_chunk: bool = False,
        carry: int | None = 16,
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
        averaging: str = "none",
        patience: int | None = None,
        precision: str = "float32",
        device: str = "auto",
        seed: int = 0,
        verbose: int = 1,
        training_options: dict[str, Any] | None = None,
    ):
        self.unit = unit
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.embedding_size = embedding_size
        self.tie_weights = tie_weights
        self.softmax = softmax
        self.softmax_options = softmax_options
        self.dropout = dropout
        self.embedding_dropout = embedding_dropout
        self.weight_drop = weight_drop
        self.activation_l2 = activation_l2
        self.change_l2 = change_l2
        self.cell_options = cell_options
        self.text_options = text_options
        self.connected = connected
        self.chunk = chunk
        self.random_chunk = random_chunk
        self.carry = carry
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
        self.averaging = averaging
        self.patience = patience
        self.precision = precision
        self.device = device
        self.seed = seed
        self.verbose = verbose
        self.training_options = training_options

    def fit(
        self,
        text: str | Sequence[str],
        validation: str | Sequence[str] | None = None,
        *,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> LanguageModel:
        """Learn a text, or a list of texts.

        Args:
            text: what to learn.
            validation: of the same kind; decides which weights are kept. None: see ``validation_fraction``.
            resume: go on with a fit of the same text that was interrupted, to the same weights as without the
                interruption.
            checkpoint: a file that is kept up to date with every epoch and removed at the end, so that even a killed
                process can be resumed.
            watch: called with the :class:`~grunit.training.History` after every epoch.

        Raises:
            DataError: the text cannot be used.
            InputError: an argument.
            DivergenceError: the loss is not finite.
        """
        arguments.check_arguments(self)
        encoder = arguments.make_encoder(self)
        single = isinstance(text, str)
        lines = single and self.unit in arguments.LINES
        texts, held = arguments.read_texts(text, lines), []
        share = float(self.validation_fraction or (VALIDATION if self.patience is not None else 0.0))
        if validation is not None:
            if isinstance(validation, str) != single:
                raise DataError("text and validation are of two kinds: give two texts, or two lists of texts")
            held = arguments.read_texts(validation, lines, "validation")
        self.require_same_data(resume, texts, held)
        if share and validation is None:
            whole = lines or bool(self.connected)
            texts, held = arguments.split_texts(texts, share, whole, int(self.seed))
        start = self.starting_point(resume, checkpoint)
        self.encoder_ = encoder.fit(texts)
        self.ends_, self.lines_ = lines or not single, lines
        rows = self._cut(texts, self.carry, "text")
        steps, chunk, batch_size = rows[0].shape[1], plain(self.chunk), plain(self.batch_size)
        batches = Batches(rows, batch_size, seed=int(self.seed))
        kept = Batches(self._cut(held, None, "validation"), batch_size, shuffle=False) if held else None
        epochs = arguments.count_epochs(plain(self.max_epochs), len(batches) * -(-steps // chunk))
        settings = self.settings(max_epochs=epochs)
        with seeded(int(self.seed)):
            self.model_, self.history_ = self.build(), History()
            self.history_ = fit(
                self.model_,
                carried_loss,
                batches,
                kept,
                settings,
                keep=self.keeper(checkpoint),
                resume=start,
                watch=watch,
            )
        self.training_done(checkpoint)
        return self

    def _cut(self, texts: list[str], carry: int | None, argument: str) -> tuple[Tensor, Tensor]:
        stream = self._stream(texts)
        if len(stream) < 3:
            raise DataError(f"{argument} is one token long: give more to read")
        length = row_length(len(stream) - 1, plain(self.batch_size), plain(self.chunk), plain(carry))
        return cut_rows(stream, length)

    def _stream(self, texts: list[str]) -> Tensor:
        """Texts one behind the other, with what stands before them and between them, ``(N,)``."""
        return join_texts([self.encoder_.encode(text) for text in texts], self.opening, self.end)

    def build(self) -> LanguageNetwork:
        """An untrained network of the right shape."""
        return LanguageNetwork(
            self.cell,
            plain(self.hidden_size),
            vocabulary_size=len(self.encoder_.vocabulary),
            embedding_size=plain(self.embedding_size or self.hidden_size),
            num_layers=plain(self.num_layers),
            dropout=plain(self.dropout),
            embedding_dropout=plain(self.embedding_dropout),
            weight_drop=plain(self.weight_drop),
            tie_weights=bool(self.tie_weights),
            softmax=self.softmax,
            softmax_options=plain(self.softmax_options),
            boundary=self.end if self.ends_ and not self.lines_ and not self.connected else None,
            options=plain(self.cell_options),
        )

    def score_text(
        self,
        text: str | Sequence[str],
        *,
        dynamic: DynamicEvaluation | None = None,
        cache: CachePointer | None = None,
        num_rows: int = 1,
    ) -> TextScore:
        """How well a text, or a list of texts, is foreseen.

        Every token counts, the first one too, before which the model has read nothing; where texts have an end, it
        counts as a token and as a character. A token that is not in the vocabulary counts as the unknown one. The
        network computes in double precision, so that a text costs the same alone and in a list.

        Args:
            text: as in :meth:`fit`.
            dynamic: learn on from the text once it is read; the model itself stays as it is.
            cache: make the words of the recent past more probable.
            num_rows: cut a text that goes on into so many pieces, each read from an empty state and all side by side:
                quicker, and a little worse than the truth.

        Raises:
            NotFittedError: before ``fit``.
            DataError: there is no text.
        """
        self.check_fitted()
        texts = arguments.read_texts(text, self.lines_ and isinstance(text, str))
        network = self.network()
        ends = self.ends_ * len(texts)
        characters = sum(map(len, texts)) + ends
        alone = self.model_.boundary is not None or (not self.ends_ and len(texts) > 1)
        parts: list[tuple[Tensor, Tensor]] = []
        if alone:
            streams, side = [self._stream([one]) for one in texts], 1
            if dynamic is None:  # else what was learnt of one text counts for those after it, as they were given
                streams, side = sorted(streams, key=len), ROWS
            parts = [pad_texts(streams[first : first + side], PADDING) for first in range(0, len(streams), side)]
        else:
            stream = self._stream(texts)
            length = -(-(len(stream) - 1) // max(1, num_rows))
            pieces = [stream[first : first + length + 1] for first in range(0, len(stream) - 1, length)]
            parts = [pad_texts(pieces, PADDING)]
        learner = None if dynamic is None else dynamic.begin(network)
        device = next(network.parameters()).device
        nats, tokens = 0.0, 0
        for inputs, targets in parts:
            losses = score_tokens(network, inputs.to(device), targets.to(device), learner=learner, cache=cache)
            nats, tokens = nats + float(losses.sum()), tokens + int((targets >= 0).sum())
        return TextScore(nats, tokens, characters)

    def perplexity(self, text: str | Sequence[str], **options: Any) -> float:
        """``exp`` of the mean loss in nats a token; arguments as in :meth:`score_text`."""
        return self.score_text(text, **options).perplexity

    def bits_per_character(self, text: str | Sequence[str], **options: Any) -> float:
        """Bits for the whole text divided by its characters; arguments as in :meth:`score_text`."""
        return self.score_text(text, **options).bits_per_character

    def gradient_squares(self, text: str | Sequence[str], chunk: int = 20) -> dict[str, Tensor]:
        """What :class:`~grunit.tasks.language_model_adaptation.DynamicEvaluation` takes as ``squares``.

        Args:
            text: of training, or a part of it.
            chunk: tokens of a piece.
        """
        self.check_fitted()
        network = self.network()
        stream = self._stream(arguments.read_texts(text, self.lines_ and isinstance(text, str)))
        stream = stream.to(next(network.parameters()).device).unsqueeze(0)
        return gradient_squares(network, stream[:, :-1], stream[:, 1:], chunk)

    def encoders(self) -> dict[str, dict[str, Any]]:
        """The vocabulary, and what was found in the text."""
        found = {"ends": self.ends_, "lines": self.lines_, "columns": getattr(self, "columns_", None)}
        return {"text": self.encoder_.to_json(), "found": found, "history": self.history_.to_dict()}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        self.encoder_ = TextEncoder.from_json(encoders["text"])
        self.ends_, self.lines_ = bool(encoders["found"]["ends"]), bool(encoders["found"]["lines"])
        if encoders["found"].get("columns") is not None:
            self.columns_ = dict(encoders["found"]["columns"])
        self.history_ = History.from_dict(encoders["history"])
        with seeded(int(self.seed)):
            self.model_ = self.build()


def carried_loss(model: nn.Module, batch: tuple[Tensor, ...], state: Any) -> tuple[Tensor, Any]:
    """The mean loss of a piece of inputs and targets in nats, and the state after it."""
    return model(batch[0], state, batch[1])
