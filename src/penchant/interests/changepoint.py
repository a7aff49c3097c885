"""How likely people's acts are where an interest keeps its rate, and where it takes another one.

Every act is a trial: was it of the interest? It is at the person's own rate r, but for bursts: for
some days an interest can take somebody over, whatever they otherwise care for, and go as it came.
So the chance of a touch is r, or that of a burst, by a hidden state that is left and entered at
random as days pass: a hidden Markov model with two states, solved by the forward algorithm
(Rabiner, A tutorial on hidden Markov models, Proc. IEEE 77, 1989). What one burst explains says
little of r, however many acts it has; touches that come back weeks apart are not explained.

    kept on   r is the same all along, drawn from what people have: a prior over a grid of rates
    changed   from a visit on r is another one, well above it, drawn from the same prior

    S = max over beginnings of log P(acts | changed) − log P(acts | kept on)

Barry and Hartigan, A Bayesian analysis for change point problems, JASA 88, 1993: the accounts are
those of their product partition model with one change.

Between two touches lie acts that are none. As a row of states goes through one touch after another
by 2 × 2 matrices, everything here is products of them, for all interests of all people at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from penchant.clock import DAY, HOUR
from penchant.interests.visits import VISIT
from penchant.types import Bools, Doubles, Ints, Longs

RATES = np.array([0.002, 0.006, 0.015, 0.03, 0.06, 0.1, 0.16, 0.24, 0.35, 0.48, 0.62, 0.8])
"""Shares of a person's acts that an interest may have [R]."""
_FORGOTTEN = 16  # acts elsewhere after which the state does not matter any more
_ROUNDS = 30
_DOUBT = 10.0  # people's worth of what all interests have alike, that a prior is seen beside
_LEAST = 0.05  # share of the acts, from which a rate is one that somebody turned to
_MORE = 1.5  # times the rate before


@dataclass(frozen=True)
class Bursts:
    """What bursts are like: share of an interest's time that is one, how long they last (days),
    and which share of the acts goes to the interest in one."""

    share: float
    days: float
    strength: float

    @cached_property
    def touch(self) -> Doubles:
        """Chance of a touch, by rate and state [R × 2]."""
        return np.stack([RATES, np.maximum(RATES, self.strength)], axis=1)

    @cached_property
    def usual(self) -> Doubles:
        """Chances of the states where nothing is known [2]."""
        return np.array([1.0 - self.share, self.share])

    def elsewhere(self, acts: "Acts") -> Doubles:
        """Sums of log P(no touch) of the acts up to each [N + 1 × R], where no burst was before."""
        days = np.diff(acts.time, prepend=0) / DAY
        days[acts.offsets[:-1][acts.length > 0]] = np.inf
        burst = self.share * -np.expm1(-days / self.days)
        chance = (1.0 - self.touch) @ np.stack([1.0 - burst, burst])
        return np.concatenate([np.zeros((1, len(RATES))), np.cumsum(np.log(chance.T), axis=0)])

    def passed(self, states: Doubles, days: Doubles) -> Doubles:
        """States [M × 2 × R × 2] after some days [M]."""
        left = np.exp(-days / self.days)[:, None, None]
        total = states.sum(axis=3)
        burst = self.share * total
        burst = burst + (states[..., 1] - burst) * left
        return np.stack([total - burst, burst], axis=3)


