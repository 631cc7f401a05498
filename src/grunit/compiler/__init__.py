"""Equations -> graph -> schedule -> backend."""

from grunit.compiler.run import run

__all__ = ["run"]
