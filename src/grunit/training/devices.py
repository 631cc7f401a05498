"""Where a model trains."""

from __future__ import annotations

from typing import Any

import torch

from grunit.errors import InputError


def find_device(name: str) -> torch.device:
    """The device behind ``"auto"`` or a torch device string.

    Raises:
        InputError: torch does not know it or cannot reach it.

    >>> find_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"the device {name!r} cannot be used ({reason}): use device='auto' or 'cpu'") from error
    return device


def find_processes() -> Any:
    """The ``accelerate.Accelerator`` that knows the other processes, where ``torchrun`` or ``accelerate`` started some.

    >>> find_processes().num_processes
    1
    """
    from accelerate import Accelerator

    # The device is chosen by the run; but without an accelerator processes find each other only when told so.
    return Accelerator(device_placement=False, cpu=not torch.accelerator.is_available())
