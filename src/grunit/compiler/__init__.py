"""Equations -> graph -> schedule -> backend."""

from grunit.compiler.compiled import Compiled, compile
from grunit.compiler.run import run
from grunit.compiler.select import backend, chosen_backend

__all__ = ["Compiled", "backend", "chosen_backend", "compile", "run"]
