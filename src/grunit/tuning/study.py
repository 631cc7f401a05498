"""Where trials are kept, and whether they answer the same question."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from grunit.errors import BundleError, InputError, require, suggest

METHODS = ("bayesian", "random", "grid")
PRUNINGS = ("median", "halving", "none")
DATABASES = (".db", ".sqlite", ".sqlite3")
"""How the names of SQLite files end; a path that ends otherwise is a journal."""
SERVERS = ("sqlite", "postgresql", "mysql", "mariadb")
QUESTION = "question"
RUNGS = 10
"""At how many points of a training, evenly spread, a trial may be cut short."""


@contextlib.contextmanager
def quiet() -> Iterator[Any]:
    """Optuna without its lines on stderr and its notes on what is new in it.

    Raises:
        MissingExtraError: it is not installed.
    """
    optuna = require("optuna", "tune")
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield optuna
    finally:
        optuna.logging.set_verbosity(level)


def read_storage(storage: Any) -> str | None:
    """A storage as every process can open it: None, the path of a file, or the URL of a database.

    Raises:
        InputError: a kind of server that is not known, or a folder that is not there.

    >>> read_storage("postgresql://user@host/studies"), read_storage(None)
    ('postgresql://user@host/studies', None)
    """
    if storage is None:
        return None
    if not isinstance(storage, (str, os.PathLike)):
        raise InputError(f"storage is {storage!r}: give the path of a file, or the URL of a database server")
    text = os.fspath(storage)
    if "://" in text:
        server = re.split(r"[+:]", text, maxsplit=1)[0]
        if server not in SERVERS:
            raise InputError(f"storage {text!r} is of no kind that is known: {suggest(server, SERVERS)}")
        return text
    path = Path(text)
    if path.is_dir():
        raise InputError(f"storage {text} is a folder: name a file in it, such as {path / 'study.journal'}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"storage {text}: the folder {path.parent} does not exist: create it, or name another")
    return str(path.absolute())


def open_storage(optuna: Any, storage: str | None) -> Any:
    """The storage of Optuna behind a path or a URL.

    Raises:
        BundleError: it cannot be opened, or is something else.
    """
    if storage is None:
        return optuna.storages.InMemoryStorage()
    try:
        if "://" in storage:
            return optuna.storages.get_storage(storage)
        if Path(storage).suffix in DATABASES:
            return optuna.storages.get_storage(f"sqlite:///{storage}")
        journal = optuna.storages.journal
        # A file made by opening it anew, which every file system has, where links may be forbidden.
        lock = journal.JournalFileOpenLock(storage)
        return optuna.storages.JournalStorage(journal.JournalFileBackend(storage, lock_obj=lock))
    except ImportError as error:
        raise InputError(f"the storage {storage} needs a driver that is not installed: {error}") from error
    except Exception as error:
        raise BundleError(
            f"the storage {storage} cannot be opened, or holds something else: {_first(error)}"
        ) from error


def make_sampler(optuna: Any, method: str, seed: int, begun: int, worker: int, trials: int) -> Any:
    """What proposes settings where they are not listed beforehand.

    Args:
        begun: trials there are already: going on must not propose the first ones again.
        worker: number of the process, which must not propose what the others do.
    """
    if method != "bayesian":
        return optuna.samplers.RandomSampler(seed=_mix(seed, begun, worker))
    first = min(10, max(3, trials // 3))
    return optuna.samplers.TPESampler(seed=_mix(seed, begun, worker), n_startup_trials=first, constant_liar=True)


def make_pruner(optuna: Any, pruning: str) -> Any:
    """What says which trials are not worth going on with."""
    if pruning == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3)
    if pruning == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=2)
    return optuna.pruners.NopPruner()


def open_study(optuna: Any, storage: Any, name: str, direction: str, **parts: Any) -> Any:
    """The study of that name, made where there is none."""
    return optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True, **parts)


def require_same_question(study: Any, question: dict[str, Any], resume: bool, storage: Any) -> None:
    """Refuse trials of another question; write the question where there is none yet.

    Raises:
        InputError: the first difference, by name; or there are trials and ``resume`` is False.
    """
    then = study.user_attrs.get(QUESTION)
    where = f"the study {study.study_name!r} in {storage}"
    if then is None:
        if study.trials:
            raise InputError(f"{where} was not made by grunit: name another study or another storage")
        study.set_user_attr(QUESTION, question)
        return
    for name in {**then, **question}:
        if then.get(name) != question.get(name):
            raise InputError(
                f"{where} was made with another {name}: give what it was made with, or name another study or storage"
            )
    if not resume and study.trials:
        raise InputError(f"{where} holds {len(study.trials)} trials already: set resume=True to go on, or name another")


def _mix(*numbers: int) -> int:
    return int(np.random.SeedSequence([abs(int(number)) for number in numbers]).generate_state(1)[0])


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
