"""Estimators, one a job, and what compares them."""

from grunit.tasks.comparison import Comparison, compare
from grunit.tasks.ensemble import Ensemble
from grunit.tasks.forecaster import Forecaster
from grunit.tasks.language_model import LanguageModel
from grunit.tasks.loading import load
from grunit.tasks.sequence_classifier import SequenceClassifier
from grunit.tasks.sequence_multitask import SequenceMultitask
from grunit.tasks.sequence_pretrainer import SequencePretrainer
from grunit.tasks.sequence_regressor import SequenceRegressor
from grunit.tasks.sequence_tagger import SequenceTagger
from grunit.tasks.text_classifier import TextClassifier
from grunit.tasks.translator import Translator

__all__ = [
    "Comparison",
    "Ensemble",
    "Forecaster",
    "LanguageModel",
    "SequenceClassifier",
    "SequenceMultitask",
    "SequencePretrainer",
    "SequenceRegressor",
    "SequenceTagger",
    "TextClassifier",
    "Translator",
    "compare",
    "load",
]
