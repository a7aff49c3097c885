"""The closed form for a catalogue of any size: a small one for each group of items.

For items g that lie together, let C be g and the items that have most to do with it. Then

    P = (X_Cᵀ X_C + κ K_CC + λI)⁻¹

is the matrix that `closed_form` inverts, with C for the catalogue, and its columns P_·j of j in g
are kept. They make up a sparse P of all items, of which P_cj and P_jc are averaged, and

    M_cj = −P_cj / P_jj        c ≠ j.

With C the whole catalogue this is the same M. A sparse inverse is put together from small ones as
in Steck, Markov random fields for collaborative filtering, NeurIPS 2019 (arXiv 1910.09645); there
neighbourhoods come from behaviour alone. Here C is what could say most of the group,

    C = top_c  Σ_{j∈g} G_cj² / (G_jj √G_cc)        G = XᵀX + κK + λI,

where the root keeps well-known items in; XᵀX of the b best-known ones is counted once for all
groups. Memory is O(b² + |C|² + |g|·I + weights kept); time grows with I·|C|³/|g|, in proportion to
the catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.config import Config
from penchant.errors import ConfigError
from penchant.interests.base.closed_form import add_likeness, gram, likeness, products
from penchant.interests.base.groups import Groups, groups, nearest_groups, placed
from penchant.memory import Regularly
from penchant.random import derive, rng
from penchant.types import QUIET, Doubles, Floats, Ints, Longs, Progress, Report

_KNOWN = 4096  # best-known items whose products are kept
_BLOCK = 2_000_000  # weights of a sparse matrix and its mirror image handled at once


class LocalConfig(Config):
    """How a catalogue too large for one matrix is solved."""

    group: int = Field(100, ge=1)
    """Items solved together."""
    reach: int = Field(2_000, ge=2)
    """Items that each group is solved among: its own and those that have most to do with it."""
    near: int = Field(40, ge=1)
    """Groups by text among whose items likeness of text is looked for."""
    dims: int = Field(64, ge=1)
    """Width of the behaviour vectors that items are grouped by, beside their texts."""
    longest: int = Field(1_000, ge=2)
    """Items of one person from which neighbourhoods are read; of more, a draw stands for all. The
    weights themselves are always solved from everything."""
    weights: int = Field(60_000_000, ge=1)
    """Weights kept in all: bounds memory. Each item has its share, `neighbours` at most."""


@dataclass(frozen=True)
class Problem:
    """Who met what X [U × I], centred texts [I × D], λ and κ."""

    X: sparse.csr_array
    text: Floats
    penalty: float
    kappa: float

    @cached_property
    def by_item(self) -> sparse.csc_array:
        """X by columns."""
        return sparse.csc_array(self.X)

    @cached_property
    def diagonal(self) -> Floats:
        """G_ii [I]."""
        met = np.asarray(self.X.multiply(self.X).sum(axis=0), np.float32).ravel()
        return met + np.float32(self.kappa + self.penalty)

    @cached_property
    def best_known(self) -> tuple[Ints, Floats]:
        """The best-known items: the place of each among them, −1 for others [I], and their XᵀX."""
        count = np.diff(self.by_item.indptr)
        best = np.argsort(-count, kind="stable")[: min(_KNOWN, len(count) // 8)]
        place = np.full(len(count), -1, np.int32)
        place[best] = np.arange(len(best))
        return place, gram(self.by_item[:, best].tocsr())

    def gram(self, among: Longs) -> Floats:
        """XᵀX of some items [C × C]. The best-known ones are in most neighbourhoods, and nearly all
        pairs are of them: those are counted once."""
        place, G = self.best_known
        at = place[among]
        known, others = np.flatnonzero(at >= 0), np.flatnonzero(at < 0)
        found = np.empty((len(among), len(among)), np.float32)
        found[np.ix_(known, known)] = G[np.ix_(at[known], at[known])]
        if len(others):
            some = products(self.by_item[:, among[others]], self.by_item[:, among])
            found[others] = some
            found[np.ix_(known, others)] = some[:, known].T
        return found

    def columns(self, group: Longs, among: Longs) -> Floats:
        """P_cj for c among some items and j in the group, with which they begin [C × g].

        Raises:
            ConfigError: the penalty is too small for the matrix to be inverted.
        """
        from scipy.linalg import lapack

        G = add_likeness(self.gram(among), self.text[among], self.kappa)
        G[np.diag_indices(len(G))] += np.float32(self.penalty)
        unit = np.zeros((len(among), len(group)), np.float32, order="F")
        np.fill_diagonal(unit, 1.0)
        _, P, info = lapack.sposv(G.T, unit, lower=1, overwrite_a=1, overwrite_b=1)
        if info != 0:
            raise ConfigError(
                f"base.linear.penalty: {self.penalty} came; a neighbourhood cannot be solved with "
                "so little. Expected more, as 100"
            )
        return np.asarray(P, np.float32)


@dataclass(frozen=True)
class Neighbourhoods:
    """Which items are solved together, and among which."""

    problem: Problem
    config: LocalConfig
    groups: Groups
    by_text: Groups
    near: Longs
    met: sparse.csr_array

    @classmethod
    def of(cls, problem: Problem, config: LocalConfig, seed: int) -> "Neighbourhoods":
        """Group a catalogue by behaviour and text, and by text alone."""
        met, text = shortened(problem.X, config.longest, derive(seed, "longest")), problem.text
        by_both = groups(placed(met, text, config.dims, seed), config.group, seed)
        by_text = groups(text, config.group, derive(seed, "text"))
        near = nearest_groups(by_both.centres(text), by_text.centres(text), config.near)
        return cls(problem, config, by_both, by_text, near, met)

    @cached_property
    def met_by(self) -> sparse.csr_array:
        """Who met each item [I × U]."""
        return sparse.csr_array(self.met.T)

    def among(self, g: int) -> tuple[Longs, Longs]:
        """The items of a group, and the items that it is solved among, its own first."""
        group = self.groups[g]
        weight = self._by_behaviour(group)
        if self.problem.kappa:
            self._add_text(weight, group, self.by_text.several(self.near[g]))
        weight *= np.sqrt(self.problem.diagonal)
        weight[group] = 0.0
        found = np.flatnonzero(weight)
        room = max(self.config.reach - len(group), 0)
        if len(found) > room:
            found = np.sort(found[np.argpartition(-weight[found], room)[:room]])
        return group, np.concatenate([group, found])

    def _by_behaviour(self, group: Longs) -> Doubles:
        """Σ over the group of n_cj² / (G_cc G_jj) [I], n counting who met both."""
        both = sparse.csr_array(self.met_by[group] @ self.met)
        own = np.repeat(self.problem.diagonal[group], np.diff(both.indptr))
        total = np.bincount(
            both.indices, weights=both.data**2 / own, minlength=len(self.problem.diagonal)
        )
        return np.asarray(total / self.problem.diagonal, np.float64)

    def _add_text(self, weight: Doubles, group: Longs, some: Longs) -> None:
        """Add Σ over the group of (κ K_cj)² / (G_cc G_jj) for some items."""
        text, G = self.problem.text, self.problem.diagonal
        K = np.float32(self.problem.kappa) * likeness(text[group], text[some])
        weight[some] += (np.square(K) / G[group, None]).sum(axis=0) / G[some]


def solved_locally(
    problem: Problem,
    config: LocalConfig,
    keep: int,
    seed: int,
    progress: Progress = QUIET,
    report: Report | None = None,
) -> sparse.csr_array:
    """M [I × I] of a whole catalogue, of each row the `keep` largest weights at most."""
    I = problem.X.shape[1]
    keep = max(1, min(keep, config.weights // max(I, 1)))
    if report is not None:
        long = int((np.diff(problem.X.indptr) > config.longest).sum())
        what = f"people of whose items {config.longest:,} were read for neighbourhoods"
        report.add("fit", what, long, total=problem.X.shape[0])
    P, diagonal = _inverse(problem, config, keep, seed, progress)
    parts, freed = [], Regularly()
    for rows in _blocks(P, _BLOCK):
        parts.append(_weights(P, diagonal, rows, keep))
        freed.give_back()
    del P  # before there is all of M once more
    if not parts:
        return sparse.csr_array((I, I), dtype=np.float32)
    return sparse.csr_array(sparse.vstack(parts, format="csr", dtype=np.float32))


def _inverse(
    problem: Problem, config: LocalConfig, keep: int, seed: int, progress: Progress
) -> tuple[sparse.csr_array, Floats]:
    """The largest of P of all items [I × I], without its diagonal, and that [I]."""
    problem, I = replace(problem), problem.X.shape[1]  # what it counts is let go of with it
    around = Neighbourhoods.of(problem, config, seed)
    diagonal, kept, freed = np.ones(I, np.float32), _Kept.room(I, keep), Regularly()
    with progress.step("base: neighbourhoods", I) as step:
        for g in range(len(around.groups)):
            group, among = around.among(g)
            P = problem.columns(group, among)
            diagonal[group] = np.diag(P[: len(group)])
            kept.put(group, among, P, problem.diagonal)
            step.advance(len(group))
            freed.give_back()
    return kept.table(), diagonal


def shortened(X: sparse.csr_array, longest: int, seed: int) -> sparse.csr_array:
    """X with a draw of so many items at most of each person."""
    length, draw = np.diff(X.indptr), rng(seed, "items of a person")
    stays = np.ones(X.nnz, bool)
    for u in np.flatnonzero(length > longest):
        out = draw.choice(length[u], length[u] - longest, replace=False)
        stays[X.indptr[u] + out] = False
    offsets = np.concatenate([[0], np.cumsum(np.minimum(length, longest))])
    return sparse.csr_array((X.data[stays], X.indices[stays], offsets), shape=X.shape)


@dataclass(frozen=True)
class _Kept:
    """What is kept of P as it is found: columns and values [I × keep], 0 where there are fewer.

    It is most of the memory that a large catalogue takes, and there is room for it once.
    """

    column: Ints
    value: Floats

    @classmethod
    def room(cls, I: int, keep: int) -> "_Kept":
        """Nothing yet."""
        return cls(np.zeros((I, keep), np.int32), np.zeros((I, keep), np.float32))

    def put(self, group: Longs, among: Longs, P: Floats, diagonal: Floats) -> None:
        """The columns of P [C × g] as the rows of their items, without their diagonals.

        Of each the largest by what they are worth as weights: P_cj / P_cc, where 1/P_cc is about
        G_cc.
        """
        np.fill_diagonal(P, 0.0)
        keep = min(self.column.shape[1], len(P))
        worth = np.abs(P) * diagonal[among][:, None]
        index = np.argpartition(-worth, keep - 1, axis=0)[:keep]
        self.column[group, :keep] = among[index].T
        self.value[group, :keep] = np.take_along_axis(P, index, axis=0).T

    def table(self) -> sparse.csr_array:
        """P [I × I], on the same memory."""
        I, keep = self.column.shape
        fits = I * keep <= np.iinfo(np.int32).max  # else the columns would be copied to be as wide
        ends = keep * np.arange(I + 1, dtype=np.int32 if fits else np.int64)
        P = sparse.csr_array((self.value.ravel(), self.column.ravel(), ends), shape=(I, I))
        P.eliminate_zeros()
        return P


def _blocks(P: sparse.csr_array, most: int) -> Iterator[slice]:
    """Rows that have so many entries at most with their mirror images, or one row.

    In the mirror image the rows of well-known items are long: nearly everything is near to them.
    """
    I, mirrored = P.shape[0], np.zeros(P.shape[0], np.int64)
    for a in range(0, P.nnz, most):  # numpy counts in 64 bits: not all columns at once
        mirrored += np.bincount(P.indices[a : a + most], minlength=I)
    size = np.cumsum(np.diff(P.indptr) + mirrored)
    first, before = 0, 0
    while first < I:
        end = max(int(np.searchsorted(size, before + most, side="right")), first + 1)
        yield slice(first, end)
        first, before = end, int(size[end - 1])


def _weights(P: sparse.csr_array, diagonal: Floats, part: slice, keep: int) -> sparse.csr_array:
    """Some rows of M_cj = −P_cj / P_jj, P averaged with its mirror image; the largest of each."""
    A, B = P[part], sparse.csr_array(P[:, part].T)
    twice = A.multiply(B.astype(bool)) + B.multiply(A.astype(bool))
    M = sparse.csr_array(A + B - 0.5 * twice)
    M.data /= -diagonal[M.indices]
    return strongest_kept(M, keep)


def strongest_kept(M: sparse.csr_array, n: int) -> sparse.csr_array:
    """Each row's n largest weights by size."""
    row = np.repeat(np.arange(M.shape[0]), np.diff(M.indptr))
    size = np.abs(M.data, dtype=np.float64)
    order = np.argsort(row - size / (2.0 * max(float(size.max(initial=0.0)), 1e-30)))
    nth = np.arange(len(row)) - M.indptr[row]
    stays = np.sort(order[nth < n])
    offsets = np.zeros_like(M.indptr)  # as wide as they are, or the columns would be made as wide
    np.cumsum(np.minimum(np.diff(M.indptr), n), out=offsets[1:])
    return sparse.csr_array((M.data[stays], M.indices[stays], offsets), shape=M.shape)
