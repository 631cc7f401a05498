"""The network's parts against torch's own, and against the padding they must not see."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grunit.errors import InputError
from grunit.nn.crf import CRF
from grunit.tasks.sequence_tagger_model import CharacterCNN, CharacterRNN, TaggerModel, embed

SPELLINGS = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]])


@pytest.mark.parametrize("sizes", [(3,), (2, 3, 5)])
def test_the_cnn_is_the_largest_value_over_a_words_own_characters(sizes):
    model = CharacterCNN(9, embedding_size=4, output_size=7, kernel_sizes=sizes).double()
    answer = model(SPELLINGS, torch.tensor([4, 2]))
    assert answer.shape == (2, 7)
    for row, length in enumerate([4, 2]):
        x = model.embedding(SPELLINGS[row, :length]).T[None]
        parts = []
        for convolution, size in zip(model.convolutions, sizes, strict=True):
            padded = nn.functional.pad(x, ((size - 1) // 2, size // 2))
            parts.append(nn.functional.conv1d(padded, convolution.weight, convolution.bias).amax(2)[0])
        torch.testing.assert_close(answer[row], torch.cat(parts).tanh())


def test_the_rnn_is_what_its_layer_comes_to_at_both_ends_of_a_word():
    model = CharacterRNN(9, "lstm", embedding_size=4, output_size=6).double()
    answer = model(SPELLINGS, torch.tensor([4, 2]))
    for row, length in enumerate([4, 2]):
        output = model.core(model.embedding(SPELLINGS[row : row + 1, :length]))[0]
        torch.testing.assert_close(answer[row], torch.cat([output[0, -1, :3], output[0, 0, 3:]]))


def inputs(words: torch.Tensor, lengths: list[int]) -> tuple[torch.Tensor, ...]:
    zeros = torch.zeros_like(words)
    return words, torch.tensor(lengths), zeros, zeros, zeros, torch.tensor([[1]]), torch.tensor([1])


def test_words_seen_once_are_sometimes_unknown_while_training():
    """With share 1 the network cannot tell rare words from unknown ones, nor can it in evaluation confuse them."""
    model = TaggerModel("gru", 4, words=9, characters=3, crf=CRF(2), rare=[5, 6], unknown_share=1.0)
    rare, unknown = inputs(torch.tensor([[5, 2, 6]]), [3]), inputs(torch.tensor([[1, 2, 1]]), [3])
    torch.testing.assert_close(model(*rare), model(*unknown), rtol=0, atol=0)
    model.eval()
    assert (model(*rare) - model(*unknown)).abs().max() > 1e-3
    common, other = inputs(torch.tensor([[2, 3, 4]]), [3]), inputs(torch.tensor([[2, 3, 1]]), [3])
    model.train()
    assert (model(*common) - model(*other)).abs().max() > 1e-3


@pytest.mark.parametrize("cell", ["lstm", "min_gru", "sru", ["gru", "lstm"]])
@pytest.mark.parametrize("spelling", ["cnn", "rnn", None])
def test_any_cell(cell, spelling):
    model = TaggerModel(
        cell, 6, words=9, characters=9, pairs=4, crf=CRF(3), spelling=spelling, casing=False, num_layers=2
    )
    which = torch.tensor([[0, 1, 0], [1, 0, 0]])
    words = torch.tensor([[2, 3, 4], [5, 0, 0]])
    batch = (words, torch.tensor([3, 1]), words, words.clamp(max=3), which, SPELLINGS, torch.tensor([4, 2]))
    answer = model(*batch)
    assert answer.shape == (2, 3, 3)
    answer.sum().backward()
    assert all(value.grad is not None for name, value in model.named_parameters() if not name.startswith("crf"))


def test_embeddings_begin_with_the_variance_of_the_paper():
    table = embed(4000, 10)
    assert table.weight[1:].var().item() == pytest.approx(1 / 10, rel=0.05)
    assert not table.weight[0].any()


def test_refusals():
    with pytest.raises(InputError, match="give an even number"):
        CharacterRNN(9, "gru", output_size=3)
    with pytest.raises(InputError, match="kernel_sizes"):
        CharacterCNN(9, kernel_sizes=())
