"""The experts of a pool, level by level: what each says of an interest's children.

Each says log q(n | parent), among siblings. Own to one pool is what the whole model says by its
sums over items, or one layer; the rest is shared: what is usual now, what share the interest had of
all events, of people's first acts, and lately; what the dynamic layer says alone; and the person's
choices counted under several rhythms, each beside some doubts (Dirichlet smoothing).

A pool's weights follow the parent's evidence, freshness and surprise: see `calibration`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from penchant.interests.base.decay import FOREVER
from penchant.interests.everybody import Everybody
from penchant.interests.weights import Weights
from penchant.taxonomy.siblings import Siblings
from penchant.types import Bools, Doubles, Floats

WHOLE = "whole"
"""The pool of all layers together."""
SLOW = 30.0
"""Half-life in days from which a rhythm is long-term."""
FLOOR = 1e-7
"""No expert calls anything less likely than this, among its siblings."""
_BESIDE = 10.0  # choices, alike on all siblings, that the long run is seen beside
_LATELY = 0.5  # choices of the long run that the last days are seen beside
Rhythms: TypeAlias = Sequence[tuple[float, float]]
"""(what one more event leaves of a count, half-life in days or `FOREVER`) of each."""
Follows: TypeAlias = tuple[Floats, Floats, Floats]
"""What steepness follows on one level: evidence of the parent, of order one [B × K], freshness
[B × 1] and surprise of the parent [B × K or 1 × 1], 0 to 1."""


@dataclass(frozen=True)
class Experts:
    """What all experts say of one level of B moments.

    `own` [B × K] by pool; `shared`, pieces [experts × B or 1 × K], and where somebody is `heading`
    [1 × B × K], which only the whole listens to; `counted` [rhythms × doubts × B × K].
    """

    rhythms: Rhythms
    own: dict[str, Floats]
    shared: tuple[Floats, ...]
    heading: Floats | None
    counted: Floats
    evidence: Floats
    fresh: Floats
    surprise: Floats

    @classmethod
    def levels(
        cls,
        known: Weights,
        of: Sequence[str],
        everybody: Everybody,
        families: Sequence[Siblings],
        rhythms: Rhythms,
        doubts: Sequence[float],
    ) -> "Iterator[Experts]":
        """Those of some pools, broadest level first."""
        own = [known.whole if name == WHOLE else known.layers[name] for name in of]
        heading = known.heading if WHOLE in of else None
        tables = [known.usual, *own, *([] if heading is None else [heading])]
        share, first, lately = everybody.experts(known.heard, families)
        m = np.array(doubts, np.float32)[:, None, None]
        fading = _by_half_life(rhythms)
        for level, family in enumerate(families):
            said = _logs(family.given(np.stack([table[level] for table in tables])))
            ever = np.stack([family.given(share[level]), family.given(first[level])])
            n = np.stack([table[level] for table in known.counted])
            total = family.total(n)
            counted = m * ever[0] + n[:, None]
            counted /= total[:, None] + m
            surprise = np.zeros((1, 1), np.float32)
            if fading is not None:
                surprise = surprised(n[fading[0]], n[fading[1]], family)
            yield cls(
                rhythms,
                dict(zip(of, said[1 : 1 + len(of)], strict=True)),
                (said[:1], _logs(ever), _logs(family.given(lately[level])[None])),
                None if heading is None else said[-1:],
                _logs(counted),
                np.asarray(np.log1p(total[-1]) / 3.0, np.float32),
                known.fresh[:, None],
                surprise,
            )

    def follows(self, of: str) -> Follows:
        """What steepness follows; only the whole is surprised: it alone has counts of the last days
        beside those of the long run."""
        surprise = self.surprise if of == WHOLE else np.zeros((1, 1), np.float32)
        return self.evidence, self.fresh, surprise

    def each(self, of: str, B: int) -> list[Floats]:
        """What every expert of a pool says [B × K each], in the order of its weights."""
        return [np.broadcast_to(x, (B, x.shape[-1])) for piece in self._pieces(of) for x in piece]

    def pooled(self, of: str, pool: Doubles) -> Floats:
        """The weighted sum of what they say [B × K], by weights [experts × 4].

        Raises:
            ValueError: the pool is of other experts.
        """
        pieces = self._pieces(of)
        if len(pool) != (n := sum(map(len, pieces))):
            raise ValueError(f"pool: weights of {len(pool)} experts came, expected {n}")
        w, begin = pool.T.astype(np.float32), 0
        by_what: Floats = np.zeros((len(w), 1, 1), np.float32)
        for piece in pieces:
            n, b, K = piece.shape
            said = w[:, begin : begin + n] @ piece.reshape(n, b * K)
            by_what, begin = by_what + said.reshape(len(w), b, K), begin + n
        found: Floats = by_what[0]
        for x, slope in zip(self.follows(of), by_what[1:], strict=True):
            found = found + x * slope
        return found

    def _pieces(self, of: str) -> list[Floats]:
        """What the experts of a pool say, in pieces [experts × B or 1 × K]."""
        pieces = [self.own[of][None], *self.shared]
        if of == WHOLE and self.heading is not None:
            pieces.append(self.heading)
        counted = self.counted[self._rhythms(of)]
        R, D, b, K = counted.shape
        return [*pieces, counted.reshape(R * D, b, K)]

    def _rhythms(self, of: str) -> slice | Bools:
        """The rhythms of a pool: all of the whole; a layer's own are the slow or the quick ones."""
        slow = {"base": True, "dynamic": False}
        if of == WHOLE:
            return slice(None)
        return np.array([
            slow.get(of) == (left == 1.0 and (half_life == FOREVER or half_life >= SLOW))
            for left, half_life in self.rhythms
        ])  # fmt: skip


def surprised(quick: Floats, slow: Floats, family: Siblings) -> Floats:
    """Divergence of quick counts from slow ones, of the parent, squashed to 0 … 1 [B × K]; nothing
    where the last days have nothing."""
    total = family.total(quick)
    usual = (slow + _BESIDE * family.alike) / (family.total(slow) + _BESIDE)
    lately = (quick + _LATELY * usual) / (total + _LATELY)
    far = np.maximum(family.total(lately * np.log(lately / usual)), 0.0) * total / (total + 1.0)
    return np.asarray(far / (1.0 + far), np.float32)


def _by_half_life(rhythms: Rhythms) -> tuple[int, int] | None:
    """The fastest and the slowest rhythm that fade by time alone; None where there are no two."""
    fading = sorted(
        (np.inf if half_life == FOREVER else half_life, n)
        for n, (left, half_life) in enumerate(rhythms)
        if left == 1.0
    )
    if not fading or not fading[0][0] < SLOW <= fading[-1][0]:
        return None
    return fading[0][1], fading[-1][1]


def _logs(q: Floats) -> Floats:
    """log q, in its place."""
    np.maximum(q, np.float32(FLOOR), out=q)
    return np.log(q, out=q)
