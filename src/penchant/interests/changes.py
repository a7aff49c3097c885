"""Lasting changes of taste, told from bursts, with a stated rate of false alarms.

For each interest a visit is a trial: did it touch the interest? Whoever is taken by something for a
few days comes back to it again and again, so for some days after a touch further visits count
neither for nor against: a burst is one touch, however many acts it has. After each trial, and for
each of the last trials that a change may have begun with, two accounts of what came since are
compared:

    kept on   the rate is the one before: Beta prior over people, and the person's trials before
    changed   the rate is another one, any alike

    S = max over beginnings of log P(trials since | changed) − log P(trials since | kept on)

Both are Beta-binomial, so little evidence before makes a wide forecast and no alarm. An alarm is
S ≥ h where the rate since is above the rate before; what follows is compared with what came since
the change began. h is found on the population: in histories whose visits are put into random order
nothing lasting happens, so what sounds there is false; h is the least that lets no more alarms
through than are allowed in a year. Barry and Hartigan, A Bayesian analysis for change point
problems, JASA 88, 1993; the accounts are those of their product partition model.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import numpy as np
from pydantic import Field

from penchant.clock import DAY, when
from penchant.config import Config
from penchant.data.histories import Histories, Moments
from penchant.interests.visits import Visits
from penchant.random import rng
from penchant.taxonomy.tree import Node, Tree
from penchant.types import Bools, Doubles, Longs, State

_YEAR = 365.25 * DAY
_FEWEST = 4  # visits of a person whom the threshold is learned from
_LARGEST = 1e6  # a threshold that nothing passes, where nobody's history tells what is false


class ChangesConfig(Config):
    """When a change of taste is called lasting."""

    alarms: float = Field(0.05, gt=0.0, le=10.0)
    """False alarms allowed in a year of one person's history, over all interests."""
    level: int = Field(2, ge=1)
    """Level of the tree; the narrowest where there are fewer."""
    burst: float = Field(9.0, ge=0.0)
    """Days after a touch in which further ones say nothing new."""
    window: int = Field(40, ge=1)
    """Trials back to which the beginning of a change is sought."""
    people: int = Field(300, ge=1)
    """At most so many histories are put into random order to find the threshold."""


@dataclass(frozen=True)
class Change:
    """A lasting change toward an interest.

    When it is thought to have begun, when the evidence sufficed, how strong that was (nats), and
    how many acts lay between.
    """

    node: Node
    path: tuple[str, ...]
    began: datetime
    found: datetime
    evidence: float
    acts: int

    def to_json(self) -> dict[str, Any]:
        """The change as plain values."""
        return {
            "id": self.node.id,
            "name": self.node.name,
            "path": list(self.path),
            "began": self.began.isoformat(),
            "found": self.found.isoformat(),
            "evidence": self.evidence,
            "acts": self.acts,
        }

    def __str__(self) -> str:
        began, found = f"{self.began:%Y-%m-%d}", f"{self.found:%Y-%m-%d}"
        return f"toward {' > '.join(self.path)} since {began}, sure from {found}"


