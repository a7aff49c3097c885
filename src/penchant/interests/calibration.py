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
from typing import Literal, Self

import numpy as np
from pydantic import Field

from penchant.clock import DAY
from penchant.config import Config
from penchant.data.moments import Moments
from penchant.interests.base.decay import FOREVER
from penchant.interests.everybody import Everybody
from penchant.interests.experts import FLOOR, WHOLE, Experts, Follows
from penchant.interests.weights import Levels, Weights
from penchant.random import rng
from penchant.taxonomy.siblings import Siblings
from penchant.types import Arrays, Bools, Doubles, Floats, Longs, State

_LEAST = 0.02  # of a moment: what came beside it is not learned from
_SEARCH = {"maxiter": 200}
_STEPS = 12


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
    """Pull of every weight to zero, beside the mean log loss of a choice; of factors to one."""
    pull_in_all: float = Field(5.0, ge=0.0)
    """At least so much pull of weights beside the log loss of all choices together: a firm hand
    also where few were held out."""
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
        self.pools_ = self._pools(known, [WHOLE, *known.layers], came, families)
        return self

    def take_up(self, everybody: Everybody) -> None:
        """Go on with what all turned to in a larger log."""
        self.everybody_ = everybody

    def sober(self, known: Weights, before: Weights, families: Sequence[Siblings]) -> Self:
        """Be as sure of some moments, in all, as was said `before`, calibrated, by layers that had
        not seen the newest of them; `known` is what those say that have."""
        if not self.pools_:
            return self
        found: dict[str, list[Doubles]] = {of: [] for of in self.pools_}
        levels = enumerate(self._experts(known, list(found), families))
        for (level, experts), family in zip(levels, families, strict=True):
            for of, factors in found.items():
                z = experts.pooled(of, self.pools_[of][level])
                said = before.whole if of == WHOLE else before.layers[of]
                told = _Told.of([z], said[level], experts.follows(of), family)
                factors.append(told.as_sure(self.config.pull))
        self.sober_ = {of: np.array(factors) for of, factors in found.items()}
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
        said = self._applied(known, [WHOLE, *known.layers], families)
        usual = self._applied(stranger, [WHOLE], families)[WHOLE]
        return replace(known, whole=said.pop(WHOLE), layers=said, usual=usual)

    def log_loss(
        self, known: Weights, came: Levels, families: Sequence[Siblings]
    ) -> tuple[float, ...]:
        """Mean log loss of what came [B × K], level by level (nats), in calibrated weights."""
        said = self._applied(known, [WHOLE], families)[WHOLE]
        return tuple(
            float(-(then * np.log(np.maximum(p, FLOOR))).sum(axis=1).mean())
            for p, then in zip(said, came, strict=True)
        )

    def _experts(
        self, known: Weights, of: Sequence[str], families: Sequence[Siblings]
    ) -> Iterator[Experts]:
        """What the experts of some pools say, level by level."""
        c = self.config
        return Experts.levels(known, of, self.everybody_, families, c.rhythms, c.doubts)

    def _applied(
        self, known: Weights, of: Sequence[str], families: Sequence[Siblings]
    ) -> dict[str, Levels]:
        """What some pools say."""
        found: dict[str, list[Floats]] = {name: [] for name in of}
        levels = enumerate(self._experts(known, of, families))
        for (level, experts), family in zip(levels, families, strict=True):
            for name, said in found.items():
                z = experts.pooled(name, self.pools_[name][level])
                if name in self.sober_:
                    z = z * _steepness(self.sober_[name][level], experts.follows(name))
                given = family.softmax(z)
                said.append(said[-1][:, family.parent] * given if said else given)
        return {name: tuple(said) for name, said in found.items()}

    def _pools(
        self, known: Weights, of: Sequence[str], came: Levels, families: Sequence[Siblings]
    ) -> dict[str, list[Doubles]]:
        """The weights of every level's experts [experts × 4], of some pools."""
        found: dict[str, list[Doubles]] = {name: [] for name in of}
        levels = self._experts(known, of, families)
        for experts, then, family in zip(levels, came, families, strict=True):
            for name, pools in found.items():
                each = experts.each(name, len(then))
                told = _Told.of(each, then, experts.follows(name), family)
                start = np.zeros((len(each), told.F.shape[1]))
                start[0, 0] = 1.0
                pools.append(told.likeliest(start, self._pull(len(then))))
        return found

    def _pull(self, moments: int) -> float:
        """Pull of each weight beside the mean log loss of so many choices."""
        return max(self.config.pull, self.config.pull_in_all / max(moments, 1))

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
        wanted, _ = _entropy(np.log(np.maximum(self.T, FLOOR)), there)
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
