"""What a language model does with a prompt: read it, write on, piece by piece or all at once."""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from typing import Any

import torch

from grunit.data.text import PADDING, UNKNOWN, TextEncoder
from grunit.errors import DataError, InputError
from grunit.nn.options import check_size
from grunit.tasks.estimator import Estimator
from grunit.tasks.language_model_arguments import END, check_count
from grunit.tasks.language_model_generation import sample_tokens, search_beams
from grunit.tasks.language_model_network import LanguageNetwork
from grunit.tasks.language_model_sampling import Sampling
from grunit.tasks.language_model_state import LanguageState, open_state, read_tokens
from grunit.tasks.language_model_words import WordWriter

NEAR = 16
"""Tokens before a place on which it can depend how tokens are joined there."""


class TextWriter(Estimator):
    """The part of a language model that needs no training text, only what was learnt of it.

    Attributes:
        encoder_: text to numbers and back.
        model_: the network.
        ends_: whether texts, or lines, have a token at their end.
        lines_: whether that token is a line's end, after which the text goes on.
    """

    encoder_: TextEncoder
    model_: LanguageNetwork
    ends_: bool
    lines_: bool

    @property
    def end(self) -> int | None:
        """The token behind every text or line, None where texts have no end."""
        return self.encoder_.vocabulary.numbers[END] if self.ends_ else None

    @property
    def stop(self) -> int | None:
        """The token after which nothing is written: the end of a text of a list."""
        return None if self.lines_ else self.end

    @property
    def opening(self) -> int:
        """The token before the first: an end, a line's end, or else the most frequent one."""
        if self.end is not None:
            return self.end
        known = self.encoder_.vocabulary
        # Byte pieces write a line's end as the sign they have for that byte.
        return known.numbers.get("\n", known.numbers.get("\u010a", known.specials))

    def network(self) -> LanguageNetwork:
        """The network in double precision, to be changed as one likes."""
        return copy.deepcopy(self.model_).double().eval()

    def read(self, prompt: str | Sequence[str] = "", state: LanguageState | None = None) -> LanguageState:
        """What the model knows after reading a prompt, or a list of them: to be kept, and to be gone on from.

        Args:
            prompt: what to read; of a list each row by itself.
            state: what was read before; None for nothing.

        Raises:
            NotFittedError: before ``fit``.
            DataError: the prompt is no text.
            InputError: the state is of another number of texts.
        """
        self.check_fitted()
        return self._read(self.network(), prompt, state)

    def generate(
        self,
        prompt: str | Sequence[str] = "",
        max_new_tokens: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        num_beams: int = 1,
        length_penalty: float = 1.0,
        repetition_penalty: float = 1.0,
        seed: int | None = None,
        state: LanguageState | None = None,
        return_state: bool = False,
    ) -> Any:
        """What follows a prompt, or each of a list of prompts.

        Args:
            prompt: what was written so far; it is not repeated in the answer.
            max_new_tokens: tokens to write at most; where texts have an end, fewer.
            temperature, top_k, top_p, repetition_penalty: see
                :class:`~grunit.tasks.language_model_sampling.Sampling`. Padding and unknown tokens are never written.
            num_beams: above 1 nothing is drawn: of so many continuations at a time the most probable go on, and the
                best of all is the answer.
            length_penalty: of beams: a continuation of n tokens is worth its log probability over ``n`` to this power.
            seed: of what is drawn: prompt r of a list draws as it does alone with ``seed + r``. None (default) goes on
                with the draws of ``state``, and is 0 without one.
            state: what was read before the prompt, of :meth:`read` or of an earlier call.
            return_state: also answer the state after the continuation.

        Returns:
            the continuation, or a list of them; with ``return_state`` also a :class:`LanguageState`.

        Raises:
            NotFittedError: before ``fit``.
            InputError: an argument.
        """
        self.check_fitted()
        sampling = Sampling(temperature, top_k, top_p, repetition_penalty)
        network = self.network()
        before = self._read(network, prompt, state)
        count = check_count(max_new_tokens)
        if num_beams == 1:
            steps = sample_tokens(network, before, count, sampling, seed=seed, banned=self._banned, end=self.stop)
            *_, after = before, *steps
        else:
            if (temperature, top_k, top_p) != (1.0, None, None):
                raise InputError("beams draw nothing: leave temperature, top_k and top_p out, or set num_beams=1")
            beams = check_size("num_beams", num_beams)
            options: dict[str, Any] = {"length_penalty": length_penalty, "banned": self._banned, "end": self.stop}
            after = search_beams(network, before, count, beams, sampling=sampling, **options)
        written = [self._written(*pair) for pair in zip(before.tokens, after.tokens, strict=True)]
        answer = written[0] if before.single else written
        return (answer, after) if return_state else answer

    def stream(
        self,
        prompt: str = "",
        max_new_tokens: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float = 1.0,
        seed: int | None = None,
        state: LanguageState | None = None,
    ) -> Generator[str, None, LanguageState]:
        """The same text as :meth:`generate` gives, piece by piece as it is written; arguments as there.

        The state after the last piece is what the generator returns (``StopIteration.value``).
        """
        self.check_fitted()
        if not isinstance(prompt, str):
            raise InputError("stream writes one text: give one prompt, or use generate for a list")
        sampling = Sampling(temperature, top_k, top_p, repetition_penalty)
        network, count = self.network(), check_count(max_new_tokens)
        before = self._read(network, prompt, state)
        if len(before) != 1:
            raise InputError(f"stream writes one text, and the state is of {len(before)}: use generate")
        return self._pieces(network, before, count, sampling, seed)

    def _pieces(
        self, network: LanguageNetwork, before: LanguageState, count: int, sampling: Sampling, seed: int | None
    ) -> Generator[str, None, LanguageState]:
        after, told, held = before, before.tokens[0], ""
        words = self._words(told) if self.encoder_.unit == "word" else None
        for after in sample_tokens(network, before, count, sampling, seed=seed, banned=self._banned, end=self.stop):
            tokens = after.tokens[0]
            held = self._written(told, tokens) if words is None else held + words.add(tokens[-1])
            # A character of several byte pieces is held back until it is whole.
            if held and not held.endswith("\ufffd"):
                yield held
                told, held = tokens, ""
        if held:
            yield held
        return after

    def _read(self, network: LanguageNetwork, prompt: Any, state: LanguageState | None) -> LanguageState:
        single = isinstance(prompt, str)
        if not single and not isinstance(prompt, (list, tuple)):
            raise DataError(f"prompt is {prompt!r}: give a text, or a list of texts")
        prompts = [prompt] if single else list(prompt)
        if not prompts:
            raise DataError("there is no prompt: give a text, or a list of texts")
        if state is None:
            state = open_state(network, self.opening, len(prompts), single)
        elif single and prompt == "":
            prompts = [""] * len(state)
        with torch.no_grad():
            return read_tokens(network, state, [self._encode_prompt(one) for one in prompts])

    def _encode_prompt(self, prompt: str) -> list[int]:
        if not self.lines_ or not isinstance(prompt, str) or "\n" not in prompt:
            return self.encoder_.encode(prompt)
        assert self.end is not None
        first, *others = (self.encoder_.encode(line) for line in prompt.split("\n"))
        return [*first, *(token for line in others for token in (self.end, *line))]

    def _written(self, before: Sequence[int], after: Sequence[int]) -> str:
        """What stands in ``after`` behind ``before``, as it reads there."""
        # How tokens are joined depends on their neighbours alone, so the last few of the old ones are enough, but for
        # words, where a quotation mark depends on the one that opened it, perhaps at the beginning of the line.
        if self.encoder_.unit == "word":
            return "".join(map(self._words(before).add, after[len(before) :]))
        near = max(1, len(before) - NEAR)
        old, new = self._text(before[near:]), self._text(after[near:])
        return new[len(old) :] if new.startswith(old) else self._text(after[len(before) :])

    def _words(self, before: Sequence[int]) -> WordWriter:
        """What writes on behind ``before``, whose first token is what stands before the text."""
        writer = WordWriter(self.encoder_, self.lines_)
        for token in before[1:]:
            writer.add(token)
        return writer

    def _text(self, tokens: Sequence[int]) -> str:
        if not self.lines_:
            return self.encoder_.decode(tokens)
        lines: list[list[int]] = [[]]
        for token in tokens:
            if token == self.end:
                lines.append([])
            else:
                lines[-1].append(token)
        return "\n".join(self.encoder_.decode(line) for line in lines)

    @property
    def _banned(self) -> list[int]:
        return [PADDING, UNKNOWN, *([] if self.ends_ else [self.encoder_.vocabulary.numbers[END]])]
