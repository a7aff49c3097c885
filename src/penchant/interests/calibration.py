"""What a profile says, fitted to what came next: weights that can be taken at their word.

Sums over items are good at telling items apart and too sure, or too unsure, of broad interests.
So each level has a pool of experts about which child of an interest comes next, given that the
interest does:

    P(n | u) = P(parent | u) · softmax_{siblings n}( Σ_e w_e(parent) · log q_e(n | parent) )
    w_e = a_e + b_e · ln(1 + events of the parent) / 3 + c_e · fresh + d_e · surprise

Experts q: what share the interest had of all events so far, of people's first acts, and lately; the
model's own sums over items; those of the dynamic layer alone, which knows where the person is
heading; what is usual now; and the person's choices, counted under several rhythms, each believed
beside so many choices' worth of everybody's share (Dirichlet smoothing). *Fresh* is 1 in the midst
of a visit, where a person goes on with what was begun, and 0 between visits. *Surprise* is how far
the choices of the last days lie from those of the long run (Kullback–Leibler divergence among the
siblings, squashed to 0 … 1): in a burst, what is lately done says more than all the years. a, b, c
and d belong to nobody: they are the same for all, one set a level, fitted to held-out choices by
likelihood, which is convex: that somebody buys what they looked at yesterday says nothing new of
their interests. A layer alone has a pool of itself, what is usual, what everybody does, and the
counts of its own rhythms: the slow ones are the base layer's, the quick ones the dynamic layer's.
Children add up to their parent by construction, and where a person has chosen nothing an interest
is split as by everybody: nothing narrow is invented.

What everybody did is as old in the held-out moments as it gets while a model is used: how far it
can be trusted is told by many times, not by the one at which the layers stopped learning. And
layers that learn the whole log again are surer of people whom they have seen, and no more right. So
the logits of each level get one factor, a + b · evidence + c · fresh + d · surprise, by which they
say of people as they are now, in all, what was said by the layers that had not seen the newest
events.

Log-linear pooling: Genest and Zidek, Combining probability distributions, Statistical Science 1,
1986; that a fitted pool is calibrated where a plain average is not: Ranjan and Gneiting, Combining
probability forecasts, J. Royal Stat. Soc. B 72, 2010.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self, TypeAlias

import numpy as np
from pydantic import Field

from penchant.clock import DAY
from penchant.config import Config
from penchant.data.histories import Moments
from penchant.interests.base.decay import FOREVER
from penchant.interests.everybody import Everybody
from penchant.interests.weights import Levels, Weights
from penchant.random import rng
from penchant.taxonomy.siblings import Siblings
from penchant.types import Arrays, Bools, Doubles, Floats, Longs, State

_FLOOR = 1e-7
"""No expert calls anything less likely than this, among its siblings."""
SLOW = 30.0
"""Half-life in days from which a rhythm is long-term."""
_LEAST = 0.02  # of a moment: what came beside it is not learned from
_BESIDE = 10.0  # choices, alike on all siblings, that the long run is seen beside
_LATELY = 0.5  # choices of the long run that the last days are seen beside
_SEARCH = {"maxiter": 200}
_STEPS = 12
WHOLE = "whole"
"""The pool of all layers together."""
Follows: TypeAlias = tuple[Floats, Floats, Floats]
"""What steepness follows on one level: evidence of the parent, of order one [B × K], freshness
[B × 1] and surprise of the parent [B × K or 1 × 1], 0 to 1."""


class CalibrationConfig(Config):
    """How the weights of a profile are calibrated."""

    kind: Literal["pool", "none"] = "pool"
    """pool | none: sums over items as they are."""
    rhythms: tuple[tuple[float, float], ...] = (
        (0.6, FOREVER),
        (1.0, 7.0),
        (1.0, 120.0),
        (1.0, FOREVER),
    )
    """(what one more event leaves of a count, half-life in days or 0 for never) of the counts."""
    doubts: tuple[float, ...] = (1.0, 10.0)
    """Choices' worth of everybody's share that counts are seen beside."""
    moments: int = Field(10_000, ge=100)
    """At most so many held-out choices are fitted to."""
    pull: float = Field(3e-3, ge=0.0)
    """Pull of every weight to zero."""
    lately: float = Field(30.0, gt=0.0)
    """Half-life in days of what everybody turned to lately."""
    stale: float | None = Field(None, ge=0.0)
    """Days for which a model is used before it learns again: what it knows of everybody grows so
    old. None: as long as the newest tenth of the log took."""

    def overtaken(self, moments: Moments, waits: Longs, seed: int) -> Moments:
        """The same moments, at which what everybody did is known until some time before: as long as
        one of `waits` (µs), drawn at random, or up to so many days as are `stale`."""
        draw, B = rng(seed, "stale"), len(moments)
        if self.stale is not None:
            waits = (draw.random(B) * self.stale * DAY).astype(np.int64)
        elif len(waits):
            waits = draw.choice(waits, B)
        else:
            waits = np.zeros(B, np.int64)
        return replace(moments, heard=moments.at - waits)


@dataclass
class Calibration:
    """The pools of each layer alone and of the whole, level by level: `pools_` [experts × 4] each,
    none where nothing was held out; `sober_` [levels × 4] the factors of their logits."""

    config: CalibrationConfig = field(default_factory=CalibrationConfig)
    everybody_: Everybody = field(init=False)
    pools_: dict[str, list[Doubles]] = field(init=False, default_factory=dict)
    sober_: dict[str, Doubles] = field(init=False, default_factory=dict)

    def fit(
        self, known: Weights, came: Levels, everybody: Everybody, families: Sequence[Siblings]
    ) -> Self:
        """Learn from the weights of held-out moments and what came: memberships of the next item,
        level by level [B × K]; `everybody` is what all turned to before each."""
        self.take_up(everybody)
        self.sober_ = {}
        self.pools_ = {of: self._pools(known, of, came, families) for of in (WHOLE, *known.layers)}
        return self

    def take_up(self, everybody: Everybody) -> None:
        """Go on with what all turned to in a larger log."""
        self.everybody_ = everybody

    def sober(self, known: Weights, before: Weights, families: Sequence[Siblings]) -> Self:
        """Be as sure of some moments, in all, as was said `before`, calibrated, by layers that had
        not seen the newest of them; `known` is what those say that have."""
        self.sober_ = {}
        found = {}
        for of, pools in self.pools_.items():
            logits = self._logits(known, of, pools, families)
            wanted = before.whole if of == WHOLE else before.layers[of]
            factors = []
            for (z, follows), said, family in zip(logits, wanted, families, strict=True):
                told = _Told.of([z], said, follows, family)
                factors.append(told.as_sure(self.config.pull))
            found[of] = np.array(factors)
        self.sober_ = found
        return self

    def __call__(self, known: Weights, families: Sequence[Siblings]) -> Weights:
        """The same moments with calibrated weights; children add up to parents. What is usual is
        what would be said of somebody unknown."""
        if not self.pools_:
            return known
        nothing = tuple(tuple(np.zeros_like(t[:1]) for t in tables) for tables in known.counted)
        stranger = replace(
            known, whole=known.usual, counted=nothing, fresh=np.zeros_like(known.fresh),
            heading=None if known.heading is None else known.usual,
        )  # fmt: skip
        whole = self._applied(known, WHOLE, families)
        usual = self._applied(stranger, WHOLE, families)
        layers = {name: self._applied(known, name, families) for name in known.layers}
        return replace(known, whole=whole, layers=layers, usual=usual)

    def log_loss(
        self, known: Weights, came: Levels, families: Sequence[Siblings]
    ) -> tuple[float, ...]:
        """Mean log loss of what came [B × K], level by level (nats), in calibrated weights."""
        said = self._applied(known, WHOLE, families)
        return tuple(
            float(-(then * np.log(np.maximum(p, _FLOOR))).sum(axis=1).mean())
            for p, then in zip(said, came, strict=True)
        )

    def _applied(self, known: Weights, of: str, families: Sequence[Siblings]) -> Levels:
        found: list[Floats] = []
        logits = self._logits(known, of, self.pools_[of], families)
        for level, ((z, follows), family) in enumerate(zip(logits, families, strict=True)):
            if of in self.sober_:
                z = z * _steepness(self.sober_[of][level], follows)
            given = family.softmax(z)
            found.append(found[-1][:, family.parent] * given if found else given)
        return tuple(found)

    def _logits(
        self, known: Weights, of: str, pools: Sequence[Doubles], families: Sequence[Siblings]
    ) -> Iterator[tuple[Floats, Follows]]:
        """What a pool says among siblings [B × K], and what its steepness follows, level by
        level."""
        experts, followed = self._experts(known, of, families), self._follows(known, of, families)
        for pool, each, follows in zip(pools, experts, followed, strict=True):
            logits = np.zeros_like(each[0])
            for w, x in zip(pool, each, strict=True):
                logits += _steepness(w, follows) * x
            yield logits, follows

    def _pools(
        self, known: Weights, of: str, came: Levels, families: Sequence[Siblings]
    ) -> list[Doubles]:
        """The weights of every level's experts [experts × 4]."""
        experts, followed = self._experts(known, of, families), self._follows(known, of, families)
        found = []
        for each, follows, then, family in zip(experts, followed, came, families, strict=True):
            told = _Told.of(each, then, follows, family)
            start = np.zeros((len(each), told.F.shape[1]))
            start[0, 0] = 1.0
            found.append(told.likeliest(start, self.config.pull))
        return found

    def _experts(
        self, known: Weights, of: str, families: Sequence[Siblings]
    ) -> Iterator[list[Floats]]:
        """log q(n | parent) of each expert [B × K], level by level."""
        whole = of == WHOLE
        counted = known.counted if whole else self._own(of, known)
        share, first, lately = self.everybody_.experts(known.heard, families)
        tables = [known.whole if whole else known.layers[of], known.usual, share, first, lately]
        tables += [known.heading] if whole and known.heading is not None else []
        for level, family in enumerate(families):
            found = [family.given(table[level]) for table in tables]
            for tables_ in counted:
                n = tables_[level]
                total = family.total(n)
                found += [
                    (n + np.float32(m) * found[2]) / (total + np.float32(m))
                    for m in self.config.doubts
                ]
            yield [np.broadcast_to(np.log(np.maximum(q, _FLOOR)), found[0].shape) for q in found]

    def _own(self, layer: str, known: Weights) -> Sequence[Levels]:
        """The counts of a layer's own rhythms."""
        slow = {"base": True, "dynamic": False}
        return [
            tables
            for (left, half_life), tables in zip(self.config.rhythms, known.counted, strict=True)
            if slow.get(layer) == (left == 1.0 and (half_life == FOREVER or half_life >= SLOW))
        ]

    def _follows(self, known: Weights, of: str, families: Sequence[Siblings]) -> Iterator[Follows]:
        """What steepness follows, level by level; only the whole is surprised: it alone has counts
        of the last days beside those of the long run."""
        fading = sorted(
            (np.inf if half_life == FOREVER else half_life, n)
            for n, (left, half_life) in enumerate(self.config.rhythms)
            if left == 1.0
        )
        quick = bool(fading) and fading[0][0] < SLOW <= fading[-1][0] and of == WHOLE
        for level, family in enumerate(families):
            evidence = np.log1p(family.total(known.counted[-1][level])) / 3.0
            surprise = np.zeros((1, 1), np.float32)
            if quick:
                lately, ever = (known.counted[fading[n][1]][level] for n in (0, -1))
                surprise = _surprise(lately, ever, family)
            yield np.asarray(evidence, np.float32), known.fresh[:, None], surprise

    def state(self) -> State:
        """The pools."""
        if not self.pools_:
            return {}, {"levels": 0, "of": []}
        arrays: Arrays = {f"sober.{of}": factors for of, factors in self.sober_.items()}
        for of, pools in self.pools_.items():
            arrays |= {f"pool.{of}.{level}": pool for level, pool in enumerate(pools)}
        arrays |= {f"everybody.{name}": a for name, a in self.everybody_.state()[0].items()}
        return arrays, {"levels": len(self.pools_[WHOLE]), "of": list(self.pools_)}

    def restore(self, state: State) -> Self:
        """Take up the pools."""
        arrays, values = state
        self.pools_ = {
            of: [arrays[f"pool.{of}.{level}"] for level in range(values["levels"])]
            for of in values["of"]
        }
        self.sober_ = {of: arrays[f"sober.{of}"] for of in values["of"] if f"sober.{of}" in arrays}
        if self.pools_:
            told = {k.split(".", 1)[1]: a for k, a in arrays.items() if k.startswith("everybody.")}
            self.everybody_ = Everybody.from_state((told, {}))
        return self


