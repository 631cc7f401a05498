"""What can go wrong, as one family of errors.

Every message is one sentence that says what is wrong, where, and how to mend it. The command line prints it and
exits with status 2; code can catch :class:`GrunitError` for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType


class GrunitError(Exception):
    """Anything grunit refuses to do, said in one sentence."""


class InputError(GrunitError, ValueError):
    """An argument that cannot be used as it came."""


class ShapeError(InputError, RuntimeError):
    """A tensor of the wrong shape. Also a ``RuntimeError``, which is what ``torch.nn`` raises for these."""


class DataError(InputError):
    """A table, file or column that cannot be used as it came."""


class BundleError(GrunitError, ValueError):
    """A model folder that is broken, foreign, or in the way."""


class NotFittedError(GrunitError, ValueError, AttributeError):
    """An estimator that was asked before it was fitted."""


class MissingExtraError(GrunitError, ImportError):
    """An optional package is needed and not installed."""


class CompileWarning(UserWarning):
    """A cell runs as a plain Python loop because its step cannot be compiled; said once a cell."""


def suggest(name: object, known: Iterable[str], others: str | None = None) -> str:
    """How to mend a name that is none of those known: the nearest, or all of them.

    Args:
        name: what was given.
        known: the names there are.
        others: what to say when none is near (default: all that are known).

    >>> suggest("grru", ["lstm", "gru"]), suggest("x", ["lstm", "gru"])
    ("did you mean 'gru'?", 'use one of lstm, gru')
    """
    import difflib

    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else others or "use one of " + ", ".join(known)


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package where it is used.

    Args:
        module: dotted name of the module, for example ``"matplotlib.figure"``.
        extra: the extra of grunit that installs it.

    Raises:
        MissingExtraError: the package is not installed; the message names the command that installs it.

    >>> require("json", "none").dumps([1])
    '[1]'
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"this needs the package {package!r}, which is not installed: run  pip install 'grunit[{extra}]'"
        ) from error
