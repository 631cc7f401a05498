"""Every option of Recurrent that works on any cell, alone and together."""

from __future__ import annotations

import torch

EVERYTHING = {
    "input_dropout": 0.2,
    "state_dropout": 0.3,
    "output_dropout": 0.2,
    "zoneout": 0.25,
    "weight_drop": 0.3,
    "state_norm": True,
    "learn_state": True,
    "residual": "highway",
    "projection": 4,
}
OPTIONS = {
    "input_dropout": {"input_dropout": 0.4},
    "state_dropout": {"state_dropout": 0.4},
    "output_dropout": {"output_dropout": 0.4},
    "zoneout": {"zoneout": 0.3},
    "zoneout_of_h": {"zoneout": {"h": 0.3}},
    "weight_drop": {"weight_drop": 0.4},
    "state_norm": {"state_norm": True},
    "learn_state": {"learn_state": True},
    "add": {"residual": "add"},
    "gated": {"residual": "gated"},
    "highway": {"residual": "highway"},
    "dense": {"dense": True},
    "projection": {"projection": 2},
    "everything": EVERYTHING,
}


@torch.no_grad()
def stir(module):
    """Parameters that start at zero or one, moved away from there."""
    for value in module.parameters():
        value.add_(0.3 * torch.randn_like(value))
    return module
