"""Forecasting: many series, one model, intervals for every step ahead."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from grunit.data import Columns, Panel, Scaler, future_times, require_length, season_length
from grunit.data.windows import split_tail
from grunit.tasks import forecast_arguments as arguments
from grunit.tasks import forecast_network as network
from grunit.tasks import forecast_reading as reading
from grunit.tasks.baselines import BASELINES
from grunit.tasks.calendar import calendar_cycles
from grunit.tasks.conformal import calibrate
from grunit.tasks.conformal_plan import plan
from grunit.tasks.context import extend_context, join_context
from grunit.tasks.estimator import Estimator
from grunit.tasks.forecast_answers import answer
from grunit.tasks.forecast_frames import forecast_frame, like
from grunit.tasks.forecast_model import ForecastModel
from grunit.tasks.forecast_state import decode, encode
from grunit.tasks.forecast_targets import read_targets, widen
from grunit.tasks.forecast_values import predict_values
from grunit.tasks.forecast_windows import ForecastWindows, with_calendar
from grunit.tasks.quantiles import level_columns
from grunit.tasks.segment_model import SegmentModel
from grunit.tasks.statics import Statics
from grunit.training import Batches, Checkpoint, History, seeded


class Forecaster(Estimator):
    """Forecasts the next ``h`` steps of one or many series with intervals, by one recurrent model for all of them.

    Args:
        h: steps ahead.
        input_size: steps of history a forecast looks at (default: the larger of ``2 * h`` and two seasons, less where
            the shortest series has less).
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers, dropout: of the network (default 32, 1, 0).
        cell_options: passed to the cell, for example ``{"forget_bias": 1.0}``.
        segment: steps of a segment: history is walked segment by segment, and all segments ahead are decoded at once,
            for long histories and horizons; None (default) walks step by step.
        normalize: what is taken out of each window and put back into its forecast: ``"last"``, ``"instance"``,
            ``"additive"``, ``"multiplicative"`` or ``"none"``, see
            :class:`~grunit.tasks.forecast_normalize.Normalization` (default: the last value; nothing for counts).
        loss: ``"quantile"`` (default), ``"mse"``, ``"mae"``, ``"normal"``, ``"student_t"`` or
            ``"negative_binomial"``. The intervals of ``"mse"`` and ``"mae"`` are conformal ones alone.
        level: percent of the central intervals (default 80 and 95); the model learns exactly these.
        conformal: how many windows at the end of every series correct the intervals: the model is trained once
            without them, its errors there move the ends of the intervals, and it is trained again with them. 0 for
            none, ``"auto"`` (default) for some where the series are short, where intervals would be too narrow.
        scaler: see :class:`grunit.data.Scaler` (default ``"standard"``); a series is scaled by its training part.
        exogenous: columns beside ``y`` to look at: ``"all"`` (default), None or a list of names.
        futr_exog: those of them whose future is known and given to ``predict`` as ``futr_df``.
        missing: ``"auto"`` (default): values may be missing and times absent; the network is told where, and how long
            ago a value was seen. ``"refuse"``: neither may be.
        calendar: also look at the place in the day, week and year where the times are dates (default True).
        season: steps of a season (default: from the frequency: 7 for days, 12 for months, 24 for hours).
        max_epochs: passes over the windows (default: as many as make 250 optimiser steps, at least 5, at most 50).
        batch_size, lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience,
        precision, device, seed, verbose: see :class:`grunit.training.Settings`.
        training_options: the rarer arguments of :class:`grunit.training.Settings`, for example
            ``{"averaging": "ema", "l1": 1e-5}``.
        id_col, time_col, target_col: names of the three columns in the frames that come in and go out. Several targets
            as a list: each is forecast from all of them, and has columns such as ``Forecaster-wind-lo-80``.

    Attributes:
        model_: the network, a :class:`~grunit.tasks.forecast_model.ForecastModel`, or, with ``segment``, a
            :class:`~grunit.tasks.segment_model.SegmentModel`.
        history_: what happened in training.
        conformal_: how the intervals were corrected and what was measured, or None.
        input_size_: steps of history in use.

    >>> import numpy as np, pandas as pd
    >>> wave = pd.DataFrame({"unique_id": "wave", "ds": np.arange(60), "y": np.sin(np.arange(60) / 3)})
    >>> forecaster = Forecaster(h=3, hidden_size=8, max_epochs=2, level=[80], verbose=0).fit(wave)
    >>> forecaster.predict().columns.tolist()
    ['unique_id', 'ds', 'Forecaster', 'Forecaster-lo-80', 'Forecaster-hi-80']
    """

    kind = "Forecaster"
    model_: ForecastModel | SegmentModel

    def __init__(
        self,
        h: int,
        input_size: int | None = None,
        *,
        cell: Any = "gru",
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
        segment: int | None = None,
        normalize: str = "auto",
        loss: str = "quantile",
        level: Any = (80, 95),
        conformal: Any = "auto",
        scaler: str = "standard",
        exogenous: Any = "all",
        futr_exog: Any = (),
        missing: str = "auto",
        calendar: bool = True,
        season: int | None = None,
        max_epochs: int | None = None,
        batch_size: int = 32,
        lr: float = 5e-3,
        optimizer: Any = "adamw",
        optimizer_options: dict[str, Any] | None = None,
        weight_decay: float = 0.01,
        scheduler: str = "one_cycle",
        warmup: float = 0.0,
        clip: float | None = 1.0,
        patience: int | None = None,
        training_options: dict[str, Any] | None = None,
        precision: str = "float32",
        device: str = "auto",
        seed: int = 0,
        verbose: int = 1,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: Any = "y",
    ):
        self.h = h
        self.input_size = input_size
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.cell_options = cell_options
        self.segment = segment
        self.normalize = normalize
        self.loss = loss
        self.level = level
        self.conformal = conformal
        self.scaler = scaler
        self.exogenous = exogenous
        self.futr_exog = futr_exog
        self.missing = missing
        self.calendar = calendar
        self.season = season
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
        self.training_options = training_options
        self.precision = precision
        self.device = device
        self.seed = seed
        self.verbose = verbose
        self.id_col = id_col
        self.time_col = time_col
        self.target_col = target_col

    def fit(
        self,
        df: Any,
        static_df: Any = None,
        val_size: int = 0,
        *,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> Forecaster:
        """Learn from the history of all series.

        Args:
            df: a long frame (pandas or polars) with ``unique_id, ds, y`` and exogenous columns of numbers or
                categories; also a wide frame or a Series, see :func:`grunit.data.to_long`.
            static_df: numbers and categories of each series, one row a series.
            val_size: last steps of every series that decide when to stop and which weights are best; the scaler and
                the gradient never see them. 0 (default) means none, or, with ``patience`` set, as many as ``h`` or a
                tenth of the shortest series, whichever is more.
            resume: go on with a fit of the same data that was interrupted, to the same weights as without the
                interruption.
            checkpoint: a file that is kept up to date with every epoch and removed at the end, so that even a killed
                process can be resumed.
            watch: called with the :class:`~grunit.training.History` after every epoch.

        Raises:
            DataError: the frame cannot be used; the message names the column and the row.
            InputError: an argument.
            DivergenceError: the loss is not finite.
        """
        network.check_intervals(self)
        panel, statics = reading.read_training(self, df, static_df)
        self.frame_given_ = df[:0] if hasattr(df, "columns") else None
        return self.fit_panel(
            panel, statics, val_size, start=self.starting_point(resume, checkpoint), checkpoint=checkpoint, watch=watch
        )

    def fit_panel(
        self,
        panel: Panel,
        statics: Statics | None = None,
        val_size: int = 0,
        *,
        start: Checkpoint | None = None,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> Forecaster:
        """As :meth:`fit`, from a panel whose last exogenous columns are those of ``futr_exog``."""
        arguments.check(self, val_size)
        val_size = arguments.validation_steps(panel, val_size, self.h, self.patience)
        season = season_length(panel.freq) if self.season is None else self.season
        input_size = arguments.history_steps(panel, val_size, self.h, self.input_size, season)
        what = f"input_size {input_size} and horizon {self.h}" + (f" and val_size {val_size}" if val_size else "")
        require_length(panel, input_size + self.h + val_size, what)
        self.freq_, self.exogenous_ = panel.freq, list(panel.exogenous)
        self.season_, self.input_size_ = int(season), int(input_size)
        self.series_, self.categories_ = list(panel.ids), dict(panel.categories)
        self.gaps_ = reading.gap_columns(panel)
        network.check_sizes(self)
        network.check_values(self, panel)
        training, _ = split_tail(panel, val_size) if val_size else (panel, None)
        self.cycles_ = calendar_cycles(training.times) if self.calendar else []
        self.scaler_ = Scaler(self.scaler).fit(training)
        self.statics_ = Statics.measure(None) if statics is None else statics
        self.context_, self.conformal_ = panel.cut(-self.input_size_), None
        plan(self, panel, val_size)
        train = self._windows(training)
        validation = self._windows(panel, tail=val_size) if val_size else None
        batches = Batches(train, self.batch_size, seed=int(self.seed))
        settings = self.settings(max_epochs=arguments.count_epochs(self.max_epochs, len(batches)))
        with seeded(int(self.seed)):
            self.model_, self.history_ = network.build_network(self, self._known()), History()
            held = None if validation is None else Batches(validation, max(256, self.batch_size), shuffle=False)
            keep = self.keeper(checkpoint)
            self.history_ = network.train_network(self, batches, held, settings, keep=keep, resume=start, watch=watch)
        self.conformal_ = calibrate(self, panel, self.statics_, val_size)
        self.training_done(checkpoint)
        return self

    def update(self, df: Any, max_epochs: int = 5, lr: float | None = None, static_df: Any = None) -> Forecaster:
        """Continue training on new rows from the weights as they are; the scaling of known series stays.

        Args:
            df: rows that follow what the model has seen, or a history that includes it; every series brings rows
                later than those the model has seen of it, and new series may come too.
            max_epochs: passes over the windows that end in ``df`` (default 5).
            lr: learning rate (default: a tenth of the one of ``fit``).
            static_df: numbers of new series, where the model uses such.
        """
        self.check_fitted()
        panel = join_context(self.context_, reading.read_history(self, df), reading.takes_gaps(self))
        require_length(panel, self.input_size_ + self.h, f"input_size {self.input_size_} and horizon {self.h}")
        self.statics_ = reading.read_statics(self, panel, static_df)
        network.check_values(self, panel)
        self.scaler_ = self.scaler_.extend(panel)
        settings = self.settings(max_epochs=max_epochs, lr=self.lr / 10 if lr is None else lr, patience=None)
        if settings.averaging == "triggered":  # nothing is held back that could tell when to begin
            settings = replace(settings, averaging="none")
        with seeded(int(self.seed)):
            batches = Batches(self._windows(panel), self.batch_size, seed=int(self.seed))
            self.history_ = network.train_network(self, batches, None, settings)
        self.context_ = extend_context(self.context_, panel.cut(-self.input_size_))
        return self

    def predict(self, df: Any = None, futr_df: Any = None, level: Any = None, static_df: Any = None) -> Any:
        """The next ``h`` steps of every series.

        Args:
            df: history to forecast from, at least ``input_size_`` steps a series, also of series never seen (default:
                the end of what was fitted).
            futr_df: the columns of ``futr_exog`` at the ``h`` steps of every series.
            level: percent of intervals, among those trained (default: all of them).
            static_df: numbers of series never seen, where the model uses such.

        Returns:
            ``unique_id, ds, Forecaster, Forecaster-lo-80, Forecaster-hi-80, ...``, in the kind of frame that came in;
            ``Forecaster`` is the median.
        """
        self.check_fitted()
        levels = arguments.choose_levels(self.level, level)
        columns = self.columns
        panel = self.context_ if df is None else reading.read_history(self, df)
        times = [future_times(t[-1], self.freq_, self.h) for t in panel.times]
        futures = reading.read_future(self, futr_df, panel, times)
        values = self.forecast(panel, times, futures, static_df)[..., arguments.chosen_columns(self.level, levels)]
        frame = forecast_frame(panel.ids, times, values, level_columns(type(self).__name__, levels))
        frame = self._by_target(frame)
        return like(frame, getattr(self, "frame_given_", None) if df is None else df, columns)

    predict_values = predict_values

    def cross_validation(
        self,
        df: Any,
        n_windows: int = 1,
        step_size: int | None = None,
        refit: bool = False,
        level: Any = None,
        static_df: Any = None,
        val_size: int = 0,
        baselines: Any = (),
    ) -> Any:
        """Forecasts of past windows by models that had not seen them; this estimator itself stays as it is.

        Args:
            df: as for :meth:`fit`.
            n_windows: windows of ``h`` steps, the last one at the end of each series.
            step_size: steps between windows (default ``h``).
            refit: train anew before every window, or once before the first (default).
            level: percent of intervals, among those of the estimator.
            static_df, val_size: as for :meth:`fit`.
            baselines: names, as for :meth:`evaluate`, which add columns of their own.

        Returns:
            ``unique_id, ds, cutoff, y, Forecaster, Forecaster-lo-80, ...``; ``cutoff`` is the last time seen.
        """
        from grunit.tasks.backtest import backtest

        levels = arguments.choose_levels(self.level, level)
        panel, statics = reading.read_training(self, df, static_df)
        step_size = self.h if step_size is None else step_size
        result = backtest(self, panel, n_windows, step_size, refit, baselines, statics=statics, val_size=val_size)
        wanted = [column for name in (type(self).__name__, *baselines) for column in level_columns(name, levels)]
        keep = ["unique_id", "ds", "cutoff", "y", *(column for column in wanted if column in result.frame)]
        return like(self._by_target(result.frame[keep]), df, self.columns)

    def evaluate(
        self, df: Any, n_windows: int | None = None, step_size: int | None = None, baselines: Any = BASELINES
    ) -> pd.DataFrame:
        """Scores of this model, as it is, beside the baselines' on windows of ``df``.

        Args:
            df: as for :meth:`fit`; history and what came after it.
            n_windows: the last so many windows (default: all that lie wholly after the training data, or one).
            step_size: steps between windows (default ``h``).
            baselines: names (default ``naive``, ``seasonal_naive``, ``drift``); also ``auto_ets``, ``auto_theta``.

        Returns:
            one row for the model and each baseline: MAE, RMSE, MASE, sMAPE, CRPS and coverage of the intervals.

        Warns:
            DataWarning: the windows were part of the training data, so the scores flatter the model.
        """
        from grunit.tasks.backtest import evaluate

        self.check_fitted()
        panel = reading.read_history(self, df)
        return evaluate(self, panel, n_windows, self.h if step_size is None else step_size, baselines)

    def forecast(self, panel: Panel, times: list[np.ndarray], futures: np.ndarray, static_df: Any = None) -> np.ndarray:
        """Quantiles ``(N, h, Q)``, ascending, in the units of ``y``, after the end of each series of ``panel``."""
        return answer(self, panel, times, futures, static_df)

    def encoders(self) -> dict[str, dict[str, Any]]:
        """Scaler, statics, context, intervals, and what was found in the data."""
        return encode(self)

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        decode(self, encoders)
        with seeded(int(self.seed)):
            self.model_ = network.build_network(self, self._known())

    def read(self, df: Any, static_df: Any = None) -> tuple[Panel, Statics]:
        """A user's frames, checked, with the exogenous columns that the arguments choose."""
        return reading.read_training(self, df, static_df)

    @property
    def columns(self) -> Columns:
        """What the three columns of frames are called."""
        return Columns(self.id_col, self.time_col, self.targets[0])

    @property
    def targets(self) -> list[str]:
        """What is forecast; each of several is a series of its own inside."""
        return read_targets(self.target_col)

    def _by_target(self, frame: pd.DataFrame) -> pd.DataFrame:
        return widen(frame, self.targets, type(self).__name__) if len(self.targets) > 1 else frame

    def _known(self) -> int:
        """Columns known of the horizon: the last ones of the scaled panel."""
        return reading.known_columns(self, self.context_) + 4 * len(self.cycles_)

    def _windows(self, panel: Panel, tail: int | None = None) -> ForecastWindows:
        scaled = with_calendar(self.scaler_.transform(panel), self.cycles_)
        static = torch.from_numpy(self.statics_.rows(panel.ids)).float()
        units = torch.from_numpy(self.scaler_.units(panel.ids)).float()
        numbers = network.series_numbers(self, panel.ids)
        gaps, sizes = reading.gap_places(self), (self.input_size_, self.h, self._known())
        return ForecastWindows(scaled, *sizes, static, units, numbers, tail, gaps)
