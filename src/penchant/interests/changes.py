"""Lasting changes of taste, told from bursts, with a stated rate of false alarms.

For each interest and each visit that touched it, two accounts of the person's acts are compared
(see `changepoint`): that the interest kept the rate at which it was turned to, and that from some
visit on it has a higher one. Bursts belong to both accounts. An alarm is a log likelihood ratio
S ≥ h; what follows is compared with what came since the change began. h is found on the population:
in histories whose days are put into random order nothing lasting happens, so what sounds there is
false; h lets no more first alarms of an interest through than are allowed in a year.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import numpy as np
from pydantic import Field

from penchant.clock import DAY, when
from penchant.config import Config
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.interests.changepoint import Acts, Bursts, Runs
from penchant.interests.rates import priors
from penchant.random import rng
from penchant.taxonomy.tree import Node, Tree
from penchant.types import Doubles, State

_YEAR = 365.25 * DAY
_FEWEST = 4  # choices of a person whom the threshold is learned from
_TAIL = 5.0  # times as many alarms as are allowed: what the threshold is read off
_SURE = 1.64  # standard errors of a count that are spared: it holds 19 times in 20
_STRONG = 5.0  # nats at least, very strong evidence: Kass and Raftery, Bayes factors, JASA 90, 1995
_AT_ONCE = 20_000  # choices that are looked at together, and most of one person in a fit: 90 MB
_LARGEST = 1e6  # a threshold that nothing passes, where too little is known to tell what is false


class ChangesConfig(Config):
    """When a change of taste is called lasting."""

    alarms: float = Field(0.05, gt=0.0, le=10.0)
    """False alarms allowed in a year of one person's history, over all interests, the first of each
    counted: it holds 19 times in 20. All histories that tell the threshold need to be so long
    together that one is allowed: 20 years at 0.05. Else nothing is called lasting."""
    level: int = Field(2, ge=1)
    """Level of the tree; the narrowest where there are fewer."""
    burst: float = Field(3.0, gt=0.0)
    """Days that a burst lasts, on average."""
    bursting: float = Field(0.02, gt=0.0, le=0.2)
    """Share of the time in which an interest is in a burst."""
    taken: float = Field(0.7, ge=0.5, lt=1.0)
    """Share of the acts that go to an interest in its burst, at least."""
    window: int = Field(20, ge=1)
    """Visits with an interest back to which the beginning of a change is sought."""
    people: int = Field(600, ge=1)
    """At most so many histories tell rates and the threshold."""


@dataclass(frozen=True)
class Change:
    """A lasting change toward an interest.

    When it is thought to have begun, when the evidence sufficed, how strong that was (nats), and
    how many choices the person made from the one to the other.
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

    `prior_` [K × R] is how people's rates of each interest are spread over a grid; `years_` is how
    much of people's lives the threshold rests on.
    """

    config: ChangesConfig = field(default_factory=ChangesConfig)
    threshold_: float = field(init=False, default=_LARGEST)
    years_: float = field(init=False, default=0.0)
    prior_: Doubles = field(init=False, repr=False)

    @property
    def bursts(self) -> Bursts:
        """What is taken for a burst."""
        return Bursts(self.config.bursting, self.config.burst, self.config.taken)

    def fit(self, log: Histories, tree: Tree, *, seed: int = 0) -> Self:
        """Learn how often people turn to each interest, and the threshold: it takes histories of so
        many years that one false alarm is allowed in them."""
        draw = rng(seed, "changes")
        people = self._some(log, tree, draw)
        K = len(tree.nodes[self._level(tree) - 1])
        self.prior_ = priors((Runs.of(some, self.bursts) for some in _apart(people)), K)
        self.threshold_ = _LARGEST
        self.years_ = sum(float(one.time[-1] - one.time[0]) / _YEAR for one in people)
        allowed, peaks = self.config.alarms * self.years_, [np.zeros(0)]
        for some in _apart(people) if allowed >= 1.0 else ():
            still = Runs.of(some.shuffled(draw), self.bursts)
            S, _ = still.strongest(self.prior_, self.config.window)
            peaks.append(np.maximum.reduceat(S, np.flatnonzero(still.nth == 0)) if len(S) else S)
        if sum(map(len, peaks)):
            self.threshold_ = threshold(np.concatenate(peaks), allowed)
        return self

    def _level(self, tree: Tree) -> int:
        return min(self.config.level, tree.levels)

    def _some(self, log: Histories, tree: Tree, draw: np.random.Generator) -> list[Acts]:
        """The choices of some people who made enough, the newest of very many."""
        main, found = tree.main(self._level(tree)), []
        many = np.bincount(log.user[log.choices], minlength=len(log.users))
        users = draw.permutation(np.flatnonzero(many >= _FEWEST))[: self.config.people]
        for user in users.tolist():
            own = np.arange(log.offsets[user], log.offsets[user + 1])
            own = own[log.choices[own]][-_AT_ONCE:]
            found.append(Acts.of(log.time[own], main[log.item[own]]))
        return found

    def find(self, moments: Moments, tree: Tree) -> tuple[Change, ...]:
        """The lasting changes in one person's history, in the order in which they were found.

        Raises:
            ValueError: `moments` are not of one person.
        """
        if len(moments) != 1:
            raise ValueError(f"moments: {len(moments)} came, expected one")
        level, found = self._level(tree), []
        chosen = moments.chosen
        acts = Acts.of(moments.time[chosen], tree.main(level)[moments.item[chosen]])
        for k, first, last, evidence in self._alarms(acts):
            node, began, at = tree.nodes[level - 1][k], acts.time[first], acts.time[last]
            path, times = tree.path(node), (when(int(began)), when(int(at)))
            found.append(Change(node, path, *times, evidence, last - first + 1))
        return tuple(sorted(found, key=lambda change: (change.found, -change.evidence)))

    def _alarms(self, acts: Acts) -> Iterator[tuple[int, int, int, float]]:
        """Interest, acts with which a change began and was found, and its evidence."""
        for some in acts.by_interest(_AT_ONCE):
            for k, first, last, evidence in self._first(some):
                yield k, first, last, evidence
                yield from self._later(acts, k, first)

    def _later(self, acts: Acts, k: int, start: int) -> Iterator[tuple[int, int, int, float]]:
        """Further alarms of an interest: what follows is compared with what came since the last
        change began."""
        while (alarm := next(self._first(acts.since(start, k)), None)) is not None:
            _, first, last, evidence = alarm
            yield k, start + first, start + last, evidence
            start += first

    def _first(self, acts: Acts) -> Iterator[tuple[int, int, int, float]]:
        """The first alarm of each interest of a person."""
        runs = Runs.of(acts, self.bursts)
        S, began = runs.strongest(self.prior_, self.config.window)
        over = np.flatnonzero(self.threshold_ <= S)
        node, at = np.unique(runs.node[over], return_index=True)
        for k, v in zip(node.tolist(), over[at].tolist(), strict=True):
            yield k, int(runs.first[began[v]]), int(runs.last[v]), float(S[v])

    def state(self) -> State:
        """The threshold and the priors."""
        return {"prior": self.prior_}, {"threshold": self.threshold_, "years": self.years_}

    def restore(self, state: State) -> Self:
        """Take up what was learned."""
        arrays, values = state
        self.prior_ = arrays["prior"]
        self.threshold_, self.years_ = values["threshold"], values["years"]
        return self


def _apart(people: Sequence[Acts]) -> Iterator[Acts]:
    """The acts of some people, no more together than are looked at at once."""
    some: list[Acts] = []
    for one in people:
        if some and sum(len(x.time) for x in some) + len(one.time) > _AT_ONCE:
            yield Acts.joined(some)
            some = []
        some.append(one)
    if some:
        yield Acts.joined(some)


def threshold(peaks: Doubles, allowed: float) -> float:
    """The evidence that no more than so many of some people's peaks are expected to reach, 19
    times in 20; very strong evidence at least.

    Few reach it: it is read off an exponential tail, fitted to five times as many. Pickands,
    Statistical inference using extreme order statistics, Annals of Statistics 3, 1975.
    """
    allowed = max(allowed - _SURE * np.sqrt(allowed), allowed / 4.0, 1e-9)
    highest = np.sort(peaks)[::-1]
    many = min(max(int(_TAIL * allowed), 1), len(highest) - 1)
    mean = float((highest[:many] - highest[many]).mean()) if many else 0.0
    beyond = max(float(np.log(max(many, 1) / allowed)), 0.0)
    return max(float(highest[many]) + mean * beyond, _STRONG)
