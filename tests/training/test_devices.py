"""Several processes learn what one learns from batches as large as theirs together."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

TRAINING = """
    import json, os, sys
    import torch, grunit
    from torch import nn
    from grunit.training import Batches, Settings, fit, seeded

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = grunit.Recurrent("gru", 2, 4, batch_first=True)
            self.head = nn.Linear(4, 1)

        def forward(self, x):
            return self.head(self.core(x)[0])

    def loss(model, batch):
        return (model(batch[0]) - batch[1]).square().mean()

    size, folder = int(sys.argv[1]), sys.argv[2]
    x = torch.randn(16, 6, 2, generator=torch.Generator().manual_seed(1))
    data = x, x.cumsum(1)[..., :1]
    # Of some rows hardly a target is known, so that processes know unlike many.
    gaps = data[1].clone()
    gaps[::3, 1:] = torch.nan

    def known_loss(model, batch):
        known = ~batch[1].isnan()
        return (model(batch[0])[known] - batch[1][known]).square().mean()

    def train(data, loss, weigh=None, **settings):
        kept = []
        with seeded(5):
            model = Tagger()
            options = {"max_epochs": 5, "lr": 0.05, "scheduler": "one_cycle", "averaging": "ema", "clip": 0.5,
                       "averaging_decay": 0.5, "verbose": 0, "device": "cpu", **settings}
            history = fit(model, loss, Batches(data, size, seed=5), Batches(data, 16, shuffle=False),
                          Settings(**options), weigh=weigh, keep=kept.append)
        return {"train": history.train, "validation": history.validation, "lr": history.lr, "kept": len(kept),
                "weights": [weight.flatten().tolist() for weight in model.parameters()]}

    count = lambda batch: int((~batch[1].isnan()).sum())
    found = [train(data, loss), train((x, gaps), known_loss, count),
             train((x, gaps), known_loss, count, accumulate=2, max_epochs=2)]
    with open(os.path.join(folder, os.environ.get("RANK", "alone")), "w") as file:
        json.dump(found, file)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_learn_as_one_with_the_same_global_batch(tmp_path):
    script = tmp_path / "training.py"
    script.write_text(textwrap.dedent(TRAINING))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for command in ([str(script), "8"], [*launcher, str(script), "4"]):
        done = subprocess.run(
            [sys.executable, *command, str(tmp_path)], capture_output=True, text=True, timeout=150, check=False
        )
        assert done.returncode == 0, done.stderr
    for alone, first, second in zip(
        *(json.loads((tmp_path / name).read_text()) for name in ("alone", "0", "1")), strict=True
    ):
        for name in ("train", "validation", "lr"):
            assert first[name] == pytest.approx(alone[name], rel=1e-5), name
            assert second[name] == pytest.approx(first[name], rel=1e-12), name
        for one, other in zip(alone["weights"], first["weights"], strict=True):
            assert other == pytest.approx(one, rel=1e-4, abs=1e-6)
        assert first["weights"] == second["weights"]
        # Only the first process keeps checkpoints: one before the first batch, one an epoch.
        assert (first["kept"], second["kept"]) == (1 + len(first["train"]), 0)
