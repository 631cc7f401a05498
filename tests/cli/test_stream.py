"""``grunit stream`` as a process: killed, stopped, cut off, fed with nonsense."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.online.streams import wave

MAIN = "import sys; from grunit.cli import main; sys.exit(main())"
NEW = ["--new", "forecast", "--h", "2", "--set", "hidden_size=4", "--every", "20"]


def lines(count: int = 120) -> list[str]:
    return ["ds,y\n", *(f"{at},{value:.4f}\n" for at, value in enumerate(wave(count)))]


def launch(folder: Path, *more: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", MAIN, "stream", *NEW, "--snapshot", str(folder / "snapshot"), *more]
    environment = {**os.environ, "GRUNIT_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, env=environment, **given)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> str:
    """What a stream that nothing happens to says."""
    process = launch(tmp_path_factory.mktemp("whole"))
    out, err = process.communicate("".join(lines()).encode(), timeout=120)
    assert process.returncode == 0, err.decode()
    assert "121 lines, 120 predictions" in err.decode()
    return out.decode()


def ask(process: subprocess.Popen, given: list[str]) -> list[str]:
    """Feed lines one by one, each after the answer to the one before."""
    answers = []
    for line in given:
        process.stdin.write(line.encode())
        process.stdin.flush()
        if not line.startswith("ds"):
            answers.append(process.stdout.readline().decode())
            if len(answers) == 1 and answers[0].startswith("line"):
                answers[0] += process.stdout.readline().decode()
    return answers


@pytest.mark.slow
@pytest.mark.parametrize("replay", [True, False])
def test_killed_in_the_middle_it_goes_on_as_if_nothing_had_been(tmp_path, whole, replay):
    first = launch(tmp_path)
    said = ask(first, lines()[:58])
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = launch(tmp_path)
    rest, err = second.communicate("".join(lines() if replay else lines()[58:]).encode(), timeout=120)
    assert second.returncode == 0, err.decode()
    assert "going on after line 58" in err.decode()
    assert "".join(said) + rest.decode() == whole


@pytest.mark.slow
def test_killed_anywhere_the_file_is_whole(tmp_path, whole):
    """Not in step with the process: where the signal hits is left to chance."""
    (tmp_path / "in").write_text("".join(lines()))
    for moment in (0.02, 0.05):
        with open(tmp_path / "in") as given:
            process = launch(tmp_path, "-o", str(tmp_path / "out"), stdin=given)
            while not ((tmp_path / "out").exists() and (tmp_path / "out").stat().st_size):
                assert process.poll() is None
                time.sleep(0.005)
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.communicate()
    with open(tmp_path / "in") as given:
        process = launch(tmp_path, "-o", str(tmp_path / "out"), stdin=given)
        process.communicate(timeout=120)
    assert (tmp_path / "out").read_text() == whole


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_a_snapshot(tmp_path, whole, number, status):
    first = launch(tmp_path)
    said = ask(first, lines()[:33])
    first.send_signal(number)
    out, err = first.communicate(timeout=60)
    assert (first.returncode, out) == (status, b"")
    assert "33 lines, 32 predictions" in err.decode()
    assert "Traceback" not in err.decode()
    assert (tmp_path / "snapshot" / "journal-33.jsonl").read_text() == ""
    rest, _ = launch(tmp_path).communicate("".join(lines()[33:]).encode(), timeout=120)
    assert "".join(said) + rest.decode() == whole


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_it_with_a_snapshot(tmp_path, whole):
    first = launch(tmp_path)
    said = ask(first, lines()[:33])
    first.stdout.close()
    first.stdin.write(lines()[33].encode())
    first.stdin.flush()
    assert first.wait(timeout=60) == 141
    assert b"Traceback" not in first.stderr.read()
    first.stdin.close()
    first.stderr.close()
    rest, _ = launch(tmp_path).communicate("".join(lines()[33:]).encode(), timeout=120)
    assert "".join(said) + rest.decode() == whole, "what nobody read is said again"


@pytest.mark.slow
def test_nonsense_is_reported_counted_and_skipped(tmp_path):
    given = lines(30)
    given[5:5] = ["nonsense\n", "4,x\n", "\n", "5,6,7\n"]
    process = launch(tmp_path, "--output-format", "json")
    out, err = process.communicate("".join(given).encode(), timeout=120)
    assert process.returncode == 0
    assert len([json.loads(line) for line in out.splitlines()]) == 30
    for number in (6, 7, 9):
        assert f"line {number} is skipped" in err.decode()
    assert "3 lines skipped" in err.decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the folder of a model, or --new"),
        (["--new", "dance"], "forecast, regression, classification"),
        (["--new", "regression", "--h", "3"], "--h has no meaning"),
        (["--new", "forecast", "--set", "hidden=3"], "hidden_size"),
        (["--new", "forecast", "--format", "xml"], "csv, json"),
        (["--new", "forecast", "--kafka", "a:1"], "--topic"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(run, arguments, message):
    answer = run("stream", *arguments)
    assert answer.status == 2
    assert message in answer.err
