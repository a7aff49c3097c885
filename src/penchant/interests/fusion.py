"""How much each layer counts: α ≥ 0, part of every profile.

    s(u, i, t, c) = Σ_l α_l(u, t) · layer_l(i)

`gate`: α_l = θ_l · exp(w_l · f(u, t)), f says how much history there is, how old it is and how
fast it moves; `logistic`: α_l = θ_l, the same for everybody, from a conditional logistic
regression; `fixed`: α_l as given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from pydantic import Field

from penchant.config import Config
from penchant.data.moments import Moments
from penchant.interests.heldout import HeldOut
from penchant.random import derive
from penchant.train.holdout import Holdout
from penchant.train.mixture import (
    Shortlist,
    log_loss,
    shortlisted,
    temperature,
)
from penchant.train.ranked import averaged, rank_gain, summed, taken
from penchant.types import Bools, Doubles, Floats, State

FEATURES = ("events", "age", "pace", "newness")


class FusionConfig(Config):
    """How the layers are put together."""

    kind: Literal["gate", "logistic", "fixed"] = "gate"
    """gate | logistic | fixed."""
    fixed: dict[str, float] = Field(
        default_factory=lambda: {
            "base": 30.0,
            "context": 1.0,
            "dynamic": 0.5,
            "social": 0.5,
            "popularity": 0.3,
        }
    )
    """α by layer, for `fixed`."""
    enough: int = Field(default=300, ge=2)
    """Fewest held-out moments from which a gate is learned; with fewer α is the same for all."""
    pull: float = Field(default=0.02, ge=0.0)
    """Pull of the gate's w to zero: toward the same α for everybody."""
    steepest: float = Field(default=1.0, gt=0.0)
    """Bound on each of the gate's w."""


