"""Memberships with rows of one length (the ELLPACK format), for one history or one moment: they are
cut with less ceremony than sparse tables, and multiplied faster, as a processor foresees where each
row ends."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from penchant.types import Doubles, Floats, Ints, Longs

_SOME = 2_000  # rows from which the sparse table of the same is faster, made for it (measured)


@dataclass(frozen=True)
class Ellpack:
    """A table [R × K] with as many entries in each row as its longest has: column and value
    [R × w], with zeros at the ends of rows that have fewer."""

    column: Ints | Longs
    value: Floats
    K: int

    @classmethod
    def of(cls, table: sparse.csr_array) -> Self:
        """The same table."""
        (R, K), size = table.shape, np.diff(table.indptr)
        shape = (R, int(size.max(initial=0)))
        there = np.arange(shape[1]) < size[:, None]
        kind = np.int64 if max(K, R * shape[1]) > np.iinfo(np.int32).max else np.int32
        column, value = np.zeros(shape, kind), np.zeros(shape, np.float32)
        column[there], value[there] = table.indices, table.data
        return cls(column, value, K)

    def take(self, rows: Longs | Ints) -> "Ellpack":
        """Some rows, in the order asked for."""
        return Ellpack(self.column[rows].astype(np.int64), self.value[rows], self.K)

    def up(self, values: Floats | Doubles) -> Floats:
        """Σ over rows of value × row [K]."""
        each = self.value * values[:, None]
        return np.bincount(self.column.ravel(), each.ravel(), self.K).astype(np.float32)

    def up_by(self, owner: Ints | Longs, values: Floats | Doubles, B: int) -> Floats:
        """The same for the rows of each owner, 0 … B − 1 [B × K]."""
        if B == 1:
            return self.up(values)[None]
        each, place = self.value * values[:, None], owner.astype(np.int64)[:, None] * self.K
        found = np.bincount((place + self.column).ravel(), each.ravel(), B * self.K)
        return found.astype(np.float32).reshape(B, self.K)

    def down(self, values: Floats) -> Floats:
        """Each row's Σ over columns [R]."""
        values = values.astype(np.float32, copy=False)
        if len(self.column) > _SOME:
            return np.asarray(self._table @ values, np.float32)
        found: Floats = np.einsum("rw,rw->r", self.value, values[self.column])
        return found

    @cached_property
    def _table(self) -> sparse.csr_array:
        R, w = self.column.shape
        ends = w * np.arange(R + 1, dtype=self.column.dtype)
        return sparse.csr_array((self.value.ravel(), self.column.ravel(), ends), shape=(R, self.K))
