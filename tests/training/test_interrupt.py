"""Trainings that real signals end, SIGKILL among them, and what goes on from what they leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from grunit.training import Batches, Checkpoint, Settings, fit

# A process that trains in forked children; each dies by SIGKILL at a moment of its own and the next goes on from
# the file it left, until one comes to the end. The last answer is compared with that of a child nobody killed.
KILLED = """
    import os, signal, sys, time
    from pathlib import Path
    import accelerate, torch, torch._dynamo, grunit  # here, so that the children need not wait for it
    from torch import nn
    from grunit.training import Batches, Checkpoint, Settings, fit, seeded

    folder, options = Path(sys.argv[1]), eval(sys.argv[2])

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = grunit.Recurrent("gru", 2, 4, batch_first=True, dropout=0.2, num_layers=2)
            self.head = nn.Linear(4, 1)

        def forward(self, x):
            return self.head(torch.dropout(self.core(x)[0], 0.3, self.training))

    x = torch.randn(14, 6, 2, generator=torch.Generator().manual_seed(1))
    data = Batches((x, x.cumsum(1)[..., :1]), 2, seed=5)
    held = Batches((x[:4], x[:4].cumsum(1)[..., :1]), 4, shuffle=False)

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def train(name, moment=None, when=0):
        count = [0]

        def due(what):
            if what == moment:
                count[0] += 1
                if count[0] == when:
                    die()

        class HalfWritten:
            def __init__(self, file):
                self.file = file
            def __enter__(self):
                return self
            def __exit__(self, *what):
                self.file.close()
            def __getattr__(self, name):
                return getattr(self.file, name)
            def write(self, content):
                if moment == "half written":
                    self.file.write(content[: len(content) // 2])
                    self.file.flush()
                    due("half written")
                    self.file.seek(0)
                self.file.write(content)

        opened, replaced = Path.open, os.replace
        def open_file(path, mode="r", *more, **named):
            file = opened(path, mode, *more, **named)
            return HalfWritten(file) if mode == "wb" and path.suffix == ".part" else file

        Path.open = open_file

        def replace(before, after):
            due("before the rename")
            replaced(before, after)
            due("after the rename")

        os.replace = replace

        def loss(model, batch):
            value = (model(batch[0]) - batch[1]).square().mean()
            due("forward" if model.training else "validation")
            if value.requires_grad:
                value.register_hook(lambda gradient: due("backward"))
            return value

        file = folder / f"{name}.checkpoint"
        with seeded(5):
            model = Tagger()
            history = fit(
                model, loss, data, held,
                Settings(**{"max_epochs": 4, "lr": 0.05, "verbose": 0, "device": "cpu", "scheduler": "one_cycle",
                            "warmup": 0.2, "checkpoint_every": 2, **options}),
                keep=lambda now: now.save(file), resume=Checkpoint.load(file) if file.exists() else None)
        weights = model.state_dict()
        Checkpoint.of({"weights": weights, "train": history.train, "validation": history.validation}).save(
            folder / f"{name}.end")

    def child(*arguments, seconds=None):
        number = os.fork()
        if not number:
            try:
                train(*arguments)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(number, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])

    assert child("whole") == 0
    killed = []
    moments = [("forward", 1), ("forward", 6), ("backward", 5), ("half written", 3), ("before the rename", 2),
               ("after the rename", 3), ("validation", 1), ("backward", 3), ("half written", 2)]
    for moment in moments:
        assert child("killed", *moment) == -signal.SIGKILL, moment
        killed.append(moment)
    for seconds in (0.01, 0.03, 0.06):
        killed.append(child("killed", seconds=seconds))
    assert child("killed") == 0
    whole, again = [Checkpoint.load(folder / f"{name}.end").state() for name in ("whole", "killed")]
    assert all(torch.equal(value, again["weights"][name]) for name, value in whole["weights"].items())
    assert (whole["train"], whole["validation"]) == (again["train"], again["validation"])
    print(sorted(path.name for path in folder.iterdir()), len(killed))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_sigkill_at_any_moment_and_resume_end_at_the_same_bits(tmp_path, options):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), repr(options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    # Nothing of the half-written files is left.
    names = "['killed.checkpoint', 'killed.end', 'whole.checkpoint', 'whole.end'] 12"
    assert done.stdout.strip() == names


def line(**settings):
    torch.manual_seed(0)
    model, x = torch.nn.Linear(1, 1), torch.linspace(-1, 1, 8).unsqueeze(1)
    options = Settings(**{"max_epochs": 3, "lr": 0.1, "verbose": 0, "device": "cpu", **settings})
    return model, Batches((x, 2 * x + 1), 2), options


def squared(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


def test_sigterm_finishes_the_batch_and_keeps_what_resumes_to_the_same_bits():
    whole, batches, settings = line()
    fit(whole, squared, batches, None, settings)
    calls, kept = [], []

    def told(model, batch):
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return squared(model, batch)

    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        model, batches, settings = line()
        with pytest.raises(KeyboardInterrupt):
            fit(model, told, batches, None, settings, keep=kept.append)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert kept[-1].state()["position"][:2] == [1, 2]
    model, batches, settings = line()
    fit(model, squared, batches, None, settings, resume=kept[-1])
    assert torch.equal(model.weight, whole.weight)
    assert torch.equal(model.bias, whole.bias)


def test_a_handler_of_the_program_is_left_alone():
    def own(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, own)
    try:
        model, batches, settings = line()
        seen = []
        fit(model, squared, batches, None, settings, watch=lambda _: seen.append(signal.getsignal(signal.SIGTERM)))
        assert seen == [own] * 3
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_file_of_an_earlier_write_that_was_killed_is_replaced(tmp_path):
    (tmp_path / "moment.part").write_bytes(b"half")
    Checkpoint.of({"epoch": 1}).save(tmp_path / "moment")
    assert [path.name for path in Path(tmp_path).iterdir()] == ["moment"]


@pytest.mark.parametrize("every", [1, 2, 3])
def test_checkpoints_come_every_so_many_batches_and_at_the_ends_of_epochs(every):
    model, batches, settings = line(max_epochs=2, checkpoint_every=every)
    kept = []
    fit(model, squared, batches, None, settings, keep=kept.append)
    places = [tuple(moment.state()["position"][:2]) for moment in kept]
    within = [batch for batch in (1, 2, 3) if batch % every == 0]
    assert places == [(0, 0), *[(0, n) for n in within], (1, 0), *[(1, n) for n in within], (2, 0)]
