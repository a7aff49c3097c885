"""Events that cannot count yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from penchant.data import columns as c

MOST: Final = 100_000
"""Events that wait, at most."""
NEVER: Final = int(np.iinfo(np.int64).max)
"""A time that does not come (µs)."""


@dataclass
class Waiting:
    """Events that wait for their item, or their time, to come. They are in the store: those that
    find no room are `left` there, and counted once the log is read again. `first` is the earliest
    time of those that wait, `left_first` of those that were left (µs)."""

    most: int = MOST
    left: int = field(init=False, default=0)
    first: int = field(init=False, default=NEVER)
    left_first: int = field(init=False, default=NEVER)
    _frames: list[pl.DataFrame] = field(init=False, repr=False, default_factory=list)
    _rows: int = field(init=False, repr=False, default=0)

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: pl.DataFrame) -> None:
        """Put events to those that wait, as far as there is room."""
        room = self.most - self._rows
        some, others = rows.head(room), rows.slice(room)
        if some.height:
            self._frames.append(some)
            self._rows += some.height
            self.first = min(self.first, _earliest(some))
        if others.height:
            self.left += others.height
            self.left_first = min(self.left_first, _earliest(others))

    def taken(self) -> Sequence[pl.DataFrame]:
        """All that wait, in the order in which they came; none does any more. How many were left
        stays known."""
        found, self._frames, self._rows, self.first = self._frames, [], 0, NEVER
        return found

    def drop(self) -> None:
        """Let go of all of them."""
        self.taken()
        self.left, self.left_first = 0, NEVER


def _earliest(rows: pl.DataFrame) -> int:
    return int(rows[c.TIME].cast(pl.Int64).to_numpy().min())
