"""What a profile says, fitted to what came next: weights that can be taken at their word.

Sums over items are good at telling items apart and too sure, or too unsure, of broad interests.
So each level has a pool of experts about which child of an interest comes next, given that the
interest does:

    P(n | u) = P(parent | u) · softmax_{siblings n}( Σ_e w_e(parent) · log q_e(n | parent) )
    w_e = a_e + b_e · ln(1 + events of the parent) / 3 + c_e · fresh

Experts q: the model's own sums over items; those of the dynamic layer alone, which knows where the
person is heading; what is usual now; what share of all events the interest had so far; and the
person's choices, counted under several rhythms, each believed beside so many
choices' worth of that share (Dirichlet smoothing). *Fresh* is 1 in the midst of a visit, where a
person goes on with what was begun, and 0 between visits. a, b and c belong to nobody: they are the
same for all, one set a level, fitted to held-out choices by likelihood, which is convex: that
somebody buys what they looked at yesterday says nothing new of their interests. A layer alone has a
pool of itself, what is usual, and the counts of its own rhythms: the slow ones are the base
layer's, the quick ones the dynamic layer's. Children add up to their parent by construction, and
where a person has chosen nothing an interest is split as by everybody: nothing narrow is invented.

Log-linear pooling: Genest and Zidek, Combining probability distributions, Statistical Science 1,
1986; that a fitted pool is calibrated where a plain average is not: Ranjan and Gneiting, Combining
probability forecasts, J. Royal Stat. Soc. B 72, 2010.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from pydantic import Field
from scipy import optimize

from penchant.config import Config
from penchant.interests.base.decay import FOREVER
from penchant.interests.weights import Levels, Weights
from penchant.taxonomy.siblings import Siblings
from penchant.types import Arrays, Bools, Doubles, Floats, Longs, State

_FLOOR = 1e-7
"""No expert calls anything less likely than this, among its siblings."""
SLOW = 30.0
"""Half-life in days from which a rhythm is long-term."""
_LEAST = 0.02  # of a moment: what came beside it is not learned from
_SEARCH = {"maxiter": 200}


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
    pull: float = Field(2e-2, ge=0.0)
    """Pull of every weight to zero."""


@dataclass
class Calibration:
    """The pools of every level; `pools_` [experts × 3] each, or none where nothing was held out."""

    config: CalibrationConfig = field(default_factory=CalibrationConfig)
    share_: list[Floats] = field(init=False, default_factory=list)
    pools_: list[Doubles] = field(init=False, default_factory=list)
    alone_: dict[str, list[Doubles]] = field(init=False, default_factory=dict)

    def fit(
        self, known: Weights, came: Levels, share: Levels, families: Sequence[Siblings]
    ) -> Self:
        """Learn from the weights of held-out moments and what came: memberships of the next item,
        level by level [B × K]; `share` is that of all events so far [1 × K]."""
        self.take_up(share)
        self.pools_ = self._pools(known, known.whole, came, families, known.counted, known.heading)
        self.alone_ = {
            name: self._pools(known, said, came, families, self._own(name, known))
            for name, said in known.layers.items()
        }
        return self

    def take_up(self, share: Levels) -> None:
        """Go on with the shares of a larger log [1 × K]."""
        self.share_ = [np.asarray(table[0], np.float32) for table in share]

    def __call__(self, known: Weights, families: Sequence[Siblings]) -> Weights:
        """The same moments with calibrated weights; children add up to parents. What is usual is
        what would be said of somebody unknown."""
        whole = self._applied(
            known, known.whole, self.pools_, families, known.counted, known.heading
        )
        nothing = tuple(tuple(np.zeros_like(t[:1]) for t in tables) for tables in known.counted)
        stranger = replace(known, counted=nothing, fresh=np.zeros_like(known.fresh))
        heading = None if known.heading is None else known.usual
        usual = self._applied(stranger, known.usual, self.pools_, families, nothing, heading)
        layers = {
            name: self._applied(
                known, said, self.alone_.get(name, []), families, self._own(name, known)
            )
            for name, said in known.layers.items()
        }
        return replace(known, whole=whole, layers=layers, usual=usual)

    def _own(self, layer: str, known: Weights) -> Sequence[Levels]:
        """The counts of a layer's own rhythms."""
        slow = {"base": True, "dynamic": False}
        return [
            tables
            for (left, half_life), tables in zip(self.config.rhythms, known.counted, strict=True)
            if slow.get(layer) == (left == 1.0 and (half_life == FOREVER or half_life >= SLOW))
        ]

    def _applied(
        self,
        known: Weights,
        said: Levels,
        pools: Sequence[Doubles],
        families: Sequence[Siblings],
        counted: Sequence[Levels],
        heading: Levels | None = None,
    ) -> Levels:
        if not pools:
            return said
        found: list[Floats] = []
        for level, (pool, family) in enumerate(zip(pools, families, strict=True)):
            evidence = _evidence(family.total(known.counted[-1][level]))
            logits, fresh = np.zeros_like(said[level]), known.fresh[:, None]
            experts = self._experts(known, said, level, family, counted, heading)
            for (a, b, c), x in zip(pool.astype(np.float32), experts, strict=True):
                logits += (a + b * evidence + c * fresh) * x
            given = family.softmax(logits)
            found.append(found[-1][:, family.parent] * given if found else given)
        return tuple(found)

    def _pools(
        self,
        known: Weights,
        said: Levels,
        came: Levels,
        families: Sequence[Siblings],
        counted: Sequence[Levels],
        heading: Levels | None = None,
    ) -> list[Doubles]:
        """The weights of every level's experts [experts × 3]."""
        found = []
        for level, family in enumerate(families):
            moment, parent = _told(came[level], family)
            columns, there = family.children(parent)
            at = (moment[:, None], columns)
            experts = self._experts(known, said, level, family, counted, heading)
            X = np.stack([x[at] for x in experts], axis=2).astype(np.float64)
            T = (came[level][at] * there).astype(np.float64)
            evidence = _evidence(family.total(known.counted[-1][level])[at][:, 0])
            F = np.stack([np.ones(len(X)), evidence, known.fresh[moment]], axis=1)
            found.append(_likeliest(X, there, T, F, len(known), self.config.pull))
        return found

    def _experts(
        self,
        known: Weights,
        said: Levels,
        level: int,
        family: Siblings,
        counted: Sequence[Levels],
        heading: Levels | None,
    ) -> list[Floats]:
        """log q(n | parent) of each expert [B × K]."""
        share = family.given(self.share_[level][None])
        found = [family.given(said[level]), family.given(known.usual[level])]
        found.append(np.broadcast_to(share, found[0].shape))
        if heading is not None:
            found.append(family.given(heading[level]))
        for tables in counted:
            n, total = tables[level], family.total(tables[level])
            found += [
                (n + np.float32(m) * share) / (total + np.float32(m)) for m in self.config.doubts
            ]
        return [np.log(np.maximum(q, _FLOOR)) for q in found]

    def state(self) -> State:
        """The pools."""
        arrays: Arrays = {f"pool{level}": pool for level, pool in enumerate(self.pools_)}
        arrays |= {f"share{level}": share for level, share in enumerate(self.share_)}
        for name, pools in self.alone_.items():
            arrays |= {f"alone.{name}.{level}": pool for level, pool in enumerate(pools)}
        return arrays, {"levels": len(self.pools_), "layers": list(self.alone_)}

    def restore(self, state: State) -> Self:
        """Take up the pools."""
        arrays, values = state
        levels = range(values["levels"])
        self.pools_ = [arrays[f"pool{level}"] for level in levels]
        self.share_ = [arrays[f"share{level}"] for level in levels]
        self.alone_ = {
            name: [arrays[f"alone.{name}.{level}"] for level in levels] for name in values["layers"]
        }
        return self


