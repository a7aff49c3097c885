"""A few rows of a sparse table, read without the ceremony of cutting it: tables of memberships are
asked for the items of one history, again and again."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy import sparse

from penchant.types import Doubles, Floats, Ints, Longs

FEW: Final = 64
"""Histories that are asked about together, at most, for this to be the faster way."""


@dataclass(frozen=True)
class Places:
    """The entries of some rows of a table [R × K]: row (0 … R − 1), column and value of each."""

    row: Longs
    column: Ints
    value: Floats
    shape: tuple[int, int]

    @classmethod
    def of(cls, table: sparse.csr_array, rows: Longs | Ints) -> Self:
        """Those of some rows, in the order asked for."""
        starts, ends = table.indptr[rows], table.indptr[1:][rows]
        size = ends - starts
        row = np.repeat(np.arange(len(rows)), size)
        index = np.arange(len(row))
        index += (ends - np.cumsum(size))[row]
        return cls(row, table.indices[index], table.data[index], (len(rows), table.shape[1]))

    def up(self, values: Floats | Doubles) -> Floats:
        """Σ over rows of value × row [K]."""
        each = self.value * values[self.row]
        return np.bincount(self.column, each, self.shape[1]).astype(np.float32)

    def up_by(self, owner: Ints | Longs, values: Floats | Doubles, B: int) -> Floats:
        """The same for the rows of each owner, 0 … B − 1 [B × K]."""
        if B == 1:
            return self.up(values)[None]
        K = self.shape[1]
        each, place = self.value * values[self.row], owner[self.row].astype(np.int64) * K
        return np.bincount(place + self.column, each, B * K).astype(np.float32).reshape(B, K)

    def down(self, values: Floats) -> Floats:
        """Each row's Σ over columns [R]."""
        each = self.value * values[self.column]
        return np.bincount(self.row, each, self.shape[0]).astype(np.float32)
