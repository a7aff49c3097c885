"""Popularity that goes on after a fit: counts of the acts that have come since.

    n_i^h(t) = 2^(−(t − t_0) / τ_h) · n_i^h(t_0) + Σ_{acts since, t_k < t} 2^(−(t − t_k) / τ_h)

One person, one item, one time are one act, in however many events and pieces it came.

t_0 is the last point in time that the fit counted at. From then on points in time follow each other
at even steps, as far as the log reaches. What stands at one depends on the acts alone, not on the
order in which they came, so late ones count exactly: they are added to the points that are after
them. A new point goes on from the one before it, with the acts between the two alone.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import RLock

import numpy as np

from penchant.clock import DAY
from penchant.types import Bools, Doubles, Floats, Ints, Longs

_KEPT = 16  # points in time that are remembered
_COUNTED = 2  # of these, the latest, with their counts
_PIECES = 1000  # of acts, until they are put together
_BLOCK = 65_536  # acts, about, that stay together
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio

Row = Callable[[Floats, Longs, int], Floats]
"""Scores of all items [I] from counts [H × I], when each was first met [I] (µs), at a time (µs)."""


@dataclass
class _Block:
    """Acts that came after each other: rows of items and times (µs), and a number for each."""

    first: int = np.iinfo(np.int64).max
    last: int = np.iinfo(np.int64).min
    size: int = 0
    _pieces: list[tuple[Ints, Longs]] = field(init=False, repr=False, default_factory=list)
    _acts: set[int] | Longs = field(init=False, repr=False, default_factory=set)

    def known(self, act: Longs) -> Bools:
        """Which of some acts are here [N]."""
        if isinstance(self._acts, set):
            return np.array([one in self._acts for one in act.tolist()], bool)
        place = np.minimum(np.searchsorted(self._acts, act), len(self._acts) - 1)
        return np.asarray(self._acts[place] == act)

    def add(self, item: Longs, time: Longs, act: Longs) -> None:
        """More of them [N]."""
        assert isinstance(self._acts, set)
        self._acts.update(act.tolist())
        self._pieces.append((item.astype(np.int32), time))
        self.first, self.last = min(self.first, int(time.min())), max(self.last, int(time.max()))
        self.size += len(item)
        if len(self._pieces) > _PIECES or self.size >= _BLOCK:
            self._pieces = [self._joined()]
        if self.size >= _BLOCK:  # nothing comes any more: a set takes eight times the room
            self._acts = np.sort(np.fromiter(self._acts, np.int64, len(self._acts)))

    def within(self, since: int, until: int) -> tuple[Ints, Longs]:
        """Those from one time until before another."""
        item, time = self._joined()
        here = (since <= time) & (time < until)
        return item[here], time[here]

    def _joined(self) -> tuple[Ints, Longs]:
        item, time = zip(*self._pieces, strict=True)
        return np.concatenate(item), np.concatenate(time)


class Running:
    """half_lives τ in days; start t_0 (µs), counts [H × I] and first [I] (µs, see `newcomers`) as
    the fit left them; step (µs). Safe for threads."""

    def __init__(
        self, half_lives: Sequence[float], start: int, counts: Floats, first: Longs, step: int
    ) -> None:
        self.half_lives = np.asarray(half_lives, np.float64)
        self.start, self.step = start, step
        self._counts, self._first = counts, first.copy()
        self._latest = -1
        self._blocks: list[_Block] = []
        self._counted: dict[int, Doubles] = {}
        self._rows: OrderedDict[int, Floats] = OrderedDict()
        self._lock = RLock()

    def follow(self, item: Longs, time: Longs, people: Longs) -> None:
        """Take in events that came: rows of items, times (µs) and a number for each person [N]."""
        if not len(item):
            return
        act, rows = np.unique(_act(people, item, time), return_index=True)
        since, until = int(time.min()), int(time.max())
        with self._lock:
            for block in self._blocks:
                if since <= block.last and block.first <= until:
                    new = ~block.known(act)
                    act, rows = act[new], rows[new]
            if not len(act):
                return
            item, time = item[rows], time[rows]
            self._room(int(item.max()) + 1)
            np.minimum.at(self._first, item, time)
            self._latest = max(self._latest, int(time.max()))
            if not self._blocks or self._blocks[-1].size >= _BLOCK:
                self._blocks.append(_Block())
            self._blocks[-1].add(item, time, act)
            for point, counts in self._counted.items():
                before = time < point
                self._add(counts, item[before], time[before], point)
            for point in [p for p in self._rows if p > time.min()]:
                del self._rows[point]

    def point(self, at: int) -> int | None:
        """The last point not after a time, and not after the first one past the last event; None
        where that is before the fit's last, or nothing came since. Events that are older than that
        count from the first one behind it on."""
        if self._latest < 0:
            return None
        last = -(-(max(self._latest, self.start) + 1) // self.step) * self.step
        found = min(at // self.step * self.step, last)
        return found if found > self.start else None

    def at(self, point: int, n_items: int, row: Row) -> Floats:
        """Scores of all items at a point in time [I]."""
        with self._lock:
            known = self._rows.get(point)
            if known is None or len(known) != n_items:
                self._room(n_items)  # who asks may not know of the newest items
                counts = self._counts_at(point)[:, :n_items].astype(np.float32)
                known = row(counts, self._first[:n_items].copy(), point)
                self._rows[point] = known
                while len(self._rows) > _KEPT:
                    self._rows.popitem(last=False)
            return known

    def _room(self, n_items: int) -> None:
        """Room for items that came later."""
        more = n_items - len(self._first)
        if more > 0:
            never = np.full(more, np.iinfo(np.int64).max, np.int64)
            self._first = np.concatenate([self._first, never])
            self._counted = {p: _widened(n, n_items) for p, n in self._counted.items()}

    def _counts_at(self, point: int) -> Doubles:
        """Counts at a point in time [H × I]; those of the latest points are kept."""
        found = self._counted.get(point)
        if found is None:
            found = self._counted[point] = self._gone_on(point)
            if len(self._counted) > _COUNTED:
                del self._counted[min(self._counted)]
        return found

    def _gone_on(self, point: int) -> Doubles:
        """Counts at a point in time [H × I], from those at the point before it that is known."""
        before = max((p for p in self._counted if p < point), default=None)
        since = self.start if before is None else before
        known = self._counts if before is None else self._counted[before]
        found = _widened(known, len(self._first))
        found *= np.exp2((since - point) / (DAY * self.half_lives))[:, None]
        since = np.iinfo(np.int64).min if before is None else before
        for block in self._blocks:
            if since <= block.last and block.first < point:
                self._add(found, *block.within(since, point), point)
        return found

    def _add(self, counts: Doubles, item: Longs | Ints, time: Longs, point: int) -> None:
        """Add acts before a point in time to the counts there [H × I]."""
        age = (point - time) / DAY
        for own, half_life in zip(counts, self.half_lives, strict=True):
            np.add.at(own, item, np.exp2(-age / half_life))


def _act(people: Longs, item: Longs, time: Longs) -> Longs:
    """A number for each act [N]; of a billion, two share one by a chance of 1 in 37."""
    found = people.astype(np.uint64)
    for more in (item, time):
        found = (found ^ (found >> np.uint64(31))) * _SPREAD + more.astype(np.uint64)
    found = (found ^ (found >> np.uint64(29))) * _SPREAD
    return (found ^ (found >> np.uint64(32))).view(np.int64)


def _widened(counts: Doubles | Floats, n_items: int) -> Doubles:
    """A copy of counts [H × I], with zeros for items that came later."""
    found = np.zeros((len(counts), n_items))
    found[:, : counts.shape[1]] = counts
    return found
