"""The one training loop: batches, optimisers, schedules, checkpoints."""

from grunit.training.batches import Batches
from grunit.training.checkpoint import Checkpoint
from grunit.training.history import History
from grunit.training.loop import DivergenceError, fit
from grunit.training.lr_finder import LearningRateCurve, find_lr
from grunit.training.monitor import TrainingWarning
from grunit.training.randomness import seeded
from grunit.training.settings import Settings
from grunit.training.tensorboard import TensorBoard

__all__ = [
    "Batches",
    "Checkpoint",
    "DivergenceError",
    "History",
    "LearningRateCurve",
    "Settings",
    "TensorBoard",
    "TrainingWarning",
    "find_lr",
    "fit",
    "seeded",
]
