"""What all tests share: one thread a process, the same random numbers every time, the folder of larger data."""

from __future__ import annotations

import os
from pathlib import Path

# Before torch is imported: several test processes on few cores must not each start a thread a core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The reference backend needs no C compiler's second for every new shape; tests of the C backend ask for it by name.
os.environ.setdefault("GRUNIT_BACKEND", "torch")

import pytest
from hypothesis import settings

# A slow machine is not a failed property, and a failure must come back at the next run.
settings.register_profile("grunit", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("grunit")


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Every test starts from the same seeds, whichever ran before it."""
    import numpy
    import torch

    torch.manual_seed(0)
    numpy.random.seed(0)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of larger data sets, named by GRUNIT_DATA; without it the test is skipped."""
    folder = os.environ.get("GRUNIT_DATA")
    if not folder:
        pytest.skip("needs a data set: set GRUNIT_DATA to the folder that holds it")
    return Path(folder)
