"""Torch modules made of cells."""

from grunit.nn.recurrent import Recurrent

__all__ = ["Recurrent"]
