"""Cells as users write them, each unlike the others in one respect."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from grunit.cells import Cell


class OneState(Cell):
    """What most of the cells below start from: ``W x + b``, ``U h + b'`` and one weight a unit."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)
        self.U = nn.Linear(hidden_size, hidden_size)
        self.p = nn.Parameter(torch.randn(hidden_size) * 0.5)
        self.build(input_size, hidden_size)

    def build(self, input_size: int, hidden_size: int) -> None:
        """More parameters."""


class TwoProducts(OneState):
    """Two low-rank products, one inside the other."""

    def build(self, input_size: int, hidden_size: int) -> None:
        self.down, self.up = nn.Linear(hidden_size, 2), nn.Linear(2, hidden_size)

    def step(self, x, h):
        r = torch.sigmoid(self.p * h)
        return (torch.tanh(self.W(x) + self.U(self.up(torch.tanh(self.down(h))) * r)),)


class SoftmaxOverGates(OneState):
    """Layer norm, then gates that sum to one."""

    def build(self, input_size: int, hidden_size: int) -> None:
        self.G, self.V = nn.Linear(input_size, 3 * hidden_size), nn.Linear(hidden_size, 3 * hidden_size)
        self.norm = nn.LayerNorm(3 * hidden_size)

    def step(self, x, h):
        keep, write, constant = self.norm(self.G(x) + self.V(h)).view(x.shape[0], 3, -1).softmax(1).unbind(1)
        return (keep * h + write * torch.tanh(self.W(x)) + constant * self.p,)


class Decay(OneState):
    def step(self, x, h):
        keep = torch.sigmoid(self.p)
        return (keep * h + (1 - keep) * self.W(x),)


class IndRNN(OneState):
    def step(self, x, h):
        return (torch.relu(self.W(x) + self.p * h),)


class MinGRU(OneState):
    def build(self, input_size: int, hidden_size: int) -> None:
        self.Z = nn.Linear(input_size, hidden_size)

    def step(self, x, h):
        z = torch.sigmoid(self.Z(x))
        return ((1 - z) * h + z * self.W(x),)


class RGLRU(OneState):
    def build(self, input_size: int, hidden_size: int) -> None:
        self.Z = nn.Linear(input_size, hidden_size)

    def step(self, x, h):
        a = torch.exp(-8 * functional.softplus(self.p) * torch.sigmoid(self.Z(x)))
        return (a * h + torch.sqrt(1 - a * a) * self.W(x),)


class QRNN(OneState):
    """The output is a nonlinear function of a state that is linear."""

    state = ("h", "c")

    def build(self, input_size: int, hidden_size: int) -> None:
        self.Z = nn.Linear(input_size, 3 * hidden_size)

    def step(self, x, h, c):
        z, f, o = self.Z(x).chunk(3, 1)
        f = f.sigmoid()
        c = f * c + (1 - f) * z.tanh()
        return o.sigmoid() * c.tanh(), c


class IndexedPeepholes(OneState):
    """The three peepholes are rows of one parameter."""

    state = ("h", "c")

    def build(self, input_size: int, hidden_size: int) -> None:
        self.G, self.V = nn.Linear(input_size, 4 * hidden_size), nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.peep = nn.Parameter(torch.randn(3, hidden_size))

    def step(self, x, h, c):
        i, f, g, o = (self.G(x) + self.V(h)).chunk(4, -1)
        i, f = torch.sigmoid(i + self.peep[0] * c), torch.sigmoid(f + self.peep[1] * c)
        c = f * c + i * g.tanh()
        return torch.sigmoid(o + self.peep[2] * c) * c.tanh(), c


class DtLast(OneState):
    """A second input, found by the name of the argument."""

    inputs = ("x", "dt")

    def step(self, x, h, dt):
        return (torch.tanh(self.W(x) + self.U(h * torch.exp(-functional.softplus(self.p) * dt))),)


class DtSecond(OneState):
    inputs = ("x", "dt")

    def step(self, x, dt, h):
        return (torch.tanh(self.W(x) + self.U(h * torch.exp(-dt.abs()))),)


class Context(OneState):
    inputs = ("x", "context")

    def input_sizes(self) -> dict[str, int]:
        return {"context": 5}

    def build(self, input_size: int, hidden_size: int) -> None:
        self.C = nn.Linear(5, hidden_size)

    def step(self, x, context, h):
        return (torch.tanh(self.W(x) + self.U(h) * self.C(context)),)


