"""How sure a profile is: how far a person's true shares may lie from the weights.

Whoever turns to interests with shares p of their own does so n times; a profile says w. Around w
the shares of people scatter as

    p ~ Dirichlet(κ w),   ln κ = a + b · ln(1 + events)

so the acts to come are Dirichlet-multinomial, and a and b are found by their likelihood, one pair a
level, in the newest tenth of all acts, beside profiles of the time before each. The layers have not
seen these acts where what is held out is cut in time; where it is each person's last act, they have
seen the others. The interval of one interest's share is that of Beta(κ w_n, κ (1 − w_n)). Whoever
acts in bursts scatters more, and κ is less for it: the interval is of what people do, not of a law
that they might follow. Minka, Estimating a Dirichlet distribution, 2000; Madsen, Kauchak, Elkan,
Modeling word burstiness using the Dirichlet distribution, ICML 2005.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from penchant.interests.weights import Levels
from penchant.types import Doubles, Floats, Longs, State

COVER = 0.9
"""How often the true share lies within the interval."""
_PLAIN = (np.log(3.0), 0.5)  # where nothing was held out: three acts' worth, and more with events
_SMALL = 1e-6
_FEWEST = 30  # people with several acts that tell how far people scatter


@dataclass
class Precision:
    """a and b of every level, `known_` [levels × 2]."""

    known_: Doubles = field(init=False, default_factory=lambda: np.zeros((0, 2)))

    def fit(self, weights: Levels, came: Levels, events: Floats, who: Longs) -> Self:
        """Learn from calibrated weights of moments [B × K], the interest that each act was of, as
        ones and zeros [B × K], how many events each profile rests on [B], and whose each moment
        is [B]."""
        _, first, place = np.unique(who, return_index=True, return_inverse=True)
        found = []
        for said, acts in zip(weights, came, strict=True):
            n = np.zeros((len(first), acts.shape[1]))
            np.add.at(n, place, acts)
            found.append(_likeliest(said[first].astype(np.float64), n, events[first]))
        self.known_ = np.array(found)
        return self

    def kappa(self, level: int, events: Floats | Doubles) -> Doubles:
        """κ of people with so many events [B]; `level` from 1."""
        a, b = self.known_[level - 1] if len(self.known_) else _PLAIN
        return np.asarray(np.exp(a + b * np.log1p(np.asarray(events, np.float64))))

    def interval(
        self, level: int, weights: Floats | Doubles, events: Floats | Doubles
    ) -> tuple[Doubles, Doubles]:
        """Between which shares the true ones lie nine times in ten [B × K], from weights [B × K]
        and events [B]."""
        from scipy.special import betaincinv

        kappa = self.kappa(level, events)[:, None]
        w = np.clip(np.asarray(weights, np.float64), _SMALL, 1.0 - _SMALL)
        tail = (1.0 - COVER) / 2.0
        a, b = kappa * w, kappa * (1.0 - w)
        return betaincinv(a, b, tail), betaincinv(a, b, 1.0 - tail)

    def state(self) -> State:
        """a and b."""
        return {"known": self.known_}, {}

    def restore(self, state: State) -> Self:
        """Take up what was learned."""
        self.known_ = state[0]["known"]
        return self


def _likeliest(w: Doubles, n: Doubles, events: Floats) -> Sequence[float]:
    """a and b from weights [U × K], acts [U × K] and events [U]."""
    from scipy import optimize
    from scipy.special import gammaln

    total, x = n.sum(axis=1), np.log1p(events.astype(np.float64))
    several = total > 1.5  # one act says where, not how far around it
    if several.sum() < _FEWEST:
        return _PLAIN
    w, n, total, x = np.maximum(w[several], _SMALL), n[several], total[several], x[several]

    def loss(known: Doubles) -> float:
        kappa = np.exp(np.clip(known[0] + known[1] * x, -5.0, 12.0))
        alpha = kappa[:, None] * w
        each = (gammaln(alpha + n) - gammaln(alpha)).sum(axis=1)
        pull = 0.01 * float(((known - _PLAIN) ** 2).sum())
        return pull - float((gammaln(kappa) - gammaln(kappa + total) + each).sum())

    found = optimize.minimize(loss, np.array(_PLAIN), method="Nelder-Mead")
    return [float(v) for v in found.x]
