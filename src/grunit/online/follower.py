"""What every model of a stream does: step, keep the question, learn when the answer is there, watch itself."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunit.errors import BundleError
from grunit.online.descent import Descent
from grunit.online.drift import DriftMonitor
from grunit.online.guard import RateGuard
from grunit.online.network import Network
from grunit.online.waiting import Question, WaitingRoom

Array = NDArray[Any]


class Follower:
    """A network that follows one stream.

    Args:
        network: fresh.
        lr, optimizer, clip: see :class:`~grunit.online.descent.Descent`.
        waiting: questions that may wait for their answer.

    Attributes:
        drift, guard: what watches the stream and the learning rate.
        answered: answers learned from.

    >>> follower = Follower(Network("gru", features=1, hidden_size=4))
    >>> question = follower.ask("first", np.array([0.5]))
    >>> follower.learn(question, np.array([0.1]), loss=0.1, error=0.1)
    ''
    """

    def __init__(
        self,
        network: Network,
        *,
        lr: float = 0.005,
        optimizer: str = "adam",
        clip: float | None = 1.0,
        waiting: int = 1000,
    ):
        self.network = network
        self.descent = Descent(network, optimizer, clip)
        self.guard = RateGuard(network, self.descent, lr)
        self.drift = DriftMonitor()
        self.room = WaitingRoom(waiting)
        self.answered = 0
        self._single = network.lookback == 1
        # States before, and inputs of, the last steps: what the gradient can look back on.
        self._states: deque[Array] = deque(maxlen=network.lookback)
        self._inputs: deque[Array] = deque(maxlen=network.lookback)

    def ask(self, key: Hashable, x: Array) -> Question:
        """One step on; the question waits for its answer.

        Args:
            key: that the answer will name; a later question of the same key is answered after this one.
            x: ``(F,)``, about 0 in the middle and 1 in spread.
        """
        x = x.astype(self.network.state.dtype)
        before = self.network.state.copy()
        output = self.network.step(x)
        if self._single:
            question = Question(key, before, x[None], output)
        else:
            self._states.append(before)
            self._inputs.append(x)
            question = Question(key, self._states[0], np.array(self._inputs), output)
        self.room.put(question)
        return question

    def output_now(self, question: Question) -> Array:
        """What the network would say today, ``(O,)``; must come right before :meth:`learn`."""
        return self.network.look_back(question.start, question.window)

    def learn(self, question: Question, gradient: Array | None, loss: float, error: float) -> str:
        """Learn from an answer.

        Args:
            question: whose ``output_now`` was just asked for (it is asked for here where ``gradient`` is all there is).
            gradient: of the loss by the output, ``(O,)``; None to only watch.
            loss: in units in which 1 is the spread of the target: what the guard watches.
            error: in units of the target: what the drift monitor watches.

        Returns:
            what there is to say about it: ``""`` nearly always.
        """
        self.answered += 1
        said = self.guard.update(loss)
        if gradient is not None and math.isfinite(loss):
            if not self.network.has_looked:
                self.output_now(question)
            self.network.backward(gradient)
            if not self.descent.step(self.guard.rate):
                said = said or self.guard.update(math.nan)
        if math.isfinite(error):
            found = self.drift.update(error)
            said = f"{said}; {found}" if said and found else said or found
        return said

    def reset(self) -> None:
        """A new stream begins: state and waiting questions are forgotten, what was learned stays."""
        self.network.reset()
        self._states.clear()
        self._inputs.clear()
        self.room = WaitingRoom(self.room.limit)

    # -- snapshots --

    def to_json(self) -> dict[str, Any]:
        """All numbers beside the arrays."""
        return {
            "answered": self.answered,
            "steps": self.descent.count,
            "kept": len(self._states),
            "guard": self.guard.to_json(),
            "drift": self.drift.to_json(),
            "room": self.room.to_json(),
        }

    def arrays(self) -> dict[str, Array]:
        """Parameters, moments, state, the last steps and the questions that wait."""
        found = {
            "weights": self.network.weights,
            "moments": self.descent.moments,
            "state": self.network.state,
        }
        if self._states:
            found |= {"last.states": np.stack(self._states), "last.inputs": np.stack(self._inputs)}
        found |= {f"guard.{name}": value for name, value in self.guard.arrays().items()}
        return found | {f"room.{name}": value for name, value in self.room.arrays().items()}

    def restore(self, data: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take back what :meth:`to_json` and :meth:`arrays` gave.

        Raises:
            BundleError: the arrays are of another network.
        """
        if arrays["weights"].shape != self.network.weights.shape:
            raise BundleError(
                f"the model holds {len(arrays['weights'])} parameters where its settings make "
                f"{len(self.network.weights)}: copy the model again"
            )
        self.network.weights[:] = arrays["weights"]
        self.network.state[:] = arrays["state"]
        self.descent.moments[:] = arrays["moments"]
        self.descent.count, self.answered = data["steps"], data["answered"]
        self._states.clear()
        self._inputs.clear()
        if data["kept"]:
            self._states.extend(arrays["last.states"].copy())
            self._inputs.extend(arrays["last.inputs"].copy())
        self.guard.restore(data["guard"], _under(arrays, "guard."))
        self.drift = DriftMonitor.from_json(data["drift"])
        self.room = WaitingRoom.from_json(data["room"], _under(arrays, "room."))
        self.network.refresh()


def _under(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
