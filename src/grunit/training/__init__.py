"""The one training loop: batches, optimisers, schedules, checkpoints."""

from grunit.training.batches import Batches
from grunit.training.checkpoint import Checkpoint
from grunit.training.history import History
from grunit.training.loop import DivergenceError, fit
from grunit.training.lr_finder import LearningRateCurve, find_lr
from grunit.training.randomness import seeded
from grunit.training.settings import Settings

__all__ = [
    "Batches",
    "Checkpoint",
    "DivergenceError",
    "History",
    "LearningRateCurve",
    "Settings",
    "find_lr",
    "fit",
    "seeded",
]
