"""The recipes for the Penn Treebank, which take a GPU, at least build and train as they are written."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from tests.docs.test_code_blocks import ROOT, python_blocks

import grunit


def read_recipe(name: str) -> dict[str, Any]:
    blocks = [block for _, block in python_blocks(ROOT / "docs" / "language.md") if f"{name} |= {{" in block]
    assert len(blocks) == 1
    names: dict[str, Any] = {"grunit": grunit}
    exec(blocks[0], names)
    return names[name]


def make_lines(tokens: int) -> list[str]:
    draws = random.Random(0)
    words = [f"word{number}" for number in range(50)] + ["<unk>", "N"]
    return [" ".join(draws.choices(words, k=19)) for _ in range(tokens // 20)]  # a line's end is the twentieth


@pytest.mark.slow
@pytest.mark.parametrize(("name", "steps"), [("large", 5), ("awd", 5)])
def test_a_recipe_trains_as_it_is_written(name, steps, monkeypatch):
    recipe = read_recipe(name)
    tokens = steps * recipe["batch_size"] * recipe["chunk"]
    taken: list[float] = []
    model = grunit.LanguageModel(**{**recipe, "max_epochs": 1, "verbose": 0, "device": "cpu"})
    kind = torch.optim.SGD if recipe.get("optimizer") == "sgd" else torch.optim.AdamW
    monkeypatch.setattr(kind, "step", counted(kind.step, taken))
    model.fit(make_lines(tokens), make_lines(400))
    # Pieces of random length are on the whole as many as those of equal length.
    assert len(taken) == steps if not recipe.get("random_chunk") else steps - 1 <= len(taken) <= steps + 3
    assert math.isfinite(model.history_.train[0])
    assert math.isfinite(model.history_.validation[0])
    if name == "awd":
        # The learning rate of 30 is that of a mean loss of tokens, scaled by each piece's length.
        assert len(set(taken)) > 1
        assert max(taken) < 30 * (70 + 4 * 5) / 70
        assert model.settings().averaging == "triggered"


def counted(step, taken):
    def counting(optimizer, *arguments, **options):
        taken.append(optimizer.param_groups[0]["lr"])
        return step(optimizer, *arguments, **options)

    return counting
