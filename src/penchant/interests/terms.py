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

from penchant.interests.vectors import Vectors
from penchant.types import Floats, Longs


@dataclass(frozen=True)
class Row:
    """A number for every item: values [I]."""

    values: Floats

    def at(self, items: Longs) -> Floats:
        """Those of some items."""
        return self.values[items]

    def all(self) -> tuple[Floats, float]:
        """Those of all items [I], and how far off any of them may be: not at all."""
        return self.values, 0.0


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

    def at(self, items: Longs) -> Floats:
        """Those of some items; like vectors have like products, to the last bit."""
        found: Floats = np.einsum("id,d->i", self.vectors.rows[items], self.d)
        return found

    def all(self) -> tuple[Floats, float]:
        """Those of all items [I], and how far off any of them may be."""
        return self.vectors.products(self.d)


Term: TypeAlias = Row | Nodes | Product