@dataclass(frozen=True)
class Acts:
    """Acts of P people, oldest first: time [N] (µs), the interest of each [N] (-1: none), and where
    each person begins, offsets [P + 1]."""

    time: Longs
    node: Ints
    offsets: Longs

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, time: Longs, node: Ints) -> "Acts":
        """The acts of one person."""
        return cls(time, node, np.array([0, len(time)]))

    @classmethod
    def joined(cls, people: Sequence["Acts"]) -> "Acts":
        """The acts of several people, each on their own, one after the other."""
        sizes = [len(one.time) for one in people]
        return cls(
            np.concatenate([one.time for one in people]),
            np.concatenate([one.node for one in people]),
            np.append(0, np.cumsum(sizes, dtype=np.int64)),
        )

    @cached_property
    def length(self) -> Longs:
        """How many acts each person has [P]."""
        return np.diff(self.offsets)

    @cached_property
    def person(self) -> Longs:
        """Whose act each is [N]."""
        return np.repeat(np.arange(len(self)), self.length)

    def since(self, act: int, node: int) -> "Acts":
        """The acts of one person from one of them on, with no other interest than `node`."""
        some = np.where(self.node[act:] == node, self.node[act:], -1)
        return Acts.of(self.time[act:], some)

    def by_interest(self, most: int) -> Iterator["Acts"]:
        """The acts of one person with some interests at a time, of about so many acts or one
        interest: the others count as acts elsewhere."""
        size = np.bincount(self.node[self.node >= 0])
        group = np.cumsum(size) // most
        for one in np.unique(group[size > 0]).tolist():
            some = (self.node >= 0) & (group[self.node] == one)
            yield Acts.of(self.time, np.where(some, self.node, -1))

    def shuffled(self, draw: np.random.Generator) -> "Acts":
        """What each person did day by day, counted from their first act, on these days in random
        order: whatever lasts is gone."""
        begin = np.repeat(
            self.time[self.offsets[:-1][self.length > 0]], self.length[self.length > 0]
        )
        day = (self.time - begin) // DAY
        new = (np.diff(day, prepend=-1) != 0) | (np.diff(self.person, prepend=-1) != 0)
        first = np.flatnonzero(new)
        size = np.diff(np.append(first, len(self.time)))
        order = np.lexsort((draw.random(len(first)), self.person[first]))
        starts = np.cumsum(size[order]) - size[order]
        source = np.repeat(first[order] - starts, size[order]) + np.arange(len(self.time))
        moved = np.repeat(day[first] - day[first[order]], size[order])
        return Acts(self.time[source] + moved * DAY, self.node[source], self.offsets)


