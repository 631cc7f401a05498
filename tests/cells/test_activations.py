"""Activations by name."""

from __future__ import annotations

import pytest
import torch

from grunit.cells.activations import ACTIVATIONS, find_activation
from grunit.errors import InputError


def test_hard_sigmoid_is_that_of_onnx():
    x = torch.tensor([-3.0, -2.5, -1.0, 0.0, 1.0, 2.5, 3.0])
    torch.testing.assert_close(find_activation("hard_sigmoid")(x), torch.tensor([0.0, 0.0, 0.3, 0.5, 0.7, 1.0, 1.0]))


def test_hard_tanh_and_identity():
    x = torch.tensor([-3.0, 0.2, 3.0])
    assert torch.equal(find_activation("hard_tanh")(x), torch.tensor([-1.0, 0.2, 1.0]))
    assert find_activation("identity")(x) is x


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_works_element_by_element(name):
    x = torch.randn(3, 4, dtype=torch.float64)
    whole = find_activation(name)(x)
    alone = torch.stack([find_activation(name)(value) for value in x.flatten()]).view(3, 4)
    torch.testing.assert_close(whole, alone, rtol=1e-12, atol=1e-12)


def test_a_callable_is_taken_as_it_is_and_an_unknown_name_refused():
    assert find_activation(torch.cos) is torch.cos
    with pytest.raises(InputError, match="did you mean 'softplus'"):
        find_activation("softpluss")
    with pytest.raises(InputError, match="use one of tanh"):
        find_activation("zzz")
