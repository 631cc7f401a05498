"""The picture of attention, and the numbers behind it."""

from __future__ import annotations

import numpy as np
import pytest

import grunit
from grunit.errors import InputError
from grunit.tasks.translation_alignment import Alignment

WEIGHTS = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]])


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_picture_holds_every_word(tmp_path, kind):
    pytest.importorskip("matplotlib", reason="pictures are of the extra report")
    found = Alignment(["ein", "$5_", "很"], ["a", "good", "<end>"], WEIGHTS)
    path = found.draw(tmp_path / f"look.{kind}")
    content = path.read_bytes()
    if kind == "svg":
        assert all(word in content.decode() for word in ("<!-- ein -->", "<!-- good -->", "<!-- source -->"))
    else:
        assert content.startswith(b"\x89PNG")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"name a file that ends in .png, .svg or .pdf"):
        Alignment(["ein"], ["a", "<end>"], WEIGHTS[:2, :1]).draw(tmp_path / "look.txt")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("attention", ["additive", "multiplicative"])
def test_attention_of_a_trained_copier_lies_on_the_diagonal(attention):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.permutation(list("abcdef"))[: rng.integers(2, 7)]) for _ in range(400)]
    model = grunit.Translator(
        hidden_size=24,
        embedding_size=16,
        attention=attention,
        dropout=0.0,
        max_epochs=12,
        lr=0.02,
        batch_size=32,
        verbose=0,
    )
    model.fit(texts, [text.upper() for text in texts])
    found = model.align("c a f d", "C A F D")
    assert found.weights.shape == (5, 4)
    np.testing.assert_allclose(found.weights.sum(1), 1, rtol=1e-9)
    assert found.pairs() == [("C", "c"), ("A", "a"), ("F", "f"), ("D", "d")]
    assert model.align("c a f d").target[-1] == "<end>"


def test_without_attention_there_is_nothing_to_show():
    model = grunit.Translator(hidden_size=4, embedding_size=4, attention=None, max_epochs=1, verbose=0)
    model.fit(["a b"] * 4, ["x y"] * 4)
    with pytest.raises(InputError, match="no attention to show: choose attention='multiplicative' or 'additive'"):
        model.align("a b")
