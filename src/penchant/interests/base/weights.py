"""Item–item weights M [I × I], sparse or of low rank: push a history through, look entries up."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from penchant.data.rows import first_of_each
from penchant.interests.base.closed_form import Centred
from penchant.interests.terms import Product, Row
from penchant.interests.vectors import Vectors
from penchant.types import Floats, Ints, Longs, State


class Weights(Protocol):
    """M, in whatever form."""

    @property
    def n_items(self) -> int:
        """I."""
        ...

    def push(self, histories: sparse.csr_array) -> Floats:
        """H M [B × I], dense."""
        ...

    def term(self, items: Ints, values: Floats) -> Row | Product:
        """What `push` gives for one history: its items and their values [N] each."""
        ...

    def entries(self, rows: Longs, columns: Longs) -> Floats:
        """Entries for all pairs [rows × columns]."""
        ...

    def weighed(self, rows: Longs, columns: Longs, values: Floats) -> Floats:
        """Those entries @ values, for weighted sums over the columns [columns × C] → [rows × C]."""
        ...

    def extended(self, text: Centred, neighbours: int, unit: float) -> "Weights":
        """M with room for more items, of which only the text is known."""
        ...

    def state(self) -> State:
        """Arrays and plain values."""
        ...


@dataclass(frozen=True)
class Sparse:
    """A few weights for each item; places in 32 bits where they suffice, for long histories read
    the whole."""

    M: sparse.csr_array

    def __post_init__(self) -> None:
        M = self.M
        if M.nnz <= np.iinfo(np.int32).max and M.indptr.dtype != np.int32:
            places = (M.data, M.indices.astype(np.int32, copy=False), M.indptr.astype(np.int32))
            object.__setattr__(self, "M", sparse.csr_array(places, shape=M.shape))

    @property
    def n_items(self) -> int:
        """I."""
        return int(self.M.shape[0])

    def push(self, histories: sparse.csr_array) -> Floats:
        """H M [B × I], dense."""
        if self._long(histories.nnz, times=len(histories.indptr) - 1):
            return np.asarray((self._by_column.T @ histories.toarray().T).T, np.float32)
        return np.asarray((_like(histories, self.M) @ self.M).toarray(), np.float32)

    def term(self, items: Ints, values: Floats) -> Row:
        """What `push` gives for one history; an item that comes often is read once."""
        first, place = first_of_each(items)
        some = items[first]
        push = np.bincount(place, weights=values, minlength=len(some)).astype(np.float32)
        if self._long(len(some)):
            whole = np.zeros(self.n_items, np.float32)
            whole[some] = push
            return Row(np.asarray(self._by_column.T @ whole, np.float32))
        return Row(np.asarray(self.M[some].T @ push, np.float32))

    def entries(self, rows: Longs, columns: Longs) -> Floats:
        """Entries for all pairs [rows × columns]."""
        if self._long(len(rows)):
            return np.asarray(self._by_column[:, columns].toarray()[rows], np.float32)
        return np.asarray(self.M[rows][:, columns].toarray(), np.float32)

    def weighed(self, rows: Longs, columns: Longs, values: Floats) -> Floats:
        """Those entries @ values [rows × C]."""
        if self._long(len(rows)):
            return _summed(self._by_column, rows, columns, values).T
        return np.asarray(self.entries(rows, columns) @ values, np.float32)

    def _long(self, events: int, times: int = 1) -> bool:
        """Whether so many rows of M are so much of it that the whole is read faster."""
        return 4 * events > times * self.n_items

    @cached_property
    def _by_column(self) -> sparse.csc_array:
        """M once more, in the order that long histories are read in; made when one first comes."""
        return sparse.csc_array(self.M)

    def extended(self, text: Centred, neighbours: int, unit: float) -> "Sparse":
        """M with room for more items, which follow their texts."""
        if len(text.text) == self.n_items:
            return self
        return Sparse(_with_texts(self.M, text, neighbours, unit))

    def state(self) -> State:
        """CSR arrays."""
        arrays = {
            "data": self.M.data.astype(np.float32),
            "indices": self.M.indices.astype(np.int32),
            "indptr": self.M.indptr.astype(np.int64),
        }
        return arrays, {"items": self.n_items}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """What `state` gave."""
        arrays, values = state
        offsets, n = arrays["indptr"], values["items"]
        if len(arrays["data"]) <= np.iinfo(np.int32).max:
            offsets = offsets.astype(np.int32)
        M = sparse.csr_array((n, n), dtype=np.float32)
        M.data, M.indices, M.indptr = arrays["data"], arrays["indices"], offsets  # mapped, not read
        return cls(M)


@dataclass(frozen=True)
class LowRank:
    """M = V Vᵀ, V [I × D]."""

    V: Floats

    @classmethod
    def of(cls, X: sparse.csr_array, dims: int, seed: int) -> Self:
        """V of the truncated singular value decomposition X ≈ U Σ Vᵀ.

        Cremonesi, Koren and Turrin, PureSVD, RecSys 2010.
        """
        from sklearn.utils.extmath import randomized_svd

        dims = max(1, min(dims, min(X.shape) - 1))
        if min(X.shape) < 2 or not X.nnz:
            return cls(np.zeros((X.shape[1], 1), np.float32))
        found = randomized_svd(sparse.csr_matrix(X), dims, random_state=seed % 2**32)
        return cls(np.ascontiguousarray(found[2].T, np.float32))

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.V)

    def push(self, histories: sparse.csr_array) -> Floats:
        """H V Vᵀ [B × I]."""
        return np.asarray((histories @ self.V) @ self.V.T, np.float32)

    def term(self, items: Ints, values: Floats) -> Product:
        """What `push` gives for one history."""
        return Product.each((values @ self.V[items])[None], self._vectors)[0]

    @cached_property
    def _vectors(self) -> Vectors:
        return Vectors(self.V)

    def entries(self, rows: Longs, columns: Longs) -> Floats:
        """Entries for all pairs [rows × columns]."""
        return np.asarray(self.V[rows] @ self.V[columns].T, np.float32)

    def weighed(self, rows: Longs, columns: Longs, values: Floats) -> Floats:
        """Those entries @ values [rows × C]."""
        return np.asarray(self.V[rows] @ (self.V[columns].T @ values), np.float32)

    def extended(self, text: Centred, neighbours: int, unit: float) -> "LowRank":
        """V with a row for more items: the mean of their nearest by text."""
        had, n = self.n_items, len(text.text)
        if n == had:
            return self
        near = text.nearest(slice(had, n), had, min(neighbours, 20))
        total = np.maximum(np.asarray(near.sum(axis=1)), 1e-9).reshape(-1, 1)
        return LowRank(np.concatenate([self.V, np.asarray(near @ self.V / total, np.float32)]))

    def state(self) -> State:
        """V."""
        return {"V": self.V}, {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """What `state` gave."""
        return cls(state[0]["V"])


def _summed(M: sparse.csc_array, rows: Longs, columns: Longs, values: Floats) -> Floats:
    """Entries of some rows and columns @ values, most of which are zero, turned round [C × rows]:
    only what counts is read."""
    found = np.zeros((values.shape[1], len(rows)), np.float32)
    starts, ends = M.indptr[columns].tolist(), M.indptr[columns + 1].tolist()
    for total, weights in zip(found, values.T, strict=True):
        there = np.flatnonzero(weights).tolist()
        some = [slice(starts[n], ends[n]) for n in there]
        if some:
            place = np.concatenate([M.indices[part] for part in some])
            worth = [M.data[part] * weights[n] for part, n in zip(some, there, strict=True)]
            total += np.bincount(place, np.concatenate(worth), M.shape[0])[rows]
    return found


def _like(histories: sparse.csr_array, M: sparse.csr_array) -> sparse.csr_array:
    """The same with places as wide as those of M: else all of M's would be copied to be as wide."""
    kind = M.indices.dtype
    places = (histories.data, histories.indices.astype(kind), histories.indptr.astype(kind))
    return sparse.csr_array(places, shape=histories.shape)


