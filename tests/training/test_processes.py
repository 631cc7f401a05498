"""Two processes that a signal stops: all of them, after the same batch, and what they go on to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch

from grunit.training import Checkpoint
from grunit.training.devices import find_processes
from grunit.training.interrupt import deferred_interrupt
from grunit.training.processes import Processes

# Started alone it forks pairs of processes; started by torchrun it is one of a pair and takes its time.
TRAINING = """
    import json, os, signal, socket, sys, time
    from pathlib import Path
    import accelerate, torch, torch._dynamo  # here, so that the children need not wait for it
    from torch import nn
    from grunit.training import Batches, Checkpoint, Settings, fit, seeded

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = nn.GRU(2, 4, batch_first=True, dropout=0.2, num_layers=2)
            self.head = nn.Linear(4, 1)

        def forward(self, x):
            return self.head(torch.dropout(self.core(x)[0], 0.3, self.training))

    # Three batches of 4 and one of 2: chance runs apart in the two processes.
    x = torch.randn(14, 6, 2, generator=torch.Generator().manual_seed(1))
    data = Batches((x, x.cumsum(1)[..., :1]), 4, seed=5)
    held = Batches((x[:4], x[:4].cumsum(1)[..., :1]), 4, shuffle=False)

    def train(folder, name, when=None, who=None, pause=0.0, moment="forward"):
        rank, calls = int(os.environ["RANK"]), [0]
        file = folder / f"{name}.checkpoint"

        def loss(model, batch):
            calls[0] += moment == ("forward" if model.training else "validation")
            if calls[0] == when and rank == who:
                calls[0] += 1
                os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(pause)
            return (model(batch[0]) - batch[1]).square().mean()

        with seeded(5):
            model = Tagger()
            settings = Settings(max_epochs=4, lr=0.05, scheduler="one_cycle", warmup=0.2, averaging="ema",
                                verbose=0, device="cpu")
            try:
                history = fit(model, loss, data, held, settings, keep=lambda now: now.save(file),
                              resume=Checkpoint.load(file) if file.exists() else None)
            except KeyboardInterrupt:
                (folder / f"{name}.stopped.{rank}").write_text(str(calls[0]))
                return
        state = {"weights": model.state_dict(), "train": history.train, "validation": history.validation}
        Checkpoint.of(state).save(folder / f"{name}.end.{rank}")

    def pair(*arguments, **options):
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port = door.getsockname()[1]
        children = []
        for rank in range(2):
            child = os.fork()
            if not child:
                try:
                    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2",
                                      MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
                    train(*arguments, **options)
                    torch.distributed.destroy_process_group()
                except BaseException as error:
                    print(repr(error), file=sys.stderr, flush=True)
                    os._exit(1)
                os._exit(0)
            children.append(child)
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    folder = Path(sys.argv[1])
    if "RANK" in os.environ:
        train(folder, "launched", pause=0.2)
        torch.distributed.destroy_process_group()
    else:
        pair(folder, "whole")
        pair(folder, "told", when=3, who=1)
        print(Checkpoint.load(folder / "told.checkpoint").state()["position"][:2])
        pair(folder, "told", when=1, who=0)
        print(Checkpoint.load(folder / "told.checkpoint").state()["position"][:2])
        pair(folder, "told", when=1, who=1, moment="validation")
        print(Checkpoint.load(folder / "told.checkpoint").state()["position"][:2])
        pair(folder, "told")
        if (folder / "launched.checkpoint").exists():
            pair(folder, "launched")
"""


def weights_of(path):
    state = Checkpoint.load(path).state()
    return {name: value.tolist() for name, value in state["weights"].items()}, state["train"], state["validation"]


@pytest.mark.slow
def test_sigterm_stops_all_processes_after_the_same_batch_and_they_resume_to_the_same_bits(tmp_path):
    script = tmp_path / "training.py"
    script.write_text(textwrap.dedent(TRAINING))
    # What a cluster does: the launcher is told, and tells both.
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    launched = subprocess.Popen([*command, str(script), str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 90
        while not (tmp_path / "launched.checkpoint").exists() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.5)
        launched.send_signal(signal.SIGTERM)
        told = launched.communicate(timeout=60)[1].decode()
    finally:
        launched.kill()
    # They ended by themselves, both after as many batches, long before the launcher would have killed them.
    stopped = [(tmp_path / f"launched.stopped.{rank}").read_text() for rank in (0, 1)]
    assert stopped[0] == stopped[1], told
    assert not (tmp_path / "launched.end.0").exists()

    environment = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    # Two rounds an epoch: after the first of the second epoch, after the second, and after its validation.
    assert done.stdout.split("\n")[:3] == ["[1, 1]", "[1, 2]", "[2, 0]"], done.stdout
    whole = weights_of(tmp_path / "whole.end.0")
    for name in ("whole.end.1", "told.end.0", "told.end.1", "launched.end.0", "launched.end.1"):
        assert weights_of(tmp_path / name) == whole, name


def test_one_process_alone_hears_itself():
    alone = Processes(find_processes(), torch.device("cpu"))
    state = {"random": torch.arange(3), "total": 1.5}
    assert alone.gather(state) == [state]
    assert (alone.sum(2.0), alone.any(True), alone.any(False), alone.alone) == (2.0, True, False, True)


def test_a_signal_that_comes_twice_at_once_is_one_where_it_is_to_be(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with deferred_interrupt(patience=5.0) as came:
            os.kill(os.getpid(), signal.SIGTERM)
            now[0] += 4.9
            os.kill(os.getpid(), signal.SIGTERM)
            assert came()
            now[0] += 0.1
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
