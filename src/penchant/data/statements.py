"""What people say by hand of interests and items: more, less, never; and taking it back.

A statement is no act: it has no weight, and nothing is learned from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

import numpy as np

from penchant.data.rows import gather
from penchant.types import Doubles, Longs

Direction: TypeAlias = Literal["more", "less", "never", "clear"]

MORE: Final = "more"
LESS: Final = "less"
NEVER: Final = "never"
CLEAR: Final = "clear"
DIRECTIONS: Final[tuple[Direction, ...]] = (MORE, LESS, NEVER, CLEAR)


@dataclass(frozen=True)
class Statements:
    """What holds of B moments, as numbers: the newest word on each interest and item.

    offsets [B+1]; level [S] of the interest, 0 for an item; row [S] of that level's nodes, or of
    the catalogue; gain [S] = ln of the factor on the odds, −∞ for never; spread [S]: so much of an
    item's gain goes to its interests too; time [S] (µs); gone [B]: statements that name nothing
    that there is now.
    """

    offsets: Longs
    level: Longs
    row: Longs
    gain: Doubles
    spread: Doubles
    time: Longs
    gone: Longs

    def __len__(self) -> int:
        return len(self.level)

    def of(self, b: int) -> range:
        """Where the statements of one moment lie."""
        return range(int(self.offsets[b]), int(self.offsets[b + 1]))

    def direction(self, s: int) -> Direction:
        """What one statement asked for."""
        if self.gain[s] == -np.inf:
            return NEVER
        return MORE if self.gain[s] > 0 else LESS

    def take(self, rows: Longs) -> Self:
        """Those of some of the moments, in the order asked for."""
        index, offsets = gather(self.offsets[rows], self.offsets[rows + 1])
        return type(self)(
            offsets,
            self.level[index],
            self.row[index],
            self.gain[index],
            self.spread[index],
            self.time[index],
            self.gone[rows],
        )

    @classmethod
    def silent(cls, B: int) -> Self:
        """Of B people who said nothing."""
        none, word = np.zeros(0, np.int64), np.zeros(0)
        return cls(np.zeros(B + 1, np.int64), none, none, word, word, none, np.zeros(B, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several pieces of moments, one after the other."""
        counts = np.concatenate([np.diff(p.offsets) for p in parts])
        return cls(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([p.level for p in parts]),
            np.concatenate([p.row for p in parts]),
            np.concatenate([p.gain for p in parts]),
            np.concatenate([p.spread for p in parts]),
            np.concatenate([p.time for p in parts]),
            np.concatenate([p.gone for p in parts]),
        )
