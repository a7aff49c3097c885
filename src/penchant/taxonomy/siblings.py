"""Tables over the nodes of a level: added up, split and normalised among a node's children."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from penchant.types import Bools, Floats, Longs

_NONE = np.float32(1e-20)


@dataclass(frozen=True)
class Siblings:
    """Who is whose child on one level.

    parent [K]: rows of the level above, which has so many nodes `above`; on the broadest level all
    are children of one.
    """

    parent: Longs
    above: int

    @cached_property
    def size(self) -> Longs:
        """How many children each parent has [above]."""
        return np.bincount(self.parent, minlength=self.above)

    @cached_property
    def order(self) -> Longs:
        """The nodes, children of one parent beside each other [K]."""
        return np.argsort(self.parent, kind="stable")

    @cached_property
    def alike(self) -> Floats:
        """One over the number of siblings, at each of them [K]."""
        return (1.0 / self.size[self.parent]).astype(np.float32)

    @cached_property
    def _having(self) -> Bools:
        """Which parents have children [above]."""
        return np.asarray(self.size > 0)

    @cached_property
    def _starts(self) -> Longs:
        """Where the children of each parent that has any begin in that order."""
        return (np.cumsum(self.size) - self.size)[self._having]

    def up(self, table: Floats) -> Floats:
        """Sums over children [… × above]."""
        return self._each(np.add, table)

    def _each(self, of: np.ufunc, table: Floats) -> Floats:
        """Of the children of each parent [… × above], 0 where there are none."""
        found = np.zeros((*table.shape[:-1], self.above), table.dtype)
        found[..., self._having] = of.reduceat(table[..., self.order], self._starts, axis=-1)
        return found

    def total(self, table: Floats) -> Floats:
        """Sums over siblings, at each of them [… × K]."""
        return self.up(table)[..., self.parent]

    def given(self, table: Floats) -> Floats:
        """P(n | parent) [… × K] from P(n); alike where the parent has none."""
        total = self.total(table)
        return np.where(total > _NONE, table / np.maximum(total, _NONE), self.alike)

    def softmax(self, logits: Floats) -> Floats:
        """softmax among siblings [… × K]."""
        z = np.exp(logits - self._each(np.maximum, logits)[..., self.parent])
        return np.asarray(z / self.total(z), np.float32)

    def children(self, parents: Longs) -> tuple[Longs, Bools]:
        """Rows of the children of some parents [R × S], and which of these places are taken."""
        place = np.arange(int(self.size.max(initial=0)))
        there = place < self.size[parents][:, None]
        start = (np.cumsum(self.size) - self.size)[parents][:, None]
        return self.order[np.where(there, start + place, 0)], there