def _surprise(quick: Floats, slow: Floats, family: Siblings) -> Floats:
    """Divergence of quick counts from slow ones, of the parent, squashed to 0 … 1 [B × K]; nothing
    where the last days have nothing."""
    alike = 1.0 / family.total(np.ones_like(slow[:1]))
    total = family.total(quick)
    usual = (slow + _BESIDE * alike) / (family.total(slow) + _BESIDE)
    lately = (quick + _LATELY * usual) / (total + _LATELY)
    far = np.maximum(family.total(lately * np.log(lately / usual)), 0.0) * total / (total + 1.0)
    return np.asarray(far / (1.0 + far), np.float32)


def _steepness(w: Doubles, follows: Follows) -> Floats:
    """a + Σ b · what it follows [B × K]."""
    a, *b = w.astype(np.float32)
    found = np.full((1, 1), a, np.float32)
    for one, x in zip(b, follows, strict=True):
        found = found + one * x if one else found
    return found


@dataclass(frozen=True)
class _Told:
    """What came among siblings: log q [R × S × experts] of each expert, which of the places are
    taken [R × S], how much came on each [R × S], and what the weights follow [R × 4]: one, the
    parent's evidence, freshness, surprise; from so many moments."""

    X: Doubles
    there: Bools
    T: Doubles
    F: Doubles
    moments: int

    @classmethod
    def of(
        cls,
        experts: Sequence[Floats],
        came: Floats,
        follows: Follows,
        family: Siblings,
    ) -> Self:
        """From what experts say and what came [B × K]: only its siblings can tell anything."""
        moment, parent = np.nonzero(family.up(came) > _LEAST)
        columns, there = family.children(parent)
        at = (moment[:, None], columns)
        X = np.stack([x[at] for x in experts], axis=2).astype(np.float64)
        X = np.where(there[:, :, None], X - X.mean(axis=1, keepdims=True), 0.0)
        features = [np.broadcast_to(f, came.shape)[at][:, 0] for f in follows]
        F = np.stack([np.ones(len(X)), *features], axis=1)
        return cls(X, there, (came[at] * there).astype(np.float64), F, len(came))

    def likeliest(self, start: Doubles, pull: float) -> Doubles:
        """a, b, c, d of each expert [experts × 4]."""
        from scipy import optimize

        X, there, T, F, weight = self.X, self.there, self.T, self.F, self.T.sum(axis=1)

        def objective(flat: Doubles) -> tuple[float, Doubles]:
            w = F @ flat.reshape(start.shape).T
            z = np.where(there, np.einsum("rse,re->rs", X, w), -np.inf)
            z -= z.max(axis=1, keepdims=True)
            p = np.exp(z)
            total = p.sum(axis=1, keepdims=True)
            loss = weight @ np.log(total[:, 0]) - (T * np.where(there, z, 0.0)).sum()
            error = p / total * weight[:, None] - T
            slope = np.einsum("rs,rse->re", error, X).T @ F
            loss = float(loss / self.moments + pull * flat @ flat)
            return loss, slope.ravel() / self.moments + 2.0 * pull * flat

        found = optimize.minimize(
            objective, start.ravel(), jac=True, method="L-BFGS-B", options=_SEARCH
        )
        return np.asarray(found.x, np.float64).reshape(start.shape)

    def as_sure(self, pull: float) -> Doubles:
        """a, b, c, d of the factor on the logits of one expert [4] by which it has, in all and
        along what it follows, the entropy of what came; pulled to 1, 0, 0, 0.

        Likelihood would do as well were what came drawn; it is said, and where two ways of saying
        it differ by chance the likeliest is less sure than either.
        """
        z, there, F, weight = self.X[:, :, 0], self.there, self.F, self.T.sum(axis=1)
        wanted, _ = _entropy(np.log(np.maximum(self.T, _FLOOR)), there)
        w = as_it_is = np.eye(F.shape[1])[0]
        for _ in range(_STEPS):  # Newton's: the entropy's slope is −t · the variance of z
            t = F @ w
            found, variance = _entropy(z, there, t)
            error = F.T @ (weight * (found - wanted)) / self.moments - pull * (w - as_it_is)
            bend = (F * (weight * np.maximum(t, 0.1) * variance)[:, None]).T @ F / self.moments
            w = w + np.linalg.solve(bend + max(pull, 1e-9) * np.eye(len(w)), error)
        return np.asarray(w, np.float64)


def _entropy(z: Doubles, there: Bools, t: Doubles | None = None) -> tuple[Doubles, Doubles]:
    """Entropy of softmax(t · z) over the places taken [R], and the variance of z under it [R]."""
    logits = np.where(there, z if t is None else z * t[:, None], -np.inf)
    logits -= logits.max(axis=1, keepdims=True)
    q = np.exp(logits)
    total = q.sum(axis=1, keepdims=True)
    q /= total
    entropy = np.log(total[:, 0]) - (q * np.where(there, logits, 0.0)).sum(axis=1)
    mean = (q * z).sum(axis=1, keepdims=True)
    return entropy, np.asarray((q * (z - mean) ** 2).sum(axis=1))
