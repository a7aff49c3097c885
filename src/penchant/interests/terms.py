"""What the layers say of one moment, kept small: only once, and together, is it spread over items.

A layer's score of an item is a sum of terms, each of one of three shapes:

    Row        x_i                  of every item
    Nodes      Σ_n A_ℓ[i, n] x_n    of the interests of one level
    Product    ⟨d, v_i⟩             of item vectors

`Layer.score` is the plain way to the same numbers. Here some items can be asked for alone.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from penchant.interests.vectors import Look, Vectors
from penchant.types import Floats, Longs


@dataclass(frozen=True)
class Row:
    """A number for every item: values [I]; `first` are the items with the largest of them, largest
    first, where that is known (None: the others are zero)."""

    values: Floats
    first: Longs | None = None

    def at(self, items: Longs) -> Floats:
        """Those of some items."""
        return self.values[items]

    def add_to(self, total: Floats, alpha: np.float32) -> float:
        """Add α times those of all items to a total [I]; how far off any of them may be: not at
        all."""
        total += alpha * self.values
        return 0.0

    def every(self) -> Floats:
        """Those of all items [I], to the last bit."""
        return self.values

    def leading(self, most: int) -> Longs:
        """The items with the largest values, so many at most, and none that is below zero."""
        if self.first is not None:
            return self.first[:most]
        some = np.flatnonzero(self.values > 0)
        return largest(self.values, some, most)


@dataclass(frozen=True)
class Nodes:
    """A number for every interest of a level [K], which items have by their membership."""

    level: int
    values: Floats


@dataclass(frozen=True)
class Product:
    """⟨d, v_i⟩, d [D]."""

    d: Floats
    vectors: Vectors
    look: Look
    """At all items, for this and perhaps others beside it; `place`: which of them this is."""
    place: int = 0

    @classmethod
    def each(cls, d: Floats, vectors: Vectors) -> "list[Product]":
        """Those of several d [B × D], which are looked at together."""
        look = Look(vectors, d)
        return [cls(one, vectors, look, b) for b, one in enumerate(d)]

    def at(self, items: Longs) -> Floats:
        """Those of some items; like vectors have like products, to the last bit."""
        found: Floats = np.einsum("id,d->i", self.vectors.rows[items], self.d)
        return found

    def add_to(self, total: Floats, alpha: np.float32) -> float:
        """Add α times those of all items to a total [I]; how far off any of them may be."""
        return self.look.add_to(total, self.place, float(alpha))

    def every(self) -> Floats:
        """Those of all items [I], from the vectors as they are."""
        return np.asarray(self.vectors.rows @ self.d, np.float32)


Term: TypeAlias = Row | Nodes | Product


def largest(values: Floats, rows: Longs, most: int) -> Longs:
    """Of some rows, those with the largest values, in any order."""
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.argpartition(values[rows], len(rows) - most)[len(rows) - most :]])