@dataclass
class ChangeDetector:
    """Finds lasting changes on one level of the tree.

    `prior_` [K × 2] are Beta priors of the rates at which visits touch each interest;
    `years_` is how much of people's lives the threshold rests on.
    """

    config: ChangesConfig = field(default_factory=ChangesConfig)
    threshold_: float = field(init=False, default=_LARGEST)
    years_: float = field(init=False, default=0.0)
    prior_: Doubles = field(init=False, repr=False)

    def fit(self, log: Histories, tree: Tree, *, seed: int = 0) -> Self:
        """Learn how often visits touch each interest, and the threshold."""
        most, draw = self.config.people, rng(seed, "changes")
        people = self._some(log, tree, draw.permutation(len(log.users)), 4 * most)
        self.prior_ = _heterogeneity(people, len(tree.nodes[self._level(tree) - 1]))
        self.years_, peaks = 0.0, []
        for visits in people[:most]:
            self.years_ += float(visits.time[-1] - visits.time[0]) / _YEAR
            still = visits.shuffled(draw)
            peaks += [self._strength(still, int(k))[1].max() for k in still.nodes]
        if peaks:
            self.threshold_ = _least(np.array(peaks), self.config.alarms * self.years_)
        return self

    def _level(self, tree: Tree) -> int:
        return min(self.config.level, tree.levels)

    def _some(self, log: Histories, tree: Tree, users: Longs, most: int) -> list[Visits]:
        members, found = tree.ellpack(self._level(tree)), []
        for user in users.tolist():
            own = np.arange(log.offsets[user], log.offsets[user + 1])
            own = own[log.positive[own]]
            visits = Visits.of(log.item[own], log.time[own], members)
            if len(visits) >= _FEWEST:
                found.append(visits)
            if len(found) == most:
                break
        return found

    def find(self, moments: Moments, tree: Tree) -> tuple[Change, ...]:
        """The lasting changes in one person's history, in the order in which they were found.

        Raises:
            ValueError: `moments` are not of one person.
        """
        level = self._level(tree)
        visits, found = Visits.among(moments, tree, level), []
        for k in visits.nodes:
            node = tree.nodes[level - 1][k]
            for began, at, evidence in self._alarms(visits, int(k)):
                first, last = (when(int(visits.time[v])) for v in (began, at))
                acts = int(visits.acts[began : at + 1].sum())
                found.append(Change(node, tree.path(node), first, last, evidence, acts))
        return tuple(sorted(found, key=lambda change: (change.found, -change.evidence)))

    def _strength(self, visits: Visits, node: int) -> tuple[Longs, Doubles, Longs]:
        """The visits that are trials [R], S after each, and the trial that a change most likely
        began with."""
        rows, hit = trials(visits, node, self.config.burst)
        return rows, *self._strongest(hit, node)

    def _strongest(self, hit: Bools, node: int) -> tuple[Doubles, Longs]:
        a, b = self.prior_[node]
        return strongest(hit, float(a), float(b), self.config.window)

    def _alarms(self, visits: Visits, node: int) -> Iterator[tuple[int, int, float]]:
        """Visits at which a change began and was found, and its evidence."""
        rows, hit = trials(visits, node, self.config.burst)
        first = 0
        while first < len(hit):
            S, began = self._strongest(hit[first:], node)
            over = np.flatnonzero(self.threshold_ <= S)
            if not len(over):
                return
            at = int(over[0])
            begin = first + int(began[at])
            yield int(rows[begin]), int(rows[first + at]), float(S[at])
            first = begin if begin > first else first + at + 1

    def state(self) -> State:
        """The threshold and the priors."""
        return {"prior": self.prior_}, {"threshold": self.threshold_, "years": self.years_}

    def restore(self, state: State) -> Self:
        """Take up what was learned."""
        arrays, values = state
        self.prior_ = arrays["prior"]
        self.threshold_, self.years_ = values["threshold"], values["years"]
        return self


def trials(visits: Visits, node: int, burst: float) -> tuple[Longs, Bools]:
    """Visits that count for an interest [R], and which of them touched it; for `burst` days after
    one that did, none counts."""
    touched, counts, blind = visits.on(node), [], -np.inf
    for v, time in enumerate(visits.time.tolist()):
        if time >= blind:
            counts.append(v)
            if touched[v]:
                blind = time + burst * DAY
    rows = np.array(counts, np.int64)
    return rows, touched[rows]


def strongest(hit: Bools, a: float, b: float, window: int) -> tuple[Doubles, Longs]:
    """S after each trial [R] under the prior Beta(a, b), and the trial that the change most likely
    began with."""
    from scipy.special import betaln

    R = len(hit)
    if R < 2:
        return np.zeros(R), np.arange(R)
    K = np.append(0, np.cumsum(hit))
    end = np.arange(1, R + 1)[:, None]
    start = end - np.arange(1, min(window, R) + 1)[None, :]
    possible, start = start >= 1, np.maximum(start, 0)
    k, n = K[end] - K[start], end - start
    k0, n0 = K[start], start
    kept = betaln(a + k0 + k, b + n0 - k0 + n - k) - betaln(a + k0, b + n0 - k0)
    more = k * (a + b + n0) > (a + k0) * n
    S = np.where(possible & more, betaln(1.0 + k, 1.0 + n - k) - kept, 0.0)
    best, rows = S.argmax(axis=1), np.arange(R)
    return S[rows, best], start[rows, best]


def _least(peaks: Doubles, allowed: float) -> float:
    """The least threshold that no more than so many peaks reach; one nat at least."""
    highest = np.sort(peaks)[::-1]
    first = min(int(allowed), len(highest) - 1)
    return max(float(highest[first]) + 1e-9, 1.0)


def _heterogeneity(people: list[Visits], K: int) -> Doubles:
    """Beta priors over people of the rates at which visits touch each interest [K × 2], by moments
    of the rates of people."""
    if len(people) < 2:
        return np.tile([0.1, 1.0], (K, 1))
    rates = np.stack([np.diff(v.touched.indptr) / len(v) for v in people])
    n = np.mean([len(v) for v in people])
    mean = np.clip(rates.mean(axis=0), 1e-3, 0.9)
    noise = mean * (1.0 - mean) / n
    spread = np.clip(rates.var(axis=0) - noise, 1e-6, 0.9 * mean * (1.0 - mean))
    mass = np.clip(mean * (1.0 - mean) / spread - 1.0, 0.3, 50.0)
    return np.stack([mean * mass, (1.0 - mean) * mass], axis=1)
