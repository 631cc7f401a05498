"""Arguments of a layer, checked where they come in."""

from __future__ import annotations

import numpy
import pytest
import torch

from grunit import Recurrent
from grunit.errors import InputError
from grunit.nn.options import check_share, check_size


def test_numbers_of_numpy_are_numbers():
    assert type(check_size("hidden_size", numpy.int64(5))) is int
    assert check_share("dropout", numpy.float32(0.5)) == 0.5
    sizes = numpy.array([3, 4])
    rnn = Recurrent("lstm", *sizes, num_layers=sizes[0], zoneout=numpy.float32(0.5), projection=sizes[1])
    assert type(rnn.output_size) is int
    assert rnn(torch.zeros(2, 1, 3))[0].shape == (2, 1, 4)


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3", None, numpy.float64(2.0), numpy.bool_(True)])
def test_what_is_no_size_is_refused(value):
    with pytest.raises(InputError, match="hidden_size must be a whole number of at least 1"):
        check_size("hidden_size", value)
