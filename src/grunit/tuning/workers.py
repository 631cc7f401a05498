"""Several processes that run trials of one study."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from grunit.errors import GrunitError
from grunit.tuning.study import quiet
from grunit.tuning.trials import Job, count_done, open_job, run_trials

PATIENCE = 0.2
"""Seconds between looks at how far the workers are."""


class WorkerError(GrunitError):
    """A process that ran trials broke down."""


def run_workers(job: Job, study: Any, workers: int, progress: Callable[[int, int, str], None] | None) -> None:
    """Run the trials of a job in processes of their own, each on one thread.

    On Linux they are forks of this one, so that cells and metrics defined in a notebook are known to them. Elsewhere,
    and where a GPU is in use, they begin afresh: there a script that calls this stands behind
    ``if __name__ == "__main__":``, and what it defines can be imported.

    Raises:
        WorkerError: one of them ended with something that is not a trial's failure.
        KeyboardInterrupt: Ctrl-C; all have written down what they were doing.
    """
    forks = sys.platform == "linux" and not torch.cuda.is_initialized()
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    lock, told = context.Lock(), context.SimpleQueue()
    processes = [
        context.Process(target=_work, args=(job, lock, told, number), daemon=True) for number in range(workers)
    ]
    done = -1
    try:
        for process in processes:
            process.start()
        while any(process.is_alive() for process in processes):
            if progress is not None and (now := count_done(study, job.points)) != done and now < job.trials:
                done = now
                progress(done, job.trials, f"{workers} processes at work")
            time.sleep(PATIENCE)
            if not told.empty():
                break  # what broke one of them would break all
    except KeyboardInterrupt:
        _stop(processes)
        raise
    if not told.empty():
        _stop(processes)
        raise WorkerError(f"a process that ran trials broke down: {told.get()}")
    if any(process.exitcode for process in processes):
        codes = sorted({process.exitcode for process in processes if process.exitcode})
        raise WorkerError(f"a process that ran trials was killed (exit status {codes[0]}): the study keeps the others")


def _stop(processes: list[Any]) -> None:
    """Ask all to end, wait until they have written down what they were doing, and end those that do not."""
    for process in processes:
        process.join(1)  # Ctrl-C on a terminal reaches them too
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(20)
        if process.is_alive():
            process.kill()


def _work(job: Job, lock: Any, told: Any, number: int) -> None:
    """What a process does."""
    for number_of_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number_of_signal, _interrupt)
    torch.set_num_threads(1)
    try:
        with quiet() as optuna:
            run_trials(optuna, job, open_job(optuna, job, worker=number + 1), lock)
    except KeyboardInterrupt:
        pass  # whoever started this process was interrupted too, and says so
    except Exception as error:  # noqa: BLE001 - told to the process that started this one
        told.put(f"{type(error).__name__}: {' '.join(str(error).split())}")


def _interrupt(number: int, frame: Any) -> None:
    """Stop, once: a second signal must not disturb what is being written down."""
    for number_of_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number_of_signal, signal.SIG_IGN)
    raise KeyboardInterrupt