def _evidence(events: Floats) -> Floats:
    """What the steepness of an expert follows, of order one."""
    return np.asarray(np.log1p(events) / 3.0, np.float32)


def _told(came: Floats, family: Siblings) -> tuple[Longs, Longs]:
    """Moments and parents of what came [R] each: only its siblings can tell anything."""
    moment, parent = np.nonzero(family.up(came) > _LEAST)
    return moment, parent


def _likeliest(
    X: Doubles, there: Bools, T: Doubles, F: Doubles, moments: int, pull: float
) -> Doubles:
    """a, b, c of each expert [experts × 3], from log q [R × S × experts] of the siblings of what
    came, which of the places are taken, how much came on each, and what the weights follow [R × 3]:
    one, the parent's evidence, freshness."""
    E = X.shape[2]
    X = np.where(there[:, :, None], X - X.mean(axis=1, keepdims=True), 0.0)
    weight = T.sum(axis=1)

    def objective(flat: Doubles) -> tuple[float, Doubles]:
        w = F @ flat.reshape(E, 3).T
        z = np.where(there, np.einsum("rse,re->rs", X, w), -np.inf)
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        loss = weight @ np.log(total[:, 0]) - (T * np.where(there, z, 0.0)).sum()
        error = p / total * weight[:, None] - T
        slope = np.einsum("rs,rse->re", error, X).T @ F
        loss = float(loss / moments + pull * flat @ flat)
        return loss, slope.ravel() / moments + 2.0 * pull * flat

    start = np.zeros((E, 3))
    start[0, 0] = 1.0
    found = optimize.minimize(
        objective, start.ravel(), jac=True, method="L-BFGS-B", options=_SEARCH
    )
    return np.asarray(found.x, np.float64).reshape(E, 3)
