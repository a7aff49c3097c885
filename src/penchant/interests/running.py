"""Popularity that goes on after a fit: counts of the events that have come since.

    n_i^h(t) = 2^(−(t − t_0) / τ_h) · n_i^h(t_0) + Σ_{came since, t_k < t} 2^(−(t − t_k) / τ_h)

t_0 is the last point in time that the fit counted at. From then on points in time follow each other
at even steps, as far as the log reaches. What stands at one depends on the events alone, not on the
order in which they came, so late ones count exactly.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import RLock

import numpy as np

from penchant.clock import DAY
from penchant.types import Floats, Longs

_KEPT = 16  # points in time that are remembered
_PIECES = 1000  # of events, until they are put together

Row = Callable[[Floats, Longs, int], Floats]
"""Scores of all items [I] from counts [H × I], when each was first met [I] (µs), at a time (µs)."""


class Running:
    """half_lives τ in days; start t_0 (µs), counts [H × I] and first [I] (µs, see `newcomers`) as
    the fit left them; step (µs). Safe for threads."""

    def __init__(
        self, half_lives: Sequence[float], start: int, counts: Floats, first: Longs, step: int
    ) -> None:
        self.half_lives, self.start, self.step = half_lives, start, step
        self._counts, self._first = counts, first.copy()
        self._latest = -1
        self._pieces: list[tuple[Longs, Longs]] = []
        self._rows: OrderedDict[int, Floats] = OrderedDict()
        self._lock = RLock()

    def follow(self, item: Longs, time: Longs) -> None:
        """Take in events that came: rows of items and times (µs) [N]."""
        if not len(item):
            return
        with self._lock:
            self._room(int(item.max()) + 1)
            np.minimum.at(self._first, item, time)
            self._pieces.append((np.asarray(item, np.int64), time))
            if len(self._pieces) > _PIECES:
                self._pieces = [self._events()]
            self._latest = max(self._latest, int(time.max()))
            for point in [p for p in self._rows if p > time.min()]:
                del self._rows[point]

    def point(self, at: int) -> int | None:
        """The last point not after a time, and not after the first one past the last event; None
        where that is before the fit's last."""
        last = -(-(self._latest + 1) // self.step) * self.step
        found = min(at // self.step * self.step, last)
        return found if found > self.start else None

    def at(self, point: int, n_items: int, row: Row) -> Floats:
        """Scores of all items at a point in time [I]."""
        with self._lock:
            known = self._rows.get(point)
            if known is None or len(known) != n_items:
                self._room(n_items)
                known = row(self._counted(point, n_items), self._first[:n_items].copy(), point)
                self._rows[point] = known
                while len(self._rows) > _KEPT:
                    self._rows.popitem(last=False)
            return known

    def _room(self, n_items: int) -> None:
        """Room for items that came later."""
        never = np.full(max(n_items - len(self._first), 0), np.iinfo(np.int64).max, np.int64)
        self._first = np.concatenate([self._first, never]) if len(never) else self._first

    def _events(self) -> tuple[Longs, Longs]:
        """Items and times of all events that came since [N] each."""
        item = np.concatenate([item for item, _ in self._pieces])
        return item, np.concatenate([time for _, time in self._pieces])

    def _counted(self, point: int, n_items: int) -> Floats:
        """Counts at a point in time [H × I]."""
        item, time = self._events()
        before = (time < point) & (item < n_items)  # who asks may not know of the newest items
        item, age = item[before], (point - time[before]) / DAY
        found = np.zeros((len(self.half_lives), n_items))
        for h, half_life in enumerate(self.half_lives):
            left = np.exp2(-(point - self.start) / (DAY * half_life))
            found[h, : self._counts.shape[1]] = left * self._counts[h]
            found[h] += np.bincount(item, weights=np.exp2(-age / half_life), minlength=n_items)
        return found.astype(np.float32)
