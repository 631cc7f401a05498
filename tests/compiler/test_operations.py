"""What a step may be made of: each formula, alone in a step with two products, equals the plain loop."""

from __future__ import annotations

import pytest
import torch
from tests.compiler.comparison import assert_equals_the_loop
from tests.compiler.user_cells import cell_of
from torch.nn import functional as F


def in_place(s, x, h):
    a = s.W(x) + s.U(h)
    a.add_(h).mul_(0.5)
    return a.tanh_()


def in_place_on_the_projection(s, x, h):
    a = s.W(x)
    a += s.U(h)
    a *= s.p
    return a


def written_into(s, x, h):
    a = torch.zeros_like(h)
    a[:, :2] = s.W(x)[:, :2]
    a[:, 2:] = torch.tanh(s.U(h))[:, 2:]
    return a


def three_inner_steps(s, x, h):
    for _ in range(3):
        h = h + 0.1 * torch.tanh(s.W(x) + s.U(h))
    return h


FORMULAS = {
    "where": lambda s, x, h: torch.where(s.W(x) > h, h, s.U(h)),
    "clamp": lambda s, x, h: (s.W(x) + s.U(h)).clamp(-0.5, 0.3),
    "clamp to tensors": lambda s, x, h: torch.clamp(s.W(x) + s.U(h), s.p - 1, s.p + 1),
    "abs": lambda s, x, h: (s.W(x) - h).abs() + s.U(h).abs(),
    "minimum, maximum": lambda s, x, h: torch.minimum(s.W(x), h) + torch.maximum(s.U(h), s.p),
    "sqrt, exp, log": lambda s, x, h: torch.sqrt(h * h + 1) + torch.exp(-h * h) + torch.log(1 + s.U(h) ** 2) + s.W(x),
    "softplus": lambda s, x, h: F.softplus(s.W(x) + s.U(h)) - 1,
    "softmax": lambda s, x, h: F.softmax(s.W(x) + s.U(h), -1),
    "largest feature": lambda s, x, h: s.W(x) + s.U(h).max(dim=1, keepdim=True).values,
    "smallest feature": lambda s, x, h: s.W(x) - h.amin(-1, keepdim=True),
    "sorted features": lambda s, x, h: torch.tanh(s.W(x) + s.U(h).sort(1).values),
    "cumsum": lambda s, x, h: torch.cumsum(F.softmax(s.U(h) + s.W(x), -1), -1) * h,
    "cumprod": lambda s, x, h: torch.tanh(s.W(x) + torch.sigmoid(s.U(h)).cumprod(1)),
    "norm": lambda s, x, h: (s.W(x) + s.U(h)) / (h.norm(dim=1, keepdim=True) + 1),
    "variance": lambda s, x, h: (s.W(x) + s.U(h)) / torch.sqrt(h.var(1, keepdim=True) + 1),
    "rms norm": lambda s, x, h: F.rms_norm(s.W(x) + s.U(h), (4,)),
    "group norm": lambda s, x, h: F.group_norm(s.W(x) + s.U(h), 2),
    "einsum with a weight": lambda s, x, h: torch.tanh(s.W(x) + torch.einsum("bi,ji->bj", h, s.U.weight)),
    "einsum of two states": lambda s, x, h: torch.tanh(s.W(x) * torch.einsum("bi,bi->b", h, s.U(h))[:, None]),
    "batched matrices": lambda s, x, h: torch.tanh(torch.bmm(h.unsqueeze(2), s.W(x).unsqueeze(1)).sum(1)),
    "one matrix a row": lambda s, x, h: torch.tanh(
        s.W(x) + torch.bmm(s.U.weight.expand(x.shape[0], -1, -1), h.unsqueeze(2)).squeeze(2)
    ),
    "baddbmm": lambda s, x, h: torch.tanh(
        torch.baddbmm(s.W(x)[:, None], h[:, None], s.U.weight.expand(x.shape[0], -1, -1)).squeeze(1)
    ),
    "addmm with factors": lambda s, x, h: torch.tanh(torch.addmm(s.W(x), h, s.U.weight, beta=0.5, alpha=2.0)),
    "columns": lambda s, x, h: torch.tanh(s.W(x) + (s.U.weight @ h.T).T),
    "linear": lambda s, x, h: torch.tanh(F.linear(h, s.U.weight, s.U.bias) + F.linear(x, s.W.weight)),
    "a made weight": lambda s, x, h: torch.tanh(s.W(x) + F.linear(h, torch.tril(s.U.weight) + torch.diag(s.p))),
    "inside and outside": lambda s, x, h: torch.tanh(s.W(x) * s.p + s.U(h) * s.p + h * s.p.exp()),
    "single weights": lambda s, x, h: torch.tanh(s.W(x) * s.p[0] + s.U(h) * s.p.mean()),
    "chunk": lambda s, x, h: sum(torch.tanh(v) for v in torch.cat([s.W(x), h, s.U(h)], 1).chunk(3, -1)),
    "split": lambda s, x, h: torch.cat([a.tanh() for a in torch.split(s.W(x) + s.U(h), [1, 3], 1)], -1),
    "stack first": lambda s, x, h: torch.stack([s.W(x), s.U(h), h], 0).sum(0).tanh(),
    "stack last": lambda s, x, h: torch.stack([s.W(x), s.U(h), h], -1).softmax(-1).unbind(-1)[1],
    "stack of two heads": lambda s, x, h: torch.stack([s.W(x), s.U(h), h], 1).max(1).values,
    "rotate": lambda s, x, h: torch.cat([h[:, 1:], h[:, :1]], 1) * 0.5 + s.W(x),
    "roll": lambda s, x, h: torch.roll(h, 1, -1) * s.p + s.W(x),
    "permute units": lambda s, x, h: h[:, torch.tensor([1, 0, 3, 2])] * s.p + s.W(x),
    "heads of -1": lambda s, x, h: (s.W(x).view(-1, 2, 2) * h.view(-1, 2, 2).sigmoid()).flatten(1),
    "heads of rows": lambda s, x, h: torch.tanh(s.W(x).view(x.shape[0], 2, 2) * h.view(x.size(0), 2, 2)).reshape(-1, 4),
    "expand": lambda s, x, h: torch.tanh(s.W(x) + s.U(h)) * s.p.expand(x.shape[0], -1),
    "repeat": lambda s, x, h: torch.tanh(s.W(x) + h[:, :1].repeat(1, 4) * s.p.repeat(x.shape[0], 1)),
    "new zeros": lambda s, x, h: torch.tanh(s.W(x) + torch.cat([s.U(h)[:, :3], h.new_zeros(x.shape[0], 1)], 1)),
    "a column of ones": lambda s, x, h: torch.tanh(
        s.W(x) + F.linear(torch.cat([h, torch.ones_like(h[:, :1])], 1), torch.cat([s.U.weight, s.U.bias[:, None]], 1))
    ),
    "constants": lambda s, x, h: torch.tanh(s.W(x) + s.U(h) * torch.linspace(0, 1, 4, dtype=x.dtype) + 2.5),
    "convolution": lambda s, x, h: torch.tanh(s.W(x) + F.conv1d(h[:, None], s.p[:3].view(1, 1, 3), padding=1)[:, 0]),
    "rounded forward, straight through": lambda s, x, h: (lambda v: v + (v.round() - v).detach())(s.W(x) + s.U(h)),
    "in place": in_place,
    "in place on the projection": in_place_on_the_projection,
    "written into": written_into,
    "three inner steps": three_inner_steps,
    "sum into a product": lambda s, x, h: s.U(h).sum(1, keepdim=True) * s.p + s.W(x),
    "sum of a stack into a product": lambda s, x, h: torch.stack([s.U(h), h], 1).sum((1, 2))[:, None] * s.p + s.W(x),
    "masks added": lambda s, x, h: h * 0.5 + (s.W(x) > 0) + (s.W(x) > -0.5),
    "sum of masks": lambda s, x, h: h * 0.5 + ((h > 0) + (s.W(x) > -0.5)),
    "sign of a product": lambda s, x, h: torch.sign(s.U(h)) * 0.1 + s.W(x),
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_a_step_with(formula):
    assert_equals_the_loop(cell_of(formula))
