"""How sure are we? Intervals and p-values over users, each user one draw from the population."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant import random
from penchant.errors import DataError
from penchant.types import Doubles

RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over users and where it may as well lie, at the level asked for."""

    value: float
    low: float
    high: float
    users: int

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Paired:
    """A mean difference over the same users: interval, and two p-values that it is zero.

    `p_randomisation` asks about the mean, `p_wilcoxon` about the ranks of the differences.
    """

    difference: float
    low: float
    high: float
    p_randomisation: float
    p_wilcoxon: float
    users: int

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def bootstrap(
    values: Doubles, *, seed: int, resamples: int = RESAMPLES, level: float = LEVEL
) -> list[Interval]:
    """Percentile intervals of the mean of each column of values [U × M].

    All columns share the same draws. NaN (a user of whom a metric says nothing) is left out of its
    column's means.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    Raises:
        DataError: there are no users.
    """
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or not len(table):
        raise DataError(f"values: shape {table.shape} came; expected at least one user × metrics")
    known = ~np.isnan(table)
    filled = np.where(known, table, 0.0)
    means = _resampled(filled, known, seed, resamples)
    tail = 50.0 * (1.0 - level)
    low, high = _percentiles(means, (tail, 100.0 - tail))
    n = known.sum(0)
    value = np.divide(filled.sum(0), n, out=np.full(len(n), np.nan), where=n > 0)
    rows = zip(value, low, high, n, strict=True)
    return [Interval(float(v), float(a), float(b), int(u)) for v, a, b, u in rows]


def paired(
    ours: Doubles, theirs: Doubles, *, seed: int, resamples: int = RESAMPLES, level: float = LEVEL
) -> Paired:
    """The mean of ours − theirs over the same users [U], with interval and p-values.

    Raises:
        DataError: the two are not over the same users.
    """
    if np.shape(ours) != np.shape(theirs):
        raise DataError(
            f"{np.shape(ours)} and {np.shape(theirs)} values came; expected the same users twice"
        )
    d = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    d = d[~np.isnan(d)]
    if not len(d):
        raise DataError("no user has a value in both; expected at least one")
    (interval,) = bootstrap(d[:, None], seed=seed, resamples=resamples, level=level)
    flips = randomisation(d, seed=seed, resamples=resamples)
    return Paired(interval.value, interval.low, interval.high, flips, wilcoxon(d), len(d))


def randomisation(d: Doubles, *, seed: int, resamples: int = RESAMPLES) -> float:
    """Two-sided p-value that the mean difference is zero, by flipping signs.

    p = (1 + #{|mean(±d)| ≥ |mean(d)|}) / (1 + resamples), so it is never below 1 / (1 + resamples).

    Edgington and Onghena, Randomization Tests (2007); Smucker, Allan, Carterette, CIKM 2007.
    """
    d = d[d != 0]
    if not len(d):
        return 1.0
    draws = random.rng(seed, "evaluate", "signs")
    seen, more = abs(d.sum()) * (1 - 1e-12), 0
    for n in _batches(resamples, len(d)):
        signs = draws.integers(0, 2, (n, len(d)), dtype=np.int8)
        total = 2.0 * (signs @ d) - d.sum()
        more += int((np.abs(total) >= seen).sum())
    return (1 + more) / (1 + resamples)


def wilcoxon(d: Doubles) -> float:
    """Two-sided p-value of the Wilcoxon signed-rank test, zeros handled as by Pratt (1959)."""
    from scipy import stats

    if not np.any(d):
        return 1.0
    return float(stats.wilcoxon(d, zero_method="pratt", method="approx").pvalue)


def holm(p: Sequence[float]) -> list[float]:
    """P-values of several comparisons made at once, corrected. Holm, Scand. J. Stat. 6(2), 1979.

    >>> [round(q, 3) for q in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    found = np.asarray(p, np.float64)
    order = np.argsort(found)
    grown = np.maximum.accumulate(found[order] * (len(found) - np.arange(len(found))))
    fixed = np.empty_like(found)
    fixed[order] = np.minimum(grown, 1.0)
    return [float(q) for q in fixed]


def _resampled(filled: Doubles, known: Doubles, seed: int, resamples: int) -> Doubles:
    """Means over users drawn again with replacement [resamples × M]."""
    draws, U = random.rng(seed, "evaluate", "bootstrap"), len(filled)
    both = np.concatenate([filled, known.astype(np.float64)], axis=1)
    sums = []
    for n in _batches(resamples, U):
        drawn = draws.integers(0, U, (n, U), dtype=np.int64) + U * np.arange(n)[:, None]
        weight = np.bincount(drawn.ravel(), minlength=n * U).reshape(n, U)
        sums.append(weight.astype(np.float64) @ both)
    total, count = np.split(np.concatenate(sums), 2, axis=1)
    means: Doubles = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return means


def _percentiles(means: Doubles, at: tuple[float, float]) -> tuple[Doubles, Doubles]:
    empty = np.isnan(means).all(0)
    found = np.nanpercentile(np.where(empty, 0.0, means), at, axis=0)
    low, high = np.where(empty, np.nan, found)
    return low, high


def _batches(resamples: int, users: int) -> list[int]:
    """Split the draws so that about 4 million numbers are held at once."""
    size = max(1, 4_000_000 // max(users, 1))
    return [min(size, resamples - done) for done in range(0, resamples, size)]
