"""Events that cannot count yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

MOST: Final = 100_000
"""Events that wait, at most."""


@dataclass
class Waiting:
    """Events that wait for their item, or their time, to come. They are in the store: those that
    find no room are `left` there, and counted once the log is read again."""

    most: int = MOST
    left: int = field(init=False, default=0)
    _frames: list[pl.DataFrame] = field(init=False, repr=False, default_factory=list)

    def __len__(self) -> int:
        return sum(frame.height for frame in self._frames)

    def add(self, rows: pl.DataFrame) -> None:
        """Put events to those that wait, as far as there is room."""
        room = max(self.most - len(self), 0)
        if rows.height and room:
            self._frames.append(rows.head(room))
        self.left += max(rows.height - room, 0)

    def taken(self) -> Sequence[pl.DataFrame]:
        """All that wait, in the order in which they came; none does any more. How many were left
        stays known."""
        found, self._frames = self._frames, []
        return found

    def drop(self) -> None:
        """Let go of all of them."""
        self._frames, self.left = [], 0
