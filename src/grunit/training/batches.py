"""Batches whose order follows from the seed and the epoch alone, so that training can go on from any batch."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from grunit.errors import InputError

Batch = tuple[Tensor, ...]


class Batches:
    """A data set cut into batches, in a new order every epoch.

    Args:
        data: tensors of equal length ``(N, ...)``, or anything with ``len`` and ``take(rows)`` that answers a tuple
            of tensors for a tensor of row numbers, or a torch ``Dataset`` of tuples.
        batch_size: rows a batch; the last one may be smaller.
        shuffle: a new order every epoch (default) or the order of the data.
        seed: the order is a function of this and the epoch.
        process, processes: of several processes, this one takes every ``processes``-th batch; batches that do not
            fill a round are left out, so that all take equally many steps.

    >>> batches = Batches((torch.arange(5),), batch_size=2, shuffle=False)
    >>> [rows.tolist() for rows, in batches.epoch(0)]
    [[0, 1], [2, 3], [4]]
    >>> [rows.tolist() for rows, in batches.epoch(0, start=2)]
    [[4]]
    """

    def __init__(
        self,
        data: Any,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        process: int = 0,
        processes: int = 1,
    ):
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}: give a whole number of at least 1")
        self.take = _taker(data)
        self.tensors = data if isinstance(data, tuple) else getattr(data, "tensors", None)
        self.rows = len(data[0]) if isinstance(data, tuple) else len(data)
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed
        self.process, self.processes = process, processes

    def __len__(self) -> int:
        """Batches an epoch, of this process."""
        return self._batches() // self.processes

    def shared(self, process: int, processes: int) -> Batches:
        """The same batches as one of several processes sees them."""
        twin = object.__new__(Batches)
        twin.__dict__.update(self.__dict__, process=process, processes=processes)
        return twin

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number``, from batch ``start`` on."""
        if self.shuffle:
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + number) % 2**63)
            order = torch.randperm(self.rows, generator=generator)
        else:
            order = torch.arange(self.rows)
        for index in range(start, len(self)):
            first = (index * self.processes + self.process) * self.batch_size
            yield self.take(order[first : first + self.batch_size])

    @cached_property
    def checksum(self) -> int | None:
        """A number that other data very probably does not have; None where the data cannot say."""
        if self.tensors is None:
            return None
        number = 0
        for tensor in self.tensors:
            number = zlib.crc32(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy(), number)
        return number

    def _batches(self) -> int:
        return -(-self.rows // self.batch_size)


def _taker(data: Any) -> Callable[[Tensor], Batch]:
    if hasattr(data, "take"):
        return data.take
    if isinstance(data, tuple):
        tensors: Sequence[Tensor] = data
        return lambda rows: tuple(tensor[rows] for tensor in tensors)
    from torch.utils.data import default_collate

    return lambda rows: tuple(default_collate([data[row] for row in rows.tolist()]))