@dataclass(frozen=True)
class Runs:
    """Every interest of every person, visit by visit: V visits that touched it, in order of person,
    interest and time.

    first, last [V]: acts (rows of `Acts`) with which the visit first and last touched it; nth [V]:
    how many such visits the person had on it before; before [V × R]: log P(acts until the first |
    rate); kept [V × R]: log P(acts up to the last | rate). `through` [V × 2 × R × 2] leads the
    states from the visit before into this one, times exp(`scale`) [V × R]; `afresh` [V × R × 2] and
    `alone` [V × R] are the states after it and log P(its acts) where nothing before counts.
    `elsewhere` [N + 1 × R] are sums of log P(no touch) of the acts up to each.
    """

    acts: Acts
    bursts: Bursts
    elsewhere: Doubles
    first: Longs
    last: Longs
    nth: Longs
    before: Doubles
    kept: Doubles
    through: Doubles
    scale: Doubles
    afresh: Doubles
    alone: Doubles

    @classmethod
    def of(cls, acts: Acts, bursts: Bursts) -> Self:
        """The visits of all interests of all people."""
        at = np.lexsort((acts.node, acts.person))
        at = at[acts.node[at] >= 0]
        node, person, time = acts.node[at], acts.person[at], acts.time[at]
        M, start = len(at), acts.offsets[:-1][person]
        new = np.append(True, (np.diff(node) != 0) | (np.diff(person) != 0))[:M]
        visit = new | np.append(True, np.diff(time) > VISIT * HOUR)[:M]
        previous = np.where(new, start - 1, np.append(0, at[:-1])[:M])
        elsewhere = bursts.elsewhere(acts)
        G, scale = _between(acts, bursts, elsewhere, at, previous)
        clear = G.sum(axis=3).transpose(0, 2, 1)  # of the acts elsewhere alone
        G = bursts.passed(G, _apart(acts, at)) * bursts.touch
        rows = np.flatnonzero(visit)
        H, more = G.copy(), scale.copy()
        H[rows], more[rows] = np.eye(2)[:, None, :], 0.0
        ends = np.append(rows[1:], M) - 1 if M else rows
        H, more = (x[ends] for x in _products(H, more, _nth(visit)))
        begun = bursts.usual * bursts.touch
        afresh, alone = _unit(_led(begun[None], H))
        through, grown = _joined(G[rows], H)
        nth = _nth(new[rows])
        chain, kept = _products(through, scale[rows] + more + grown, nth)
        states, total = _unit(_led(bursts.usual * np.ones((1, len(RATES), 1)), chain))
        kept = kept + total
        before = np.where((nth > 0)[:, None], np.roll(kept, 1, axis=0), 0.0) + scale[rows]
        known = np.where((nth > 0)[:, None, None], np.roll(states, 1, axis=0), bursts.usual)
        before = before + np.log((known * clear[rows]).sum(axis=2))
        return cls(
            acts, bursts, elsewhere, at[rows], at[ends], nth, before, kept, through,
            scale[rows] + more + grown, afresh, alone + more,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def node(self) -> Ints:
        """Of which interest [V]."""
        return self.acts.node[self.first]

    @cached_property
    def person(self) -> Longs:
        """Of whom [V]."""
        return self.acts.person[self.first]

    def whole(self) -> tuple[Longs, Longs, Doubles]:
        """Person [S], interest [S] and log P(all acts of the person | rate) [S × R] of each pair
        that met."""
        final = np.append(self.nth[1:] == 0, True)[: len(self)]
        person, last = self.person[final], self.last[final]
        after = self.elsewhere[self.acts.offsets[1:][person]] - self.elsewhere[last + 1]
        return person, self.node[final].astype(np.int64), self.kept[final] + after

    def strongest(self, prior: Doubles, window: int) -> tuple[Doubles, Longs]:
        """S after each visit [V] under priors [K × R], and the visit (row) with which a change most
        likely began, at most so many visits before."""
        usual = np.log(np.maximum(prior, 1e-12))
        S, began = np.zeros(len(self)), np.arange(len(self))
        kept = _log_sum(self.kept + usual[self.node])
        before, turned = self.before + usual[self.node], _turned(prior)
        known = self.first > self.acts.offsets[:-1][self.person]  # something of the rate before
        states, since = self.afresh, self.alone
        for lag in range(1, window + 1):
            rows = np.flatnonzero(self.nth >= lag)
            if not len(rows):
                break
            led, more = _unit(_led(states[rows - 1], self.through[rows]))
            grown = since[rows - 1] + more + self.scale[rows]
            states, since = np.zeros_like(states), np.zeros_like(since)
            states[rows], since[rows] = led, grown
            was, top = before[rows - lag], grown.max(axis=1)
            high = was.max(axis=1)
            both = np.exp(was - high[:, None]) @ turned * np.exp(grown - top[:, None])
            found = np.log(np.maximum(both.sum(axis=1), 1e-300)) + high + top - kept[rows]
            better = known[rows - lag] & (found > S[rows])
            S[rows[better]], began[rows[better]] = found[better], rows[better] - lag
        return S, began


def priors(people: Iterable[Runs], K: int) -> Doubles:
    """How people's rates of each interest are spread [K × R], by expectation–maximisation from what
    all acts of each person say of them; what interests have alike is where each begins."""
    found = np.full((K, len(RATES)), 1.0 / len(RATES))
    told = [_Told.of(runs, K) for runs in people if len(runs.acts)]
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
        nothing = np.diff(runs.elsewhere[runs.acts.offsets], axis=0)
        met = np.zeros((len(runs.acts), K), bool)
        met[person, node] = True
        return cls(node, _likely(told), _likely(nothing), met)

    def counts(self, prior: Doubles) -> Doubles:
        """How many people are expected at each rate of each interest [K × R]."""
        others = np.where(self.met, 0.0, 1.0 / (self.unmet @ prior.T))
        found = prior * (others.T @ self.unmet)
        share = self.likely * prior[self.node]
        np.add.at(found, self.node, share / share.sum(axis=1, keepdims=True))
        return np.asarray(found)


def _likely(told: Doubles) -> Doubles:
    """Likelihoods of log likelihoods, the best of each row 1."""
    return np.asarray(np.exp(told - told.max(axis=1, keepdims=True, initial=-np.inf)))


def _turned(prior: Doubles) -> Doubles:
    """Weight of each rate after a change, by the rate before [R × R]."""
    after = prior.mean(axis=0) * (RATES >= _LEAST)
    after = after / max(after.sum(), 1e-12)
    return np.asarray((_MORE * RATES[:, None] <= RATES) * after)


def _between(
    acts: Acts, bursts: Bursts, elsewhere: Doubles, at: Longs, previous: Longs
) -> tuple[Doubles, Doubles]:
    """What the acts elsewhere before each touch do to the states [M × 2 × R × 2], and the log of a
    factor that this is short of [M × R]: of many, the first and the last are told one by one."""
    misses = at - previous - 1
    G = np.zeros((len(at), 2, len(RATES), 2))
    G[:, 0, :, 0] = G[:, 1, :, 1] = 1.0
    skipped = np.maximum(misses - 2 * _FORGOTTEN, 0)
    for n in range(int((misses - skipped).max(initial=0))):
        rows = np.flatnonzero(misses > n)
        act = previous[rows] + 1 + n + (skipped[rows] if n >= _FORGOTTEN else 0)
        G[rows] = bursts.passed(G[rows], _apart(acts, act)) * (1.0 - bursts.touch)
    first = previous + 1 + _FORGOTTEN
    scale = (
        elsewhere[np.where(skipped, first + skipped, 0)] - elsewhere[np.where(skipped, first, 0)]
    )
    return G, scale


def _apart(acts: Acts, act: Longs) -> Doubles:
    """Days from the act before to each of some; 0 where that is another person's."""
    own = act > acts.offsets[:-1][acts.person[act]]
    return np.where(own, acts.time[act] - acts.time[act - 1], 0) / DAY


def _nth(new: Bools) -> Longs:
    """How many came before, since the last that is new [M]."""
    rows = np.arange(len(new))
    return rows - np.maximum.accumulate(np.where(new, rows, 0))


def _led(states: Doubles, G: Doubles) -> Doubles:
    """States [V × R × 2] after matrices [V × 2 × R × 2]."""
    return np.asarray(states[..., :1] * G[:, 0] + states[..., 1:] * G[:, 1])


def _unit(states: Doubles) -> tuple[Doubles, Doubles]:
    """States that sum to 1, and the logs of their sums [V × R]."""
    total = states.sum(axis=2)
    return states / total[..., None], np.log(total)


def _joined(A: Doubles, B: Doubles) -> tuple[Doubles, Doubles]:
    """A then B [V × 2 × R × 2], scaled to sum to 1, and the logs of the factors [V × R]."""
    C = A[..., :1] * B[:, :1] + A[..., 1:] * B[:, 1:]
    total = C.sum(axis=(1, 3))
    return C / total[:, None, :, None], np.log(total)


def _products(G: Doubles, scale: Doubles, nth: Longs) -> tuple[Doubles, Doubles]:
    """Products of all matrices from the first of each stretch on, with logs of their factors; `nth`
    tells the place in a stretch. By doubling: Hillis and Steele, Comm. ACM 29, 1986."""
    G, scale, step = G.copy(), scale.copy(), 1
    while (rows := np.flatnonzero(nth >= step)).size:
        joined, grown = _joined(G[rows - step], G[rows])
        G[rows], scale[rows] = joined, scale[rows - step] + scale[rows] + grown
        step *= 2
    return G, scale


def _log_sum(x: Doubles) -> Doubles:
    """log Σ exp over the last axis."""
    top = x.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0])
