"""Which contexts matter: by how much better the next interest is foretold with than without.

The newest tenth of the acts is foretold by what the acts before it say. Without a context, by what
the person turned to before, smoothed with everybody's shares; with it, by the same times
everybody's shrunken lifts:

    P(n | u, c) ∝ P(n | u) · lift_n(c) / mean lift_n

The gain is the mean fall of −log P, with an interval that knows that one person's acts hang
together and that one day's do. A context matters when its gain is above zero, by Benjamini and
Hochberg over all contexts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from penchant.data.histories import Histories
from penchant.interests.context import shrink
from penchant.interests.context.tally import Acts, measured
from penchant.random import rng
from penchant.types import Doubles, Longs

if TYPE_CHECKING:
    from penchant.interests.context.when import Asked

NEWEST = 0.1
"""Share of the acts that is foretold."""
DOUBTS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Acts' worth of everybody's shares that a person's are smoothed with."""
_MOST = 20_000  # acts that are foretold
_LEAST = 100  # below so many nothing is said


@dataclass(frozen=True)
class Gain:
    """What knowing a context does for the log loss of the next act's interest, in nats.

    `without` is the loss without it; `gain` how much lower it is with it, `low` to `high` its 95 %
    interval, measured on so many `acts`. `chance` is the p-value, corrected for the number of
    contexts.
    """

    context: str
    gain: float
    low: float
    high: float
    without: float
    acts: int
    chance: float

    @property
    def matters(self) -> bool:
        """Whether the gain is above zero beyond chance."""
        return self.low > 0 and self.chance <= shrink.WRONG

    def __str__(self) -> str:
        return f"{self.context}: {self.gain:+.4f} nats ({self.low:+.4f} to {self.high:+.4f})"


def gains(
    log: Histories, rows: Longs, nodes: sparse.csr_array, found: Sequence["Asked"], *, seed: int
) -> list[Gain]:
    """The gain of each context on the newest of some acts of a log, the best first; none where
    there are too few."""
    from scipy import stats

    time = log.time[rows]
    cut = np.quantile(time, 1.0 - NEWEST, method="higher") if len(rows) else 0
    old, new = np.flatnonzero(time < cut), np.flatnonzero(time >= cut)
    if len(new) < _LEAST or len(old) < _LEAST:
        return []
    if len(new) > _MOST:
        new = np.sort(rng(seed, "lifts", "newest").choice(new, _MOST, replace=False))
    P, Y = usual(log.user[rows].astype(np.int64), nodes, old, new), nodes[new]
    without = surprise(P, Y)
    made, user = [], log.user[rows[new]].astype(np.int64)
    for a in found:
        acts = Acts.of(log, rows[old], a.codes[old], nodes[old], a.period[old])
        factor = factors(acts, len(a.variable.values))
        code = a.codes[new]
        Q = P * np.where((code >= 0)[:, None], factor[np.maximum(code, 0)], 1.0)
        less = without - surprise(Q / Q.sum(axis=1, keepdims=True), Y)
        error = max(_error(less, user), _error(less, a.period[new]))
        p = float(stats.norm.sf(less.mean() / max(error, 1e-12))) * 2 if less.any() else 1.0
        mean, wide = float(less.mean()), 1.96 * error
        made.append(
            Gain(
                a.variable.name, mean, mean - wide, mean + wide, float(without.mean()), len(new),
                min(p, 1.0),
            )
        )  # fmt: skip
    return sorted(_corrected(made), key=lambda gain: -gain.gain)


def factors(acts: Acts, values: int) -> Doubles:
    """Everybody's lifts of a context against the mean over its values [values × K]."""
    counted = [measured(acts, v) for v in range(values)]
    (known,) = shrink.everybody([counted])
    made = [
        np.exp(s.log) / (m.share * np.exp(s.log) + 1.0 - m.share)
        for s, m in zip(known, counted, strict=True)
    ]
    return np.stack(made)


def usual(user: Longs, nodes: sparse.csr_array, old: Longs, new: Longs) -> Doubles:
    """P(n | u) of the people of new acts by their old ones [B × K]; smoothing is chosen by how it
    foretells each old act from the others."""
    U = int(user.max(initial=-1)) + 1
    own = sparse.csr_array((np.ones(len(old)), (user[old], np.arange(len(old)))), (U, len(old)))
    counts = sparse.csr_array(own @ nodes[old])
    share = np.asarray(counts.sum(axis=0)).ravel() + 1e-3
    share /= share.sum()
    T = np.asarray(counts.sum(axis=1)).ravel()
    Y = nodes[old].tocoo()
    u, k = user[old][Y.coords[0]], Y.coords[1]
    others = np.maximum(np.asarray(counts[u, k]).ravel() - Y.data, 0.0)
    losses = [-(Y.data * np.log((others + m * share[k]) / (T[u] - 1.0 + m))).sum() for m in DOUBTS]
    m = DOUBTS[int(np.argmin(losses))]
    found = np.asarray(counts[user[new]].toarray(), np.float64) + m * share
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def surprise(P: Doubles, Y: sparse.csr_array) -> Doubles:
    """−Σ_n Y_n log P_n of each act [B]."""
    return -np.asarray(Y.multiply(np.log(np.maximum(P, 1e-9))).sum(axis=1), np.float64).ravel()


def _error(values: Doubles, groups: Longs) -> float:
    """Standard error of a mean whose values hang together in groups."""
    _, place = np.unique(groups, return_inverse=True)
    sums = np.bincount(place, values - values.mean())
    G = len(sums)
    return float(np.sqrt((sums**2).sum() * G / max(G - 1, 1)) / len(values))


def _corrected(made: list[Gain]) -> list[Gain]:
    """P-values by Benjamini and Hochberg."""
    from scipy import stats

    if not made:
        return []
    p = stats.false_discovery_control([gain.chance for gain in made])
    return [replace(gain, chance=float(q)) for gain, q in zip(made, p, strict=True)]
