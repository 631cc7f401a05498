"""Translation: an encoder reads a text, a decoder writes another, looking back by attention."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from grunit.data.text import TextEncoder
from grunit.tasks import translation_arguments as arguments
from grunit.tasks.cell_choice import require_plain_inputs
from grunit.tasks.estimator import Estimator
from grunit.tasks.translation_alignment import Alignment, align
from grunit.tasks.translation_answers import translate
from grunit.tasks.translation_loss import count_tokens, read_forcing, translation_loss
from grunit.tasks.translation_model import TranslationModel
from grunit.tasks.translation_scores import score_translations
from grunit.training import Batches, History, fit, seeded
from grunit.training.settings import plain


class Translator(Estimator):
    """Writes what a text is in another language, learnt from pairs.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer; of
            encoder and decoder.
        hidden_size, num_layers, dropout: of both (default 256, 1, 0.3).
        embedding_size: features of a token on either side (default 256).
        bidirectional: the encoder reads both ways (default True).
        cell_options: passed to the cells and to :class:`grunit.Recurrent`, for example ``{"zoneout": 0.1}``.
        attention: ``"multiplicative"`` (default), ``"additive"``, or None for a plain encoder-decoder, whose decoder
            sees no more than the encoder's last state.
        input_feeding: what attention found for a token is read again at the next one (Luong et al. 2015, section 3.3).
            The decoder then walks token by token while it learns; without it (default) a known target is one walk.
        coverage: factor of a loss on attention to places that had it before, and attention that knows of it; 0
            (default) for neither.
        tie_embeddings: scores of tokens are made with the table of target embeddings (default True).
        unit: ``"word"`` (default), ``"bpe"``, ``"char"`` or ``"space"``, see :class:`grunit.data.text.TextEncoder`.
        min_count, max_size: tokens rarer than this are unknown (default 2), and how many there are at most on either
            side (default: no limit, for ``"bpe"`` 8,000).
        lowercase: fold capitals: False (default), True, or ``"source"`` to keep those of the translation.
        normalization: of Unicode, default ``"NFC"``.
        teacher_forcing: share of target tokens that the decoder is told while it learns; for the others it reads its
            own choice. Two numbers for a share that moves in a line from the first step to the last, as in
            ``(1.0, 0.7)``. Below 1 the decoder walks token by token.
        label_smoothing: share of the target spread over all tokens, in [0, 1) (default 0.1).
        max_length: pairs with more tokens on a side are not learnt from (default 100).
        validation_fraction: share of the pairs that is not learnt from and decides which weights are kept; 0 (default)
            for none, or 0.05 where ``patience`` is given.
        max_epochs, batch_size, lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience,
        precision, device, seed, verbose: see :class:`grunit.training.Settings`.
        training_options: the rarer arguments of :class:`grunit.training.Settings`. Batches are of pairs of near
            lengths unless it says ``{"bucketing": False}``.

    Attributes:
        source_, target_: the :class:`~grunit.data.text.TextEncoder` of either side.
        model_: the network, a :class:`~grunit.tasks.translation_model.TranslationModel`.
        history_: what happened in training; losses are nats a target token.
        skipped_: pairs left out because of ``max_length``.

    >>> german = ["ein hund", "eine katze", "ein roter hund", "eine rote katze"] * 8
    >>> english = ["a dog", "a cat", "a red dog", "a red cat"] * 8
    >>> translator = Translator(hidden_size=16, embedding_size=16, dropout=0.0, max_epochs=40, lr=0.02, verbose=0)
    >>> translator.fit(german, english).translate(["ein roter hund", "eine katze"])
    ['a red dog', 'a cat']
    """

    kind = "Translator"
    model_: TranslationModel

    def __init__(
        self,
        cell: Any = "gru",
        hidden_size: int = 256,
        num_layers: int = 1,
        *,
        embedding_size: int = 256,
        bidirectional: bool = True,
        dropout: float = 0.3,
        cell_options: dict[str, Any] | None = None,
        attention: str | None = "multiplicative",
        input_feeding: bool = False,
        coverage: float = 0.0,
        tie_embeddings: bool = True,
        unit: str = "word",
        min_count: int = 2,
        max_size: int | None = None,
        lowercase: bool | str = False,
        normalization: str | None = "NFC",
        teacher_forcing: Any = 1.0,
        label_smoothing: float = 0.1,
        max_length: int = 100,
        validation_fraction: float = 0.0,
        max_epochs: int = 12,
        batch_size: int = 64,
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
        self.embedding_size = embedding_size
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell_options = cell_options
        self.attention = attention
        self.input_feeding = input_feeding
        self.coverage = coverage
        self.tie_embeddings = tie_embeddings
        self.unit = unit
        self.min_count = min_count
        self.max_size = max_size
        self.lowercase = lowercase
        self.normalization = normalization
        self.teacher_forcing = teacher_forcing
        self.label_smoothing = label_smoothing
        self.max_length = max_length
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
        sources: Sequence[str],
        targets: Sequence[str],
        *,
        validation: tuple[Sequence[str], Sequence[str]] | None = None,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> Translator:
        """Learn from pairs of texts.

        Args:
            sources: N texts.
            targets: the translation of each.
            validation: further pairs, sources and targets, that decide which weights are kept, in place of
                ``validation_fraction``.
            resume: go on with a fit of the same data that was interrupted, to the same weights as without the
                interruption.
            checkpoint: a file that is kept up to date with every epoch and removed at the end, so that even a killed
                process can be resumed.
            watch: called with the :class:`~grunit.training.History` after every epoch.

        Raises:
            DataError: the texts cannot be used.
            InputError: an argument.
            DivergenceError: the loss is not finite.
            MissingExtraError: ``unit="bpe"`` without the package ``tokenizers``.
        """
        arguments.check_arguments(self)
        require_plain_inputs(self.cell, "a translator")
        settings = self.settings(bucketing=bool((self.training_options or {}).get("bucketing", True)))
        start = self.starting_point(resume, checkpoint)
        given, beside = arguments.read_given(sources, targets, validation)
        self.require_same_data(resume, given, beside)
        learnt, held = arguments.part_pairs(self, given, beside)
        self.source_, self.target_ = arguments.fit_encoders(self, learnt)
        rows, self.skipped_ = arguments.encode_pairs(self, learnt)
        batches = Batches(rows, plain(self.batch_size), seed=int(self.seed), lengths=arguments.order_by(rows))
        kept = None
        if held is not None:
            kept = Batches(arguments.encode_pairs(self, held)[0], plain(self.batch_size), shuffle=False)
        self._steps = settings.max_epochs * len(batches)
        with seeded(int(self.seed)):
            self.model_, self.history_ = self.build(), History()
            self.history_ = fit(
                self.model_,
                self.loss,
                batches,
                kept,
                settings,
                weigh=count_tokens,
                keep=self.keeper(checkpoint),
                resume=start,
                watch=watch,
            )
        self.training_done(checkpoint)
        self.model_.eval()
        return self

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """The mean loss of the target's tokens; in validation without smoothing, coverage and own choices."""
        if not model.training:
            return translation_loss(model, batch, start=arguments.START)
        first, last = read_forcing(self.teacher_forcing)
        share = first
        if first != last:
            share += (last - first) * min(1.0, int(self.model_.batches) / max(1, self._steps - 1))
        return translation_loss(
            model,
            batch,
            start=arguments.START,
            share=share,
            label_smoothing=float(self.label_smoothing),
            coverage=float(self.coverage),
        )

    def translate(
        self,
        texts: Sequence[str],
        num_beams: int = 5,
        length_penalty: float = 1.0,
        *,
        coverage_penalty: float = 0.0,
        replace_unknown: bool = True,
        max_length: int | None = None,
        exact: bool = True,
    ) -> list[str]:
        """The translation of each text.

        Args:
            texts: N texts.
            num_beams: how many translations of a text are followed at once (default 5); 1 takes the likeliest token
                each time.
            length_penalty: exponent of the length by which log probabilities are divided, see
                :func:`grunit.nn.decoder_search.search_beams` (default 1; more favours long translations).
            coverage_penalty: factor of what is taken off where parts of the source got no attention (Wu et al. 2016,
                eq. 14); default 0, 0.2 is a beginning.
            replace_unknown: where the translation has an unknown word, write the word of the source that got most
                attention (Luong et al. 2015b). A translator without attention leaves ``<unk>``.
            max_length: most tokens of a translation (default: twice those of its text and 10).
            exact: compute in double precision, so that a text has the same translation alone and in any batch. False
                is quicker, and of two translations that are equally good to seven digits may give either.

        Raises:
            NotFittedError: before ``fit``.
            DataError: a text is none, or empty.
            InputError: an argument.
        """
        self.check_fitted()
        read = arguments.read_texts(texts, "texts")
        return translate(
            self,
            read,
            num_beams=plain(num_beams),
            length_penalty=float(length_penalty),
            coverage_penalty=float(coverage_penalty),
            replace_unknown=replace_unknown,
            max_length=max_length,
            exact=exact,
        )

    def align(self, text: str, translation: str | None = None) -> Alignment:
        """Where the decoder looks in ``text`` while it writes ``translation`` (default: its own), to be drawn.

        Raises:
            InputError: this translator has no attention.
        """
        self.check_fitted()
        arguments.read_texts([text] if translation is None else [text, translation], "text and translation")
        return align(self, text, translation)

    def evaluate(
        self, sources: Sequence[str], references: Sequence[str], *, lowercase: bool = False, **options: Any
    ) -> dict[str, Any]:
        """BLEU and chrF of the translations, in percent, by sacreBLEU.

        Args:
            sources: N texts.
            references: the true translation of each.
            lowercase: whether capitals count alike.
            options: of :meth:`translate`.

        Returns:
            ``BLEU``, ``chrF`` and ``signature``, by which others can repeat the measurement.

        Raises:
            MissingExtraError: the package ``sacrebleu`` is not installed.
        """
        self.check_fitted()
        expected = arguments.read_texts(references, "references")
        arguments.require_pairs(len(arguments.read_texts(sources, "sources")), len(expected))
        return score_translations(self.translate(sources, **options), expected, lowercase=lowercase)

    def build(self) -> TranslationModel:
        """An untrained network of the right shape."""
        return TranslationModel(
            self.cell,
            len(self.source_.vocabulary),
            len(self.target_.vocabulary),
            plain(self.hidden_size),
            embedding_size=plain(self.embedding_size),
            num_layers=plain(self.num_layers),
            bidirectional=plain(self.bidirectional),
            dropout=float(self.dropout),
            attention=self.attention,
            input_feeding=plain(self.input_feeding),
            coverage=bool(self.coverage),
            tie_embeddings=plain(self.tie_embeddings),
            cell_options=plain(self.cell_options),
        )

    def encoders(self) -> dict[str, dict[str, Any]]:
        """Both vocabularies, and how training went."""
        found = {"skipped": self.skipped_, "columns": getattr(self, "columns_", None)}
        return {
            "source": self.source_.to_json(),
            "target": self.target_.to_json(),
            "history": self.history_.to_dict(),
            "found": found,
        }

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        self.source_ = TextEncoder.from_json(encoders["source"])
        self.target_ = TextEncoder.from_json(encoders["target"])
        self.history_ = History.from_dict(encoders["history"])
        self.skipped_ = int(encoders["found"]["skipped"])
        if encoders["found"]["columns"] is not None:
            self.columns_ = dict(encoders["found"]["columns"])
        with seeded(int(self.seed)):
            self.model_ = self.build()
