"""What the classifier and the regressor of sequences share: reading, scaling, training, answering, saving."""

from __future__ import annotations

import copy
import os
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunit.data.sequence_scaling import FeatureScaler
from grunit.data.sequences import Sequences
from grunit.errors import DataError
from grunit.tasks import sequence_arguments as arguments
from grunit.tasks.estimator import Estimator
from grunit.tasks.sequence_model import SequenceModel
from grunit.tasks.sequence_rows import SequenceRows
from grunit.tasks.transfer import copy_weights, open_source
from grunit.training import Batches, History, fit, seeded
from grunit.training.settings import plain

VALIDATION = 0.15
"""Share of the sequences that decides when to stop, where patience is given and no share."""
BLOCK = 256
"""Sequences answered at once."""


class SequenceEstimator(Estimator):
    """The part that does not ask what the answers mean.

    Attributes:
        features_: F of one step.
        masked_: features beside which a mask is laid: those with missing values in the training sequences.
        scaler_: of the features.
        columns_: names of a file's columns, where the command line read one.
    """

    model_: SequenceModel

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags

    def train(
        self,
        sequences: Sequences,
        targets: Tensor,
        groups: np.ndarray | None,
        *,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
        transfer: Any = None,
    ) -> None:
        """Learn.

        Args:
            sequences: all of them.
            targets: ``(N, ...)``, as :meth:`loss` reads them.
            groups: ``(N,)`` of which validation takes the same share each.
            resume, checkpoint, watch, transfer: see ``fit``.
        """
        source = None if transfer is None else open_source(transfer)
        start = self.starting_point(resume, checkpoint)
        share = self.validation_fraction or (VALIDATION if self.patience is not None else 0.0)
        learnt, held = arguments.split_rows(len(sequences), float(share), int(self.seed), groups)
        if share and not len(held):
            raise DataError(f"{len(sequences)} sequences are too few to hold any back: set validation_fraction=0")
        training = sequences.take(learnt) if len(held) else sequences
        self.scaler_ = FeatureScaler.measure(training.values, self.scaler)
        self.masked_ = np.flatnonzero(np.isnan(training.values).any(0)).tolist()
        if source is not None:
            if source.features_ != self.features_:
                raise DataError(f"the model to begin from has {source.features_} features and X {self.features_}")
            self.scaler_, self.masked_ = source.scaler_, list(source.masked_)  # what its weights were learnt on
        rows = SequenceRows(training, self.scaler_, self.masked_, targets[learnt])
        batches = Batches(rows, plain(self.batch_size), seed=int(self.seed))
        validation = None
        if len(held):
            kept = SequenceRows(sequences.take(held), self.scaler_, self.masked_, targets[held])
            validation = Batches(kept, max(BLOCK, plain(self.batch_size)), shuffle=False)
        settings = self.settings(max_epochs=arguments.count_epochs(plain(self.max_epochs), len(batches)))
        with seeded(int(self.seed)):
            self.model_, self.history_ = self.build(), History()
            if source is not None:
                copy_weights(self.model_, source.model_)
            self.history_ = fit(
                self.model_,
                self.loss,
                batches,
                validation,
                settings,
                keep=self.keeper(checkpoint),
                resume=start,
                watch=watch,
            )
        self.training_done(checkpoint)

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """The mean loss of a batch of inputs, lengths and targets."""
        raise NotImplementedError

    def outputs(self) -> int:
        """How many numbers the network answers with."""
        raise NotImplementedError

    @torch.no_grad()
    def answer(self, X: Any) -> np.ndarray:
        """What the network says of each sequence, ``(N, outputs)``.

        It computes in double precision, so that the answer to one sequence does not depend on those beside it.
        """
        self.check_fitted()
        sequences = arguments.read_sequences(self, X, reset=False)
        model = copy.deepcopy(self.model_).double().eval()
        device = next(model.parameters()).device
        rows = SequenceRows(sequences, self.scaler_, self.masked_, dtype=torch.float64)
        order = torch.argsort(rows.lengths, stable=True)  # like lengths together need the least padding
        answers = torch.empty(len(rows), self.outputs(), dtype=torch.float64)
        for part in order.split(BLOCK):
            answers[part] = predict_batch(model, *(tensor.to(device) for tensor in rows.take(part))).cpu()
        return answers.numpy()

    def build(self) -> SequenceModel:
        """An untrained network of the right shape."""
        return SequenceModel(
            self.cell,
            self.features_ + len(self.masked_),
            plain(self.hidden_size),
            outputs=self.outputs(),
            num_layers=plain(self.num_layers),
            bidirectional=plain(self.bidirectional),
            dropout=plain(self.dropout),
            pooling=self.pooling,
            front=self.front,
            front_options=plain(self.front_options),
            branch=self.branch,
            branch_options=plain(self.branch_options),
            options=plain(self.cell_options),
        )

    def encoders(self) -> dict[str, dict[str, Any]]:
        """The scaler, and what was found in the data."""
        names = getattr(self, "feature_names_in_", None)
        found = {
            "features": self.features_,
            "masked": self.masked_,
            "steps": self.steps_,
            "n_features_in": self.n_features_in_,
            "columns": getattr(self, "columns_", None),
            "feature_names_in": None if names is None else names.tolist(),
        }
        return {"scaler": self.scaler_.to_json(), "found": found, "history": self.history_.to_dict()}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        found = encoders["found"]
        self.features_, self.masked_ = int(found["features"]), list(found["masked"])
        self.steps_, self.n_features_in_ = found["steps"], int(found["n_features_in"])
        if found["feature_names_in"] is not None:
            self.feature_names_in_ = np.array(found["feature_names_in"], dtype=object)
        if found["columns"] is not None:
            self.columns_ = dict(found["columns"])
        self.scaler_ = FeatureScaler.from_json(encoders["scaler"])
        self.history_ = History.from_dict(encoders["history"])
        with seeded(int(self.seed)):
            self.model_ = self.build()


def predict_batch(model: nn.Module, inputs: Tensor, lengths: Tensor) -> Tensor:
    """The model's outputs; without lengths where all rows are full, which spares it the masks."""
    return model(inputs, lengths if bool((lengths < inputs.shape[1]).any()) else None)
