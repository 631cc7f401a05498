"""Running the command line as a person would, and tables to run it on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from grunit.cli import main


class Answer(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Answer]:
    """Run ``grunit`` with these words, in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Answer:
        capfd.readouterr()
        status = main([str(word) for word in words])
        return Answer(status, *capfd.readouterr())

    return call


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``grunit`` as a process of its own, in an empty folder; returns when its ``main`` is about to run."""
    # Where the tests run behind an ampersand, Ctrl-C is ignored, and what they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def call(*words: object) -> subprocess.Popen[str]:
        reader, writer = os.pipe()
        code = f"import os, sys; from grunit.cli import main; os.close({writer}); sys.exit(main())"
        command = [sys.executable, "-c", code, *map(str, words)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True, pass_fds=(writer,))
        os.close(writer)
        os.read(reader, 1)  # ends when the process has closed its end
        os.close(reader)
        return process

    yield call
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def stop_fit(run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run ``grunit fit`` with these words and press Ctrl-C after the first epoch."""

    def call(kind: type, *words: object) -> Answer:
        whole = kind.fit  # type: ignore[attr-defined]

        def stop(history: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(kind, "fit", lambda self, *given, **more: whole(self, *given, **more, watch=stop))
            answer = run("fit", *words)
        assert answer.status == 130, answer.err
        return answer

    return call


@pytest.fixture
def frame() -> pd.DataFrame:
    """Two hundred days of a weekly wave."""
    steps = np.arange(200)
    noise = np.random.default_rng(0).normal(size=200)
    days = pd.date_range("2024-01-01", periods=200)
    return pd.DataFrame({"date": days, "sales": 20 + 5 * np.sin(2 * np.pi * steps / 7) + 0.3 * noise})


@pytest.fixture
def table(frame: pd.DataFrame, tmp_path: Path) -> Path:
    """The same as a file."""
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    return path
