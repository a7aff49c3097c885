"""Sequences for sequence models: a few events of each user, padded little, in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from penchant.data.augment import AugmentConfig, augment
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.types import Bools, Floats, Ints, Longs

T_ = TypeVar("T_", bound=np.generic)
_FEWEST = 8  # sequences of a batch
NOBODY, OPEN = -1, -2
"""In place of an item: there is no event; there is one, and what it is is hidden."""


@dataclass(frozen=True)
class Sequences:
    """Batches' raw material, right-aligned: the latest event stands last.

    item [B × T] (rows; −1 where there is none), sign [B × T] (signed strength), came [B × T] (µs:
    when each event was), when [B × T] (µs: the time that is asked about from there), target [B × T]
    (row of the item that came then; −1 where nothing is to be learned).
    """

    item: Ints
    sign: Floats
    came: Longs
    when: Longs
    target: Ints

    def __len__(self) -> int:
        return len(self.item)


def asked(moments: Moments, length: int) -> Sequences:
    """The last events of each moment; from the latest, the time of asking is asked about. Where
    none of them speaks for its item there is nothing to go on from, and none is told.
    """
    B = len(moments)
    index, there = _last(moments.offsets, length)
    sign = np.where(there, moments.weight[index] if len(moments.item) else 0.0, 0.0)
    there &= (sign > 0).any(axis=1, keepdims=True)
    item = np.where(there, moments.item[index] if len(moments.item) else 0, -1).astype(np.int32)
    came = np.where(there, moments.time[index] if len(moments.item) else 0, 0)
    when = np.concatenate([came[:, 1:], moments.at[:, None]], axis=1)
    sign = np.where(there, sign, 0.0)
    nothing = np.full((B, item.shape[1]), -1, np.int32)
    return Sequences(item, sign.astype(np.float32), came, when, nothing)


def _last(offsets: Longs, length: int) -> tuple[Longs, Bools]:
    """Positions of the last events of each row [B × T], and which of them exist."""
    size = np.diff(offsets)
    T = int(max(1, min(length, size.max(initial=1))))
    index = offsets[1:, None] - np.arange(T, 0, -1)[None, :]
    there = index >= offsets[:-1, None]
    return np.where(there, index, 0), there


class Sequencer:
    """Cuts a log into training sequences and serves them in batches of like length."""

    def __init__(self, log: Histories, length: int, *, repeats: bool) -> None:
        self.log, self.length = log, length
        self.starts, self.ends = _windows(log.offsets, length)
        self.ok = log.askable(repeats=repeats)

    def __len__(self) -> int:
        return len(self.starts)

    def groups(self, events: int, rng: np.random.Generator) -> Iterator[Longs]:
        """All windows once, as groups of like length with about so many events, in any order.

        A group has at most twice as many places, or eight sequences: where few are short, long ones
        follow them.
        """
        size = self.ends - self.starts
        near = size + rng.random(len(size)) * np.maximum(2.0, 0.3 * size)
        order = np.argsort(near, kind="stable")
        groups, begin = [], 0
        while begin < len(order):
            some = order[begin : begin + max(_FEWEST, events // max(int(size[order[begin]]), 1))]
            places = np.maximum.accumulate(size[some]) * np.arange(1, len(some) + 1)
            rows = max(_FEWEST, int(np.searchsorted(places, 2 * events, side="right")))
            groups.append(some[:rows])
            begin += rows
        for g in rng.permutation(len(groups)):
            yield groups[g]

    def of(self, windows: Longs) -> Sequences:
        """The sequences of some windows: each event is to say the next one."""
        starts, ends = self.starts[windows], self.ends[windows]
        T = int((ends - starts).max(initial=1)) - 1
        T = max(T, 1)
        index = ends[:, None] - 1 - np.arange(T, 0, -1)[None, :]
        there = index >= starts[:, None]
        index = np.where(there, index, 0)
        nxt = np.minimum(index + 1, len(self.log) - 1)
        log = self.log
        return Sequences(
            np.where(there, log.item[index], -1).astype(np.int32),
            np.where(there, log.weight[index], 0.0).astype(np.float32),
            log.time[index],
            log.time[nxt],
            np.where(there & self.ok[nxt], log.item[nxt], -1).astype(np.int32),
        )


def augmented(
    batch: Sequences, config: AugmentConfig, draw: np.random.Generator, similar: Ints | None
) -> Sequences:
    """The batch with some of its sequences changed; what could not be a target does not become one.

    The item to be said last is a part of the sequence that is changed. Augmentation works on
    sequences that begin at the left, so each is moved there and back.
    """
    if not config.changes:
        return batch
    B, T = batch.item.shape
    told = batch.target[:, -1] >= 0
    whole = np.concatenate([batch.item, batch.target[:, -1:]], axis=1)
    sign = np.concatenate([batch.sign, np.ones((B, 1), np.float32)], axis=1)
    came = np.concatenate([batch.came, batch.when[:, -1:]], axis=1)
    ok = np.concatenate([np.zeros((B, 1), bool), batch.target >= 0], axis=1)
    first, end = (whole[:, :T] < 0).sum(axis=1), T + told
    made = augment(
        _rolled(whole, first), end - first, config, draw, pad=NOBODY, mask=OPEN, similar=similar
    )
    back = made.length - end
    place = np.arange(T + 1)
    inside = (place >= -back[:, None]) & (place < end[:, None])
    source = np.minimum(_rolled(made.source, back) + first[:, None], T)
    item = np.where(inside, _rolled(made.item, back), NOBODY).astype(np.int32)
    good = inside & (item >= 0) & ~_rolled(made.fresh, back) & np.take_along_axis(ok, source, 1)
    empty = place < -back[:, None]
    came = np.where(empty, np.iinfo(np.int64).min, np.take_along_axis(came, source, 1))
    came = np.where(empty, 0, np.sort(came, axis=1))  # items are moved, times stay
    return Sequences(
        item[:, :-1],
        np.where(inside, np.take_along_axis(sign, source, 1), 0)[:, :-1].astype(np.float32),
        came[:, :-1],
        came[:, 1:],
        np.where(good & np.roll(inside, 1, axis=1), item, NOBODY)[:, 1:].astype(np.int32),
    )


def _rolled(rows: npt.NDArray[T_], by: Longs) -> npt.NDArray[T_]:
    """Each row rolled to the left by its own number of places."""
    n = rows.shape[1]
    return np.take_along_axis(rows, (np.arange(n)[None, :] + by[:, None]) % n, axis=1)


def _windows(offsets: Longs, length: int) -> tuple[Longs, Longs]:
    """Windows of at most length + 1 events that cover each user with two or more events."""
    starts, ends = [], []
    for shift in range(0, max(1, int(np.diff(offsets).max(initial=0))), length):
        end = offsets[1:] - shift
        start = np.maximum(offsets[:-1], end - length - 1)
        some = end - start >= 2
        starts.append(start[some])
        ends.append(end[some])
    return np.concatenate(starts), np.concatenate(ends)
