"""Beam search beside the same model as a plain program of ``torch.nn`` layers."""

from __future__ import annotations

import statistics
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.settings import say
from grunit import Translator
from grunit.tasks.token_rows import TokenRows
from grunit.tasks.translation_answers import BLOCK

PAD, START, END = 0, 2, 3


class PlainTranslator(nn.Module):
    """The encoder-decoder of a tutorial: GRU both ways, general attention, beams of a batch side by side."""

    def __init__(self, sources: int, targets: int, size: int, width: int):
        super().__init__()
        self.source, self.target = nn.Embedding(sources, width), nn.Embedding(targets, width)
        self.encoder = nn.GRU(width, size, bidirectional=True, batch_first=True)
        self.bridge = nn.Linear(2 * size, size)
        self.decoder = nn.GRU(width, size, batch_first=True)
        self.keys = nn.Linear(2 * size, size, bias=False)
        self.readout = nn.Linear(3 * size, width)
        self.output = nn.Linear(width, targets)

    @torch.no_grad()
    def search(self, source: Tensor, lengths: Tensor, beams: int, limits: Tensor) -> list[list[int]]:
        """The best translation of each row; sources come longest first."""
        rows, steps = source.shape
        packed = pack_padded_sequence(self.source(source), lengths, batch_first=True)
        memory, ends = self.encoder(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True)
        hidden = torch.tanh(self.bridge(torch.cat([ends[0], ends[1]], 1))).unsqueeze(0)
        hidden = hidden.repeat_interleave(beams, 1)
        memory = memory.repeat_interleave(beams, 0)
        keys = self.keys(memory).transpose(1, 2)
        hole = (torch.arange(steps) >= lengths.unsqueeze(1)).repeat_interleave(beams, 0).unsqueeze(1)
        scores = torch.full((rows, beams), -torch.inf)
        scores[:, 0] = 0
        written = torch.full((rows * beams, 1), START)
        found: list[list[tuple[float, list[int]]]] = [[] for _ in range(rows)]
        first = torch.arange(rows).unsqueeze(1) * beams
        for length in range(int(limits.max()) + 1):
            output, hidden = self.decoder(self.target(written[:, -1:]), hidden)
            weights = torch.softmax((output @ keys).masked_fill(hole, -torch.inf), -1)
            readout = torch.tanh(self.readout(torch.cat([output, weights @ memory], -1)))
            logs = torch.log_softmax(self.output(readout).squeeze(1), -1)
            logs[:, [PAD, START]] = -torch.inf
            totals = scores.unsqueeze(-1) + logs.view(rows, beams, -1)
            over, vocabulary = (limits <= length).tolist(), totals.shape[-1]
            ended = totals[:, :, END]
            best, places = totals.view(rows, -1).topk(2 * beams)
            origin, tokens = places // vocabulary, places % vocabulary
            penalty = (5 + length + 1) / 6
            for row in range(rows):
                if len(found[row]) >= beams or (length and length > int(limits[row])):
                    continue
                closing = (
                    range(beams)
                    if over[row]
                    else [int(origin[row, rank]) for rank in range(beams) if tokens[row, rank] == END]
                )
                for beam in closing:
                    total = float(ended[row, beam])
                    if total > -torch.inf:
                        found[row].append((total / penalty, written[row * beams + beam, 1:].tolist()))
                if over[row]:
                    found[row] += [(-torch.inf, [])] * beams
            if all(len(one) >= beams for one in found):
                break
            scores, order = best.masked_fill(tokens == END, -torch.inf).topk(beams)
            origin, tokens = origin.gather(1, order), tokens.gather(1, order)
            came = (first + origin).flatten()
            written = torch.cat([written[came], tokens.view(-1, 1)], 1)
            hidden = hidden[:, came]
        return [max(one, key=lambda pair: pair[0])[1] for one in found]


def copy_weights(model: Translator) -> PlainTranslator:
    """The plain program with the weights of a translator of one layer of GRU and multiplicative attention."""
    network = model.model_
    given = network.state_dict()
    plain = PlainTranslator(
        len(model.source_.vocabulary), len(model.target_.vocabulary), model.hidden_size, model.embedding_size
    )
    names = {
        "source": "embedding",
        "bridge": "bridge.0",
        "target": "decoder.embedding",
        "readout": "decoder.readout",
        "keys": "decoder.attention.from_memory",
        "output": "decoder.output",
    }
    state = {
        f"{ours}.{part}": given[f"{theirs}.{part}"]
        for ours, theirs in names.items()
        for part in ("weight", "bias")
        if f"{theirs}.{part}" in given
    }
    for layer, cell, ending in (
        ("encoder", "encoder.cells.0", "l0"),
        ("encoder", "encoder.cells.1", "l0_reverse"),
        ("decoder", "decoder.core.cells.0", "l0"),
    ):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            state[f"{layer}.{part}_{ending}"] = given[f"{cell}.{part}"]
    plain.load_state_dict(state)
    return plain.eval()


def translate_plainly(plain: PlainTranslator, model: Translator, texts: list[str], beams: int) -> list[str]:
    """All texts through the plain program, in batches of like length as ours are."""
    rows, answers = TokenRows([model.source_.encode(text) for text in texts]), [""] * len(texts)
    for part in torch.argsort(rows.lengths, stable=True).split(BLOCK):
        part = part.flip(0)
        source, lengths = rows.take(part)
        for row, ids in zip(part.tolist(), plain.search(source, lengths, beams, 2 * lengths + 10), strict=True):
            answers[row] = model.target_.decode(ids)
    return answers


def measure_speed(model: Translator, texts: list[str], beams: int = 5, rounds: int = 3) -> dict[str, Any]:
    """Sentences a second of both, in turn, and how many translations are the same."""
    plain = copy_weights(model)
    calls = {
        "grunit": lambda: model.translate(texts, num_beams=beams, exact=False, replace_unknown=False),
        "plain torch.nn": lambda: translate_plainly(plain, model, texts, beams),
        "grunit, exact": lambda: model.translate(texts, num_beams=beams, replace_unknown=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    answers: dict[str, list[str]] = {}
    for call in calls.values():  # what is compiled or allocated at first is not counted
        call()
    for number in range(rounds):
        for name, call in calls.items() if number % 2 == 0 else reversed(calls.items()):
            begun = time.perf_counter()
            answers[name] = call()
            seconds[name].append(time.perf_counter() - begun)
    say("  " + ", ".join(f"{name} {statistics.median(times):.1f} s" for name, times in seconds.items()))
    same = sum(one == two for one, two in zip(answers["grunit"], answers["plain torch.nn"], strict=True))
    return {
        "sentences": len(texts),
        "beams": beams,
        "batch": BLOCK,
        "seconds": seconds,
        "sentences a second": {name: len(texts) / statistics.median(times) for name, times in seconds.items()},
        "same translations": same,
        "same as exact": sum(one == two for one, two in zip(answers["grunit"], answers["grunit, exact"], strict=True)),
    }
