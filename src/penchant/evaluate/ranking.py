"""Where a scorer ranks what came: every item of the catalogue competes, and a tie never helps.

Ranks are computed once, from scores; each metric (`metrics`) is then a function of ranks and k. A
target that ties with other items is placed behind all of them: no scorer gains by saying nothing.
A target outside the catalogue, or among the excluded items, is a miss.

    rank(i) = 1 + |{j no target : s_j ≥ s_i}| + |{j target : placed before i}|
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.types import QUIET, Doubles, Floats, Ints, Longs, Progress

MISS = np.iinfo(np.int32).max
"""Rank of a target that cannot be found in the list."""
CHUNK = 512
"""Moments scored at once: 512 × a catalogue of 20,000 is 40 MB."""
_MANY = 16  # from this many targets on, sorting a row is cheaper than comparing for each target


@dataclass(frozen=True)
class Ranks:
    """Where the targets of B moments were ranked.

    offsets [B+1], rank [T] (1 is best, rising inside a moment; `MISS`: never in the list),
    beaten [T] (candidates that are no targets and scored lower, ties as half),
    total [B] (targets, with those outside the catalogue), rivals [B] (candidates, no targets).
    """

    offsets: Longs
    rank: Ints
    beaten: Doubles
    total: Longs
    rivals: Longs

    def __len__(self) -> int:
        return len(self.total)

    @cached_property
    def owner(self) -> Longs:
        """Which moment each target belongs to [T]."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def missed(self) -> int:
        """Targets that no list could hold: outside the catalogue, or excluded."""
        outside = int(self.total.sum()) - len(self.rank)
        return outside + int((self.rank == MISS).sum())

    def sum(self, values: Doubles) -> Doubles:
        """Sum of a value over each moment's targets [T] → [B]."""
        return np.bincount(self.owner, weights=values, minlength=len(self)).astype(np.float64)

    @staticmethod
    def join(parts: Sequence["Ranks"]) -> "Ranks":
        """Ranks of consecutive chunks of moments as one."""
        lengths = np.concatenate([np.diff(p.offsets) for p in parts])
        return Ranks(
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            rank=np.concatenate([p.rank for p in parts]),
            beaten=np.concatenate([p.beaten for p in parts]),
            total=np.concatenate([p.total for p in parts]),
            rivals=np.concatenate([p.rivals for p in parts]),
        )


def ranks(
    scores: Floats,
    targets: sparse.csr_array,
    excluded: sparse.csr_array | None = None,
    *,
    outside: Longs | Ints | None = None,
    name: str = "scorer",
    chunk: int = CHUNK,
) -> Ranks:
    """Pessimistic ranks of targets among all items.

    scores [B × I]; targets [B × I] and excluded [B × I] mark items by being stored and non-zero;
    excluded items (such as those already seen) are never candidates. outside [B]: number of
    targets that are not in the catalogue.

    Raises:
        DataError: shapes disagree, a moment has no target, or a score is NaN or infinite.
    """
    _check(scores, targets, excluded, outside, name)
    B = scores.shape[0]
    missing = np.zeros(B, np.int64) if outside is None else np.asarray(outside, np.int64)
    none = sparse.csr_array(scores.shape, dtype=np.float32)
    wanted, hidden = _ones(targets), none if excluded is None else _ones(excluded)
    spans = [slice(a, min(a + chunk, B)) for a in range(0, B, chunk)]
    parts = [_ranks(scores[s], wanted[s], hidden[s], missing[s], name) for s in spans]
    return Ranks.join(parts) if parts else _nobody()


def rank_all(
    score: Callable[[Moments], Floats],
    moments: Moments,
    targets: sparse.csr_array,
    excluded: sparse.csr_array | None = None,
    *,
    outside: Longs | Ints | None = None,
    name: str = "scorer",
    chunk: int = CHUNK,
    progress: Progress = QUIET,
) -> Ranks:
    """Score moments chunk by chunk and rank their targets; [chunk × I] is all that is held.

    Raises:
        DataError: as `ranks`.
    """
    missing = np.zeros(len(moments), np.int64) if outside is None else np.asarray(outside, np.int64)
    parts = []
    with progress.step(f"rank {name}", len(moments)) as step:
        for a in range(0, len(moments), chunk):
            rows = slice(a, min(a + chunk, len(moments)))
            hidden = None if excluded is None else excluded[rows]
            found = score(moments.take(rows))
            parts.append(ranks(found, targets[rows], hidden, outside=missing[rows], name=name))
            step.advance(rows.stop - rows.start)
    return Ranks.join(parts) if parts else _nobody()


