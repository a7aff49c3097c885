"""How people's rates of each interest are spread, learned from what they did."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from penchant.interests.changepoint import RATES, Runs
from penchant.types import Bools, Doubles, Longs

_ROUNDS = 30
_DOUBT = 10.0  # people's worth of what all interests have alike, that a prior is seen beside


def priors(people: Iterable[Runs], K: int) -> Doubles:
    """How people's rates of each interest are spread over `RATES` [K × R], by
    expectation–maximisation from what all acts of each person say of them, each seen beside what
    interests have alike."""
    found = np.full((K, len(RATES)), 1.0 / len(RATES))
    told = [_Told.of(runs, K) for runs in people]
    for _ in range(_ROUNDS if told else 0):
        counts = sum((one.counts(found) for one in told), np.zeros_like(found))
        alike = counts.sum(axis=0) / counts.sum()
        found = (counts + _DOUBT * alike) / (counts.sum(axis=1, keepdims=True) + _DOUBT)
    return found


@dataclass(frozen=True)
class _Told:
    """What people's acts say of their rates: of interests that they met, node [S] and likelihood
    [S × R], and of those that they did not, likelihood [P × R] and whether they did [P × K]."""

    node: Longs
    likely: Doubles
    unmet: Doubles
    met: Bools

    @classmethod
    def of(cls, runs: Runs, K: int) -> Self:
        person, node, told = runs.whole()
        met = np.zeros((len(runs.acts), K), bool)
        met[person, node] = True
        return cls(node, _likely(told.T), _likely(runs.unmet().T), met)

    def counts(self, prior: Doubles) -> Doubles:
        """How many people are expected at each rate of each interest [K × R]."""
        chance = self.unmet @ prior.T
        others = np.divide(1.0, chance, out=np.zeros_like(chance), where=~self.met)
        found = prior * (others.T @ self.unmet)
        share = self.likely * prior[self.node]
        np.add.at(found, self.node, share / share.sum(axis=1, keepdims=True))
        return np.asarray(found)


def _likely(told: Doubles) -> Doubles:
    """Likelihoods of log likelihoods, the best of each row 1."""
    return np.asarray(np.exp(told - told.max(axis=1, keepdims=True)))
