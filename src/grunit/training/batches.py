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
POOL = 50
"""Batches within which :meth:`Batches.bucketed` sorts: wide enough for near lengths, narrow enough to stay mixed."""


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
        lengths: steps ``(N,)`` of each sequence (default: ``data.lengths``, where there is such), for
            :meth:`bucketed`.

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
        lengths: Tensor | None = None,
    ):
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}: give a whole number of at least 1")
        self.take = _taker(data)
        self.tensors = data if isinstance(data, tuple) else getattr(data, "tensors", None)
        self.rows = len(data[0]) if isinstance(data, tuple) else len(data)
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed
        self.process, self.processes = process, processes
        self.lengths = getattr(data, "lengths", None) if lengths is None else lengths
        self.near = False

    def __len__(self) -> int:
        """Batches an epoch, of this process."""
        return self._batches() // self.processes

    def shared(self, process: int, processes: int) -> Batches:
        """The same batches as one of several processes sees them."""
        return self._changed(process=process, processes=processes)

    def bucketed(self) -> Batches:
        """The same rows, but a batch holds sequences of near lengths, so that little is padded.

        Within every :data:`POOL` batches of an epoch's order the rows are sorted by length and cut anew; the batches
        then come in an order of their own. Without ``shuffle`` rows are sorted by length once and for all.

        Raises:
            InputError: the data has no lengths.

        >>> lengths = torch.tensor([9, 1, 8, 2])
        >>> near = Batches((lengths,), 2, lengths=lengths).bucketed()
        >>> sorted(sorted(rows.tolist()) for rows, in near.epoch(0))
        [[1, 2], [8, 9]]
        """
        if self.lengths is None or len(self.lengths) != self.rows:
            raise InputError(
                "bucketing needs the length of every sequence, which this data does not tell: leave it out"
            )
        return self._changed(near=True)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number``, from batch ``start`` on."""
        cut = self._cuts(number)
        for index in range(start, len(self)):
            yield self.take(cut(index * self.processes + self.process))

    def _cuts(self, number: int) -> Callable[[int], Tensor]:
        """The rows of each batch of an epoch."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + number) % 2**63)
        order = torch.randperm(self.rows, generator=generator) if self.shuffle else torch.arange(self.rows)
        if not self.near:
            # One by one: cutting all of millions of rows takes seconds.
            return lambda index: order[index * self.batch_size : (index + 1) * self.batch_size]
        assert self.lengths is not None
        pools = order.split(POOL * self.batch_size if self.shuffle else self.rows)
        order = torch.cat([pool[torch.argsort(self.lengths[pool], stable=True)] for pool in pools])
        cuts = order.split(self.batch_size)
        if not self.shuffle:
            return cuts.__getitem__
        places = torch.randperm(len(cuts), generator=generator).tolist()
        return lambda index: cuts[places[index]]

    def _changed(self, **changes: Any) -> Batches:
        twin = object.__new__(Batches)
        twin.__dict__.update(self.__dict__, **changes)
        return twin

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