def top(
    scores: Floats, k: int, excluded: sparse.csr_array | None = None, *, name: str = "scorer"
) -> Ints:
    """The k best items of each moment, best first [B × k]; -1 where candidates run out.

    Ties go by row of the catalogue, whatever the partition does.

    Raises:
        DataError: a score is NaN or infinite.
    """
    check_finite(scores, name)
    hidden = _hide(scores, None if excluded is None else _ones(excluded))
    B, I = hidden.shape
    k_ = min(k, I)
    best = np.full((B, k), -1, np.int32)
    if not k_ or not B:
        return best
    found = np.argpartition(-hidden, k_ - 1, axis=1)[:, :k_]
    values = np.take_along_axis(hidden, found, axis=1)
    edge = values.min(axis=1)
    torn = (hidden == edge[:, None]).sum(1) > (values == edge[:, None]).sum(1)
    for b in np.flatnonzero(torn):  # a tie at the edge of the list: first rows of it win
        above = np.flatnonzero(hidden[b] > edge[b])
        level = np.flatnonzero(hidden[b] == edge[b])[: k_ - len(above)]
        found[b] = np.concatenate([above, level])
    values = np.take_along_axis(hidden, found, axis=1)
    order = np.lexsort((found, -values), axis=1)
    found, values = (
        np.take_along_axis(found, order, axis=1),
        np.take_along_axis(values, order, axis=1),
    )
    best[:, :k_] = np.where(np.isfinite(values), found, -1)
    return best


def check_finite(scores: Floats, name: str) -> None:
    """Refuse scores that cannot be ordered.

    Raises:
        DataError: a score is NaN or infinite.
    """
    if not np.isfinite(scores).all():
        rows, items = np.nonzero(~np.isfinite(scores))
        raise DataError(
            f"{name}: score of item row {items[0]} for moment {rows[0]} is "
            f"{scores[rows[0], items[0]]} ({len(rows):,} such scores); expected finite numbers"
        )


def _check(
    scores: Floats,
    targets: sparse.csr_array,
    excluded: sparse.csr_array | None,
    outside: Longs | Ints | None,
    name: str,
) -> None:
    for what, matrix in (("targets", targets), ("excluded", excluded)):
        if matrix is not None and matrix.shape != scores.shape:
            raise DataError(
                f"{name}: {what} is {matrix.shape} beside scores {scores.shape}; expected the same"
            )
    if outside is not None and len(outside) != len(scores):
        raise DataError(f"{name}: outside has {len(outside)} entries for {len(scores)} moments")


def _ones(marks: sparse.csr_array) -> sparse.csr_array:
    """The same marks, sorted, once each, without stored zeros; a copy."""
    made = sparse.csr_array(marks, dtype=np.float32, copy=True)
    made.sum_duplicates()
    made.eliminate_zeros()
    return made


def _hide(scores: Floats, excluded: sparse.csr_array | None) -> Floats:
    """A copy of the scores with what is no candidate at minus infinity."""
    hidden = np.array(scores, dtype=scores.dtype, copy=True)
    if excluded is not None:
        hidden[_owner(excluded), excluded.indices] = -np.inf
    return hidden


def _owner(marks: sparse.csr_array) -> Longs:
    return np.repeat(np.arange(marks.shape[0]), np.diff(marks.indptr))


def _ranks(
    scores: Floats,
    targets: sparse.csr_array,
    excluded: sparse.csr_array,
    outside: Longs,
    name: str,
) -> Ranks:
    check_finite(scores, name)
    B, I = scores.shape
    owner, item = _owner(targets), targets.indices
    total = np.bincount(owner, minlength=B) + outside
    if (total == 0).any():
        b = int(np.flatnonzero(total == 0)[0])
        raise DataError(f"{name}: moment {b} has no target; ask only about users who have one")
    rivals = _hide(scores, excluded)
    lost = np.isneginf(rivals[owner, item])
    value = np.where(lost, -np.inf, scores[owner, item])
    order = np.lexsort((item, -value, owner))
    value, lost = value[order], lost[order]
    rivals[owner, item] = -np.inf
    ahead, level = _compare(rivals, value, targets.indptr.astype(np.int64))
    place = np.arange(len(value)) - targets.indptr[owner]
    count = I - np.bincount(owner, minlength=B) - np.diff(excluded.indptr)
    count += np.bincount(owner[lost], minlength=B)
    rank = np.where(lost, MISS, 1 + ahead + level + place).astype(np.int32)
    beaten = np.where(lost, 0.0, count[owner] - ahead - 0.5 * level)
    offsets = targets.indptr.astype(np.int64)
    return Ranks(offsets, rank, beaten, total.astype(np.int64), count.astype(np.int64))


def _compare(rivals: Floats, value: Floats, offsets: Longs) -> tuple[Longs, Longs]:
    """How many rivals score higher than each target, and how many the same [T]."""
    lengths = np.diff(offsets)
    higher, same = np.zeros(len(value), np.int64), np.zeros(len(value), np.int64)
    few = np.flatnonzero(lengths <= _MANY)
    for slot in range(int(lengths[few].max(initial=0))):
        rows = few[lengths[few] > slot]
        at = offsets[rows] + slot
        block = rivals if len(rows) == len(rivals) else rivals[rows]
        mark = value[at][:, None]
        higher[at] = np.count_nonzero(block > mark, axis=1)
        same[at] = np.count_nonzero(block == mark, axis=1)
    for b in np.flatnonzero(lengths > _MANY):
        span = slice(offsets[b], offsets[b + 1])
        row = np.sort(rivals[b])
        up_to = np.searchsorted(row, value[span], side="right")
        higher[span] = len(row) - up_to
        same[span] = up_to - np.searchsorted(row, value[span], side="left")
    return higher, same


def _nobody() -> Ranks:
    none = np.zeros(0, np.int64)
    return Ranks(np.zeros(1, np.int64), none.astype(np.int32), none.astype(np.float64), none, none)
