"""The network: each part against torch alone, and padding that changes nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grunit.errors import InputError
from grunit.tasks.sequence_model import ConvolutionBranch, SequenceModel


def test_the_core_is_that_of_torch():
    """A GRU of torch with the same weights, its last states of both directions, and the head."""
    model = SequenceModel("gru", 3, 5, outputs=2, bidirectional=True).double()
    peer = nn.GRU(3, 5, batch_first=True, bidirectional=True).double()
    for index, suffix in enumerate(("", "_reverse")):
        cell = model.core.cells[index]
        names = [name for name, _ in cell.named_parameters()]
        for name in names:
            getattr(peer, f"{name}_l0{suffix}").data.copy_(getattr(cell, name).data)
    x, lengths = torch.randn(4, 7, 3, dtype=torch.float64), torch.tensor([7, 5, 2, 1])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
    _, final = peer(packed)
    expected = model.head(torch.cat([final[0], final[1]], 1))
    torch.testing.assert_close(model(x, lengths), expected)


@pytest.mark.parametrize("taps", [(3,), (8, 5, 3), (2, 4)])
def test_the_branch_is_torch_layers_on_sequences_of_full_length(taps):
    channels = (4, 6, 5)[: len(taps)]
    branch = ConvolutionBranch(3, channels, taps).double()
    x = torch.randn(5, 12, 3, dtype=torch.float64)
    y = x.transpose(1, 2)
    for convolution, norm, size in zip(branch.convolutions, branch.norms, taps, strict=True):
        y = nn.functional.pad(y, ((size - 1) // 2, size // 2))
        y = nn.functional.conv1d(y, convolution.weight, convolution.bias)
        y = torch.relu(nn.functional.batch_norm(y, None, None, norm.weight, norm.bias, training=True))
    torch.testing.assert_close(branch(x), y.mean(2))
    torch.testing.assert_close(branch(x, torch.full((5,), 12)), y.mean(2))


def test_statistics_of_the_branch_are_of_the_steps_that_are_there():
    """One layer of one tap is a normalised projection: the mean over valid steps by hand."""
    branch = ConvolutionBranch(2, (3,), (1,)).double()
    x, lengths = torch.randn(3, 4, 2, dtype=torch.float64), torch.tensor([4, 2, 1])
    rows = torch.cat([row[:count] for row, count in zip(x, lengths, strict=True)])
    projected = rows @ branch.convolutions[0].weight[:, :, 0].T + branch.convolutions[0].bias
    scaled = (projected - projected.mean(0)) / (projected.var(0, unbiased=False) + 1e-5).sqrt()
    parts = torch.relu(scaled).split(lengths.tolist())
    torch.testing.assert_close(branch(x, lengths), torch.stack([part.mean(0) for part in parts]))


def test_what_stands_in_the_padding_reaches_neither_output_nor_gradient():
    model = SequenceModel(
        "lstm",
        2,
        4,
        outputs=3,
        front="convolution",
        branch="convolution",
        branch_options={"channels": (4,), "kernel_sizes": (3,)},
        pooling=["mean", "attention"],
    )
    x, lengths = torch.randn(3, 6, 2), torch.tensor([6, 3, 2])
    other = x.clone()
    other[1, 3:], other[2, 2:] = 1e6, -1e6
    torch.testing.assert_close(model(x, lengths), model(other, lengths))
    x.requires_grad_()
    model(x, lengths).sum().backward()
    assert not x.grad[1, 3:].any()
    assert x.grad[1, :3].any()


def test_a_single_step_has_no_spread_to_be_normalised_by():
    branch = ConvolutionBranch(2, (3,), (1,))
    assert branch(torch.randn(1, 1, 2)).isfinite().all()


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="2 channels and 1 kernel_sizes"):
        ConvolutionBranch(2, (3, 3), (3,))
    with pytest.raises(InputError, match="also needs mask, dt"):
        SequenceModel("gru_d", 2, 3, outputs=1)


def test_segments_shorten_the_walk():
    model = SequenceModel("gru", 2, 4, outputs=1, front="segments", front_options={"segment_length": 3})
    output, lengths = model.walk(torch.randn(2, 7, 2), torch.tensor([7, 2]))
    assert output.shape == (2, 3, 4)
    assert lengths.tolist() == [3, 1]
