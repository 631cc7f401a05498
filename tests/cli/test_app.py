"""Help is quick, failures are one sentence and a status, pipes may break."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

import pytest
import typer

import grunit
from grunit.cli import app
from grunit.cli.verbs import VERBS
from grunit.errors import InputError

HELP = [sys.executable, "-c", "import sys; from grunit.cli import main; sys.exit(main(['--help']))"]


def test_help_lists_every_verb(run):
    answer = run("--help")
    assert answer.status == 0
    for name, verb in VERBS.items():
        assert name in answer.out
        assert verb.summary in answer.out


def test_no_arguments_is_help(run):
    assert run().out == run("--help").out


def test_help_answers_in_under_three_tenths_of_a_second():
    resource = pytest.importorskip("resource", reason="only POSIX has it")

    def seconds_of_children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times = []
    for _ in range(5):
        before = seconds_of_children()
        subprocess.run(HELP, check=True, stdout=subprocess.DEVNULL)
        times.append(seconds_of_children() - before)
    # It reads and computes on one core, so processor time is what a person waits on a machine without other work.
    assert min(times) < 0.3


def test_help_does_not_import_torch():
    code = (
        "import sys; from grunit.cli import main; main(['--help']); main(['fit', '--help']);"
        "heavy = {'torch', 'numpy', 'pandas', 'rich', 'matplotlib'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(run, verb):
    answer = run(verb, "--help")
    assert answer.status == 0
    assert f"Usage: grunit {verb}" in answer.out
    assert VERBS[verb].summary in " ".join(answer.out.split())
    assert "--json" in answer.out


def test_version(run):
    assert run("--version") == (0, f"grunit {grunit.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["forecats"], "No such command"),
        (["cells", "lstn"], "did you mean 'lstm'"),
        (["cells", "--hidden-size", "many"], "--hidden-size"),
        (["cells", "--hidden-size", "0"], "--hidden-size"),
        (["cells", "--nonsense"], "--nonsense"),
        (["predict"], "MODEL"),
    ],
)
def test_bad_words_are_one_sentence_and_status_2(run, words, part):
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert part in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


@pytest.fixture
def failing(monkeypatch):
    """Make ``grunit doctor`` raise."""

    def fail_with(error):
        def broken():
            raise error

        monkeypatch.setattr(app, "load", lambda name: broken)

    return fail_with


def test_a_refusal_is_one_sentence(run, failing):
    failing(InputError("the column 'y' is\nmissing: name it"))
    assert run("doctor") == (2, "", "grunit: the column 'y' is missing: name it\n")


def test_debug_shows_the_traceback(run, failing):
    failing(InputError("no"))
    with pytest.raises(InputError):
        run("doctor", "--debug")


def test_a_bug_says_so(run, failing):
    failing(ZeroDivisionError("by zero"))
    status, out, err = run("doctor")
    assert (status, out) == (1, "")
    assert "bug" in err
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err


def test_a_full_disk_is_a_refusal(run, failing):
    failing(OSError(28, "No space left on device", "out.csv"))
    status, _, err = run("doctor")
    assert status == 2
    assert "No space left" in err


def test_interrupt_is_one_sentence(run, failing):
    failing(KeyboardInterrupt())
    assert run("doctor") == (130, "", "grunit: stopped\n")


@pytest.mark.parametrize("swallowed", ["and something else fails", "and typer ends the run", "and training begins"])
def test_an_interrupt_that_a_library_swallows_still_stops(run, monkeypatch, swallowed):
    """As where Ctrl-C falls into the import of torch, which then is half there."""
    from grunit.training.interrupt import deferred_interrupt

    def verb():
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        if "fails" in swallowed:
            raise AttributeError("module 'numpy' has no attribute 'ndarray'")
        if "typer" in swallowed:
            raise typer.Exit(130)
        with deferred_interrupt():
            raise AssertionError("training began")

    monkeypatch.setattr(app, "load", lambda name: verb)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run("doctor") == (130, "", "grunit: stopped\n")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_reader_that_goes_away_is_no_error(start):
    process = start("--help")
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() in (0, app.BROKEN_PIPE)
    assert err == ""