class UnequalStates(OneState):
    state = ("h", "memory", "level")

    def state_sizes(self) -> dict[str, int]:
        return {"memory": 2, "level": 1}

    def build(self, input_size: int, hidden_size: int) -> None:
        self.M = nn.Linear(hidden_size, 2)

    def step(self, x, h, memory, level):
        memory = memory * 0.5 + torch.tanh(self.M(h))
        level = torch.sigmoid(level + memory.sum(1, keepdim=True))
        return torch.tanh(self.W(x) + level * self.U(h)), memory, level


class Buffers(OneState):
    def build(self, input_size: int, hidden_size: int) -> None:
        self.register_buffer("scale", torch.randn(hidden_size))
        self.register_buffer("count", torch.tensor(3))

    def step(self, x, h):
        return (torch.tanh(self.W(x) + self.scale * self.U(h)) * self.count * 0.2,)


class PlainTensor(OneState):
    """A tensor that is neither parameter nor buffer."""

    def build(self, input_size: int, hidden_size: int) -> None:
        self.scale = torch.randn(hidden_size, dtype=torch.float64)

    def step(self, x, h):
        return (torch.tanh(self.W(x) + self.scale * self.U(h)),)


class Layers(OneState):
    """A small network in place of the recurrent matrix."""

    def build(self, input_size: int, hidden_size: int) -> None:
        first = nn.Linear(input_size + hidden_size, 7)
        self.net = nn.Sequential(first, nn.GELU(), nn.LayerNorm(7), nn.Linear(7, hidden_size), nn.Tanh())

    def step(self, x, h):
        return (self.net(torch.cat([x, h], 1)),)


class WeightNorm(OneState):
    def build(self, input_size: int, hidden_size: int) -> None:
        parametrizations.weight_norm(self.U)

    def step(self, x, h):
        return (torch.tanh(self.W(x) + self.U(h)),)


class SpectralNorm(WeightNorm):
    """In evaluation mode; in training mode every call changes a buffer."""

    def build(self, input_size: int, hidden_size: int) -> None:
        parametrizations.spectral_norm(self.U)
        self.eval()


class Tied(OneState):
    """The same parameter under two names, used twice."""

    def build(self, input_size: int, hidden_size: int) -> None:
        self.again = nn.Linear(hidden_size, hidden_size)
        self.again.weight = self.U.weight
        self.q = self.p

    def step(self, x, h):
        return (torch.tanh(self.W(x) + self.again(torch.tanh(self.U(h)) * self.p) + self.q * h),)


class BareTensor(OneState):
    """Returns a tensor rather than a tuple."""

    def step(self, x, h):
        return torch.tanh(self.W(x) + self.U(h))


class PassesThrough(OneState):
    state = ("h", "c")

    def step(self, x, h, c):
        return torch.tanh(self.W(x) + self.U(h) * c), c


class OutputPassesThrough(OneState):
    state = ("h", "c")

    def step(self, x, h, c):
        return h, torch.tanh(self.W(x) + self.U(c) * h)


class Swaps(OneState):
    state = ("h", "c")

    def step(self, x, h, c):
        return c, torch.tanh(self.W(x) + self.U(h) * c)


class SameTwice(OneState):
    state = ("h", "c")

    def step(self, x, h, c):
        new = torch.tanh(self.W(x) + self.U(h) + c)
        return new, new


class Keeps(OneState):
    def step(self, x, h):
        return (h,)


class Forgets(OneState):
    """The new state does not depend on the old."""

    def step(self, x, h):
        return (self.W(x),)


class IgnoresInput(OneState):
    def step(self, x, h):
        return (torch.tanh(self.U(h)),)


class ConstantState(OneState):
    state = ("h", "c")

    def step(self, x, h, c):
        return torch.tanh(self.W(x) + self.U(h) * c), torch.ones_like(c)


class ParameterState(OneState):
    state = ("h", "c")

    def step(self, x, h, c):
        return torch.tanh(self.W(x) + self.U(h) * c), self.p.sigmoid().expand_as(c)


class Nested(OneState):
    """Three products of a state, each inside the last."""

    def step(self, x, h):
        return (self.U(torch.tanh(self.U(torch.tanh(self.U(h) + self.W(x))))),)


class Detached(OneState):
    def step(self, x, h):
        return (torch.tanh(self.W(x) + self.U(h.detach()) + h * 0.1),)


def _subclasses(kind: type) -> list[type]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _subclasses(child))]


CELLS: list[type[OneState]] = [kind for kind in _subclasses(OneState) if kind is not OneState]


def cell_of(formula) -> OneState:
    """A cell (3 features, 4 units) whose new state is ``formula(cell, x, h)``."""
    kind = type("Formula", (OneState,), {"step": lambda self, x, h: (formula(self, x, h),)})
    return kind(3, 4)
