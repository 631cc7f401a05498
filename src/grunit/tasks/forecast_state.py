"""What a forecaster learned besides its weights, as JSON and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from grunit.data import Scaler
from grunit.tasks.conformal import Conformal
from grunit.tasks.context import panel_from_json, panel_to_json
from grunit.tasks.statics import Statics
from grunit.training import History

if TYPE_CHECKING:
    from grunit.tasks.forecaster import Forecaster


def encode(forecaster: Forecaster) -> dict[str, dict[str, Any]]:
    """Scaler, statics, context, intervals, and what was found in the data, by name."""
    found = {
        "freq": forecaster.freq_,
        "exogenous": forecaster.exogenous_,
        "season": forecaster.season_,
        "cycles": forecaster.cycles_,
        "input_size": forecaster.input_size_,
        "series": forecaster.series_,
        "gaps": forecaster.gaps_,
        "categories": forecaster.categories_,
    }
    conformal = forecaster.conformal_
    return {
        "scaler": forecaster.scaler_.to_json(),
        "statics": forecaster.statics_.to_json(),
        "context": panel_to_json(forecaster.context_),
        "found": found,
        "history": forecaster.history_.to_dict() if hasattr(forecaster, "history_") else {},
        "conformal": {} if conformal is None else conformal.to_json(),
    }


def decode(forecaster: Forecaster, encoders: dict[str, dict[str, Any]]) -> None:
    """Take back what :func:`encode` gave; a model saved before intervals were corrected has none."""
    found = encoders["found"]
    forecaster.freq_, forecaster.exogenous_ = found["freq"], list(found["exogenous"])
    forecaster.season_, forecaster.cycles_ = found["season"], list(found["cycles"])
    forecaster.input_size_, forecaster.series_ = found["input_size"], list(found.get("series", []))
    forecaster.scaler_ = Scaler.from_json(encoders["scaler"])
    forecaster.statics_ = Statics.from_json(encoders["statics"])
    forecaster.gaps_, forecaster.categories_ = list(found.get("gaps", [])), dict(found.get("categories", {}))
    forecaster.context_ = replace(panel_from_json(encoders["context"]), categories=forecaster.categories_)
    forecaster.history_ = History.from_dict(encoders["history"])
    conformal = encoders.get("conformal")
    forecaster.conformal_ = Conformal(**conformal) if conformal else None