@dataclass
class Fusion:
    """α for each moment and layer; `held_` is how well what it was fitted to was told then, None
    where it was not fitted here."""

    config: FusionConfig
    names: tuple[str, ...]
    theta_: Doubles = field(init=False)
    slopes_: Doubles = field(init=False)
    mean_: Doubles = field(init=False)
    spread_: Doubles = field(init=False)
    held_: HeldOut | None = field(init=False, default=None)

    def fit(
        self, score: Callable[[Moments], Sequence[Floats]], holdout: Holdout, *, seed: int
    ) -> Self:
        """Learn from held-out moments what makes their outcome likely; `score` gives every
        layer's scores [B × I] of some moments, in the order of `names`."""
        f = features(holdout.moments)
        self.mean_, self.spread_ = f.mean(axis=0), np.maximum(f.std(axis=0), 1e-6)
        self.slopes_ = np.zeros((len(self.names), len(FEATURES)))
        if self.config.kind == "fixed":
            self.held_ = HeldOut(len(holdout))
            return self._fixed()
        candidates, values = shortlisted(score, holdout, seed=derive(seed, "fusion"))
        alone = range(len(self.names))
        self.theta_ = averaged(values, candidates, alone=alone, seed=derive(seed, "climb"))
        if self.config.kind == "gate" and len(holdout) >= self.config.enough:
            self._learn_slopes(values, candidates, f)
        self.theta_ *= temperature(self._logits(values, f), candidates)
        alone_by_name = dict(zip(self.names, values, strict=True))
        self.held_ = HeldOut.of(self._logits(values, f), alone_by_name, candidates)
        return self

    def _fixed(self) -> Self:
        self.theta_ = np.array([self.config.fixed.get(name, 0.0) for name in self.names])
        return self

    def without_evidence(self) -> Self:
        """α where there is no held-out moment to learn from: the fixed ones."""
        n = len(FEATURES)
        self.mean_, self.spread_ = np.zeros(n), np.ones(n)
        self.slopes_ = np.zeros((len(self.names), n))
        return self._fixed()

    def alpha(self, moments: Moments) -> Floats:
        """α [B × layers]."""
        return self._alpha(features(moments))

    def _alpha(self, f: Doubles) -> Floats:
        z = np.clip((f - self.mean_) / self.spread_, -3.0, 3.0)
        return np.asarray(self.theta_ * np.exp(z @ self.slopes_.T), np.float32)

    def _logits(self, values: Floats, f: Doubles) -> Floats:
        return np.asarray(np.einsum("bp,pbc->bc", self._alpha(f), values), np.float32)

    def _learn_slopes(self, values: Floats, candidates: Shortlist, f: Doubles) -> None:
        """w by likelihood; dropped again where it does not help those it was not learned from."""
        half = np.arange(len(f)) % 2 == 0
        flat = log_loss(self._logits(values, f), candidates)
        gain = []
        for learn, judge in ((half, ~half), (~half, half)):
            self.slopes_ = self._slopes(values, candidates, f, learn)
            loss = log_loss(self._logits(values, f), candidates)
            gain.append((flat - loss)[judge])
        gains = np.concatenate(gain)
        before = self._gain_without(values, f, candidates)
        self.slopes_ = self._slopes(values, candidates, f, np.ones(len(f), bool))
        surely = gains.mean() > gains.std() / max(len(gains), 1) ** 0.5
        if not surely or rank_gain(self._logits(values, f), candidates) < before:
            self.slopes_ = np.zeros_like(self.slopes_)

    def _gain_without(self, values: Floats, f: Doubles, candidates: Shortlist) -> float:
        self.slopes_ = np.zeros_like(self.slopes_)
        return rank_gain(self._logits(values, f), candidates)

    def _slopes(
        self,
        values: Floats,
        candidates: Shortlist,
        f: Doubles,
        rows: Bools,
    ) -> Doubles:
        from scipy import optimize

        z = np.clip((f[rows] - self.mean_) / self.spread_, -3.0, 3.0)
        x = values[:, rows]
        part = taken(candidates, rows)
        scale = self._temperature(x, part)
        shape = self.slopes_.shape

        def objective(flat: Doubles) -> tuple[float, Doubles]:
            w = flat.reshape(shape)
            alpha = scale * self.theta_ * np.exp(z @ w.T)
            logits = np.einsum("bp,pbc->bc", alpha.astype(np.float32), x)
            error = _error(logits, part)
            slope = np.einsum("bc,pbc->bp", error, x) * alpha
            loss = log_loss(logits, part).mean() + self.config.pull * (w**2).sum()
            return float(loss), (slope.T @ z / len(z) + 2 * self.config.pull * w).ravel()

        bounds = [(-self.config.steepest, self.config.steepest)] * self.slopes_.size
        found = optimize.minimize(
            objective, np.zeros(self.slopes_.size), jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 60},
        )  # fmt: skip
        return np.asarray(found.x).reshape(shape)

    def _temperature(self, values: Floats, candidates: Shortlist) -> float:
        return temperature(summed(self.theta_, values), candidates)

    def state(self) -> State:
        """θ, w and the features' means and spreads."""
        arrays = {
            "theta": self.theta_,
            "slopes": self.slopes_,
            "mean": self.mean_,
            "spread": self.spread_,
        }
        return arrays, {"names": list(self.names)}

    def restore(self, state: State) -> Self:
        """Take up what was learned."""
        arrays, values = state
        self.names = tuple(values["names"])
        self.theta_, self.slopes_ = arrays["theta"], arrays["slopes"]
        self.mean_, self.spread_ = arrays["mean"], arrays["spread"]
        return self


def features(moments: Moments) -> Doubles:
    """What the gate sees of a moment [B × 4], on log scales.

    events: how many; age: days since the last; pace: days between the last few; newness: share of
    distinct items among the last ten.
    """
    B, n = len(moments), moments.length
    age, pace, newness = np.full(B, 3650.0), np.full(B, 3650.0), np.ones(B)
    some = np.flatnonzero(n)
    if len(some):
        size, last = n[some], moments.offsets[1:][some] - 1
        few = np.minimum(size - 1, 5)
        age[some] = moments.age[last]
        pace[some] = (moments.age[last - few] - age[some]) / np.maximum(few, 1)
        back = np.minimum(
            np.arange(10), size[:, None] - 1
        )  # where there are fewer: the first again
        items = np.sort(moments.item[last[:, None] - back], axis=1)
        distinct = 1 + (items[:, 1:] != items[:, :-1]).sum(axis=1)
        newness[some] = distinct / np.minimum(size, 10)
    return np.stack([np.log1p(n), np.log1p(age), np.log1p(pace), newness], axis=1)


def _error(logits: Floats, candidates: Shortlist) -> Floats:
    """Slope of the log loss by logits [B × C]."""
    z = logits + candidates.stands_for
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return np.asarray(p * candidates.target.sum(axis=1, keepdims=True) - candidates.target)