def _with_texts(
    M: sparse.csr_array, text: Centred, neighbours: int, unit: float
) -> sparse.csr_array:
    """M with the items that have only a text, behind the others: they and all items have weights by
    likeness of text, both ways. What M has is copied once, piece by piece."""
    had, n = M.shape[0], len(text.text)
    near = text.nearest(slice(had, n), n, neighbours).tocoo()
    row, column = near.coords
    other = row + had != column
    row, column, like = row[other], column[other], near.data[other] * np.float32(unit)
    out = sparse.csr_array((like, (row, column)), shape=(n - had, n))
    known = column < had
    into = sparse.csr_array((like[known], (column[known], row[known] + had)), shape=(had, n))
    size = np.diff(into.indptr)
    some = np.flatnonzero(size)
    starts, ends = into.indptr[some], M.indptr[1:][some]

    def spliced(had: npt.NDArray[Any], came: npt.NDArray[Any], last: npt.NDArray[Any]) -> Any:
        """What rows had, each with what came to it behind, and new rows at the end."""
        pairs = zip(np.split(came, starts), np.split(had, ends), strict=True)
        pieces = [*(piece for pair in pairs for piece in pair), last]
        return np.concatenate([piece.astype(had.dtype, copy=False) for piece in pieces])

    grown = M.indptr.astype(np.int64) + np.concatenate([[0], np.cumsum(size)])
    places = np.concatenate([grown, grown[-1] + out.indptr[1:]])
    whole = sparse.csr_array((n, n), dtype=M.dtype)
    whole.data, whole.indptr = spliced(M.data, into.data, out.data), places
    whole.indices = spliced(M.indices, into.indices, out.indices)
    return whole
