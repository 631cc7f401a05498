"""Texts continued: token by token with chance, or by a search for the most probable continuation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from grunit.tasks.language_model_network import LanguageNetwork
from grunit.tasks.language_model_sampling import Sampling, draw
from grunit.tasks.language_model_state import LanguageState, take_rows


@torch.no_grad()
def sample_tokens(
    network: LanguageNetwork,
    state: LanguageState,
    count: int,
    sampling: Sampling,
    *,
    seed: int | None,
    banned: Sequence[int],
    end: int | None,
) -> Iterator[LanguageState]:
    """The state after every token; each row has one more token than before, until it ends.

    Args:
        network: in evaluation mode.
        state: what was read so far.
        count: tokens at most.
        sampling: how each is chosen.
        seed: row r draws with ``seed + r``; None to go on with the state's own draws.
        banned: tokens never chosen.
        end: the token after which a row is done, or None.
    """
    generators = [_generator(seed, row, past) for row, past in enumerate(state.draws)]
    active = list(range(len(state)))
    for _ in range(count):
        device = state.core[0].device
        rows = torch.tensor(active, device=device)
        last = torch.tensor([state.tokens[row][-1] for row in active], device=device)
        found, core = network.step(last, take_rows(state.core, rows))
        found = sampling.penalize(forbid(found, banned), [state.tokens[row] for row in active], end)
        numbers = [torch.rand((), dtype=torch.float64, generator=generators[row]) for row in active]
        chosen = draw(sampling.probabilities(found), torch.stack(numbers).to(found)).tolist()
        tokens, new = list(state.tokens), dict(zip(active, chosen, strict=True))
        for row, token in new.items():
            tokens[row] = (*tokens[row], token)
        parts = zip(state.core, core, strict=True)
        state = replace(
            state,
            core=core if len(active) == len(state) else tuple(old.index_copy(1, rows, now) for old, now in parts),
            tokens=tuple(tokens),
            draws=tuple(generators[row].get_state() if row in new else past for row, past in enumerate(state.draws)),
        )
        yield state
        active = [row for row in active if new[row] != end]
        if not active:
            return


def forbid(found: Tensor, banned: Sequence[int]) -> Tensor:
    """Log probabilities with some tokens impossible."""
    return found.index_fill(-1, torch.tensor(list(banned), dtype=torch.long, device=found.device), -math.inf)


def _generator(seed: int | None, row: int, past: Tensor | None) -> torch.Generator:
    generator = torch.Generator()
    if seed is None and past is not None:
        generator.set_state(past)
    else:
        generator.manual_seed((seed or 0) + row)
    return generator


@torch.no_grad()
def search_beams(
    network: LanguageNetwork,
    state: LanguageState,
    count: int,
    num_beams: int,
    *,
    length_penalty: float,
    sampling: Sampling,
    banned: Sequence[int],
    end: int | None,
) -> LanguageState:
    """The state after the best continuation that was found for each row.

    Args:
        network, state, banned, end: see :func:`sample_tokens`.
        count: tokens at most.
        num_beams: unfinished continuations kept at every step.
        length_penalty: a continuation of n tokens is worth its log probability divided by ``n ** length_penalty``.
        sampling: its repetition penalty counts, its other arguments do not.
    """
    if not count:
        return state
    searches = [RowSearch(tokens, count, num_beams, length_penalty, end) for tokens in state.tokens]
    core, owners = state.core, list(range(len(state)))
    for _ in range(count):
        beams = [beam for search in searches for beam in search.beams]
        if not beams:
            break
        last = torch.tensor([beam[0][-1] for beam in beams], device=core[0].device)
        found, core = network.step(last, take_rows(core, torch.tensor(owners, device=last.device)))
        found = sampling.penalize(forbid(found, banned), [beam[0] for beam in beams], end)
        owners, first = [], 0
        for search in searches:
            width = len(search.beams)
            if width:
                kept = search.extend(
                    found[first : first + width].cpu(), [part[:, first : first + width] for part in core]
                )
                owners.extend(first + beam for beam in kept)
            first += width
    first = 0
    for search in searches:
        for beam in search.beams:  # stopped by the count: the state is the one its last token was chosen from
            search.finish(*beam, [part[:, owners[first] : owners[first] + 1] for part in core])
            first += 1
    best = [search.best() for search in searches]
    parts = [torch.cat([one[2][index] for one in best], 1) for index in range(len(core))]
    return replace(state, core=tuple(parts), tokens=tuple(one[1] for one in best))


class RowSearch:
    """The continuations of one text: those that still grow, and the best that came to an end.

    Args:
        tokens: the text so far.
        count: tokens at most.
        num_beams, length_penalty, end: see :func:`search_beams`.
    """

    def __init__(self, tokens: tuple[int, ...], count: int, num_beams: int, length_penalty: float, end: int | None):
        self.start, self.count, self.num_beams = len(tokens), count, num_beams
        self.length_penalty, self.end = length_penalty, end
        self.beams: list[tuple[tuple[int, ...], float]] = [(tokens, 0.0)]
        self.finished: list[tuple[float, tuple[int, ...], list[Tensor]]] = []

    def extend(self, found: Tensor, core: Sequence[Tensor]) -> list[int]:
        """One more token: which of the beams each of the new ones grew from.

        Args:
            found: log probabilities ``(beams, V)``.
            core: states of the beams after their last token, ``(layers, beams, H)`` each.
        """
        totals = found.double() + torch.tensor([score for _, score in self.beams]).double().unsqueeze(1)
        size = totals.shape[1]
        # Of twice as many at least half go on, since a beam ends in one way only.
        values, places = totals.flatten().topk(min(2 * self.num_beams, totals.numel()))
        grown: list[tuple[tuple[int, ...], float]] = []
        parents: list[int] = []
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            beam, token = divmod(place, size)
            if value == -math.inf or len(grown) == self.num_beams:
                break
            tokens = (*self.beams[beam][0], token)
            if token == self.end:
                self.finish(tokens, value, [part[:, beam : beam + 1] for part in core])
            else:
                grown.append((tokens, value))
                parents.append(beam)
        if grown and self._settled(max(score for _, score in grown)):
            grown, parents = [], []
        self.beams = grown
        return parents

    def finish(self, tokens: tuple[int, ...], score: float, core: Sequence[Tensor]) -> None:
        """A continuation came to its end."""
        worth = score / (len(tokens) - self.start) ** self.length_penalty
        self.finished.append((worth, tokens, list(core)))
        self.finished = sorted(self.finished, key=lambda one: -one[0])[: self.num_beams]

    def best(self) -> tuple[float, tuple[int, ...], list[Tensor]]:
        """The continuation that is worth most: its worth, its tokens, and the state before the last of them."""
        return self.finished[0]

    def _settled(self, score: float) -> bool:
        """Whether nothing that still grows can be worth more than what is finished."""
        # No token adds to a log probability, and no length divides it by more than the longest does.
        return bool(self.finished) and self.finished[0][0] >= score / self.count ** max(self.length_penalty, 0.0)
