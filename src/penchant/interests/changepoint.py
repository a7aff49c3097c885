"""How likely people's acts are where an interest keeps its rate, and where it takes another one.

Every act is a trial: was it of the interest? It is at the person's own rate r, but for bursts: for
some days an interest can take somebody over, whatever they otherwise care for, and go as it came.
So the chance of a touch is r, or that of a burst, by a hidden state that is left and entered at
random as days pass: a hidden Markov model with two states, solved by the forward algorithm
(Rabiner, A tutorial on hidden Markov models, Proc. IEEE 77, 1989). What one burst explains says
little of r, however many acts it has; touches that come back weeks apart are not explained.

    kept on   r is the same all along, drawn from what people have: a prior over a grid of rates
    changed   from a visit on r is another one, well above it, drawn from what all interests have;
              whether there was a burst before counts no more

    S = max over beginnings of log P(acts | changed) − log P(acts | kept on)

Barry and Hartigan, A Bayesian analysis for change point problems, JASA 88, 1993: the accounts are
those of their product partition model with one change.

Between two touches lie acts that are none. As a row of states goes through one touch after another
by 2 × 2 matrices, everything here is products of them, for all interests of all people at once:
[2 × 2 × R × M] from state to state, states [2 × R × M] (no burst, burst), logs [R × M], for M
touches, visits or people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from penchant.clock import DAY, HOUR
from penchant.interests.visits import VISIT
from penchant.types import Bools, Doubles, Ints, Longs

RATES = np.array([0.002, 0.006, 0.015, 0.03, 0.06, 0.1, 0.16, 0.24, 0.35, 0.48, 0.62, 0.8])
"""Shares of a person's acts that an interest may have [R]."""
_APART = 16  # acts elsewhere, in a row, that are told one by one at either end
_LEAST = 0.05  # share of the acts, from which a rate is one that somebody turned to
_MORE = 1.5  # times the rate before, at least


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

    @cached_property
    def days(self) -> Doubles:
        """Days since the act before [N]; 0 for a person's first."""
        passed = np.diff(self.time, prepend=self.time[:1]) / DAY
        passed[self.offsets[:-1][self.length > 0]] = 0.0
        return np.asarray(passed, np.float64)

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
        some = self.length > 0
        day = (self.time - np.repeat(self.time[self.offsets[:-1][some]], self.length[some])) // DAY
        new = (np.diff(day, prepend=-1) != 0) | (np.diff(self.person, prepend=-1) != 0)
        first = np.flatnonzero(new)
        size = np.diff(np.append(first, len(self.time)))
        order = np.lexsort((draw.random(len(first)), self.person[first]))
        starts = np.cumsum(size[order]) - size[order]
        source = np.repeat(first[order] - starts, size[order]) + np.arange(len(self.time))
        moved = np.repeat(day[first] - day[first[order]], size[order])
        return Acts(self.time[source] + moved * DAY, self.node[source], self.offsets)


@dataclass(frozen=True)
class Bursts:
    """What bursts are like: the share of an interest's time that is one, how long they last (days),
    and the least share of the acts that goes to the interest in one."""

    share: float
    days: float
    strength: float

    @cached_property
    def touch(self) -> Doubles:
        """Chance of a touch, by state and rate [2 × R × 1]."""
        return np.stack([RATES, np.maximum(RATES, self.strength)])[..., None]

    @cached_property
    def usual(self) -> Doubles:
        """Chances of the states where nothing is known [2 × R × 1]."""
        chances = np.array([1.0 - self.share, self.share])
        return np.repeat(chances[:, None, None], len(RATES), axis=1)

    def passed(self, G: Doubles, days: Doubles) -> Doubles:
        """Matrices [2 × 2 × R × M] after some days [M]; no difference is taken, so that nothing
        falls below 0."""
        gone = -np.expm1(-days / self.days)
        enter, leave = self.share * gone, (1.0 - self.share) * gone
        still, burst = G[:, 0], G[:, 1]
        out = still * (1.0 - enter) + burst * leave, still * enter + burst * (1.0 - leave)
        return np.stack(out, axis=1)

    def elsewhere(self, acts: Acts) -> tuple[Doubles, Doubles]:
        """Sums, up to each act [R × N + 1], of log P(no touch) where no burst was just before, and
        where one was and goes on."""
        gone = -np.expm1(-acts.days / self.days)
        enter, stay = self.share * gone, 1.0 - (1.0 - self.share) * gone
        none, burst = 1.0 - self.touch
        chances = none * (1.0 - enter) + burst * enter, burst * stay
        first, second = (np.pad(np.cumsum(np.log(p), axis=1), ((0, 0), (1, 0))) for p in chances)
        return first, second


@dataclass(frozen=True)
class Runs:
    """Every interest of every person, visit by visit: V visits that touched it, in order of person,
    interest and time. Here a visit ends twelve hours after the last touch of the interest.

    first, last [V]: acts (rows of `Acts`) with which the visit first and last touched it; nth [V]:
    how many such visits the person had on it before; before [R × V]: log P(acts until the first |
    rate); kept [R × V]: log P(acts up to the last | rate) and `states` [2 × R × V] after it.
    `through` [2 × 2 × R × V] leads the states from the visit before into this one, times
    exp(`scale`) [R × V]; `afresh` [2 × R × V] and `alone` [R × V] are the states after it and
    log P(its acts) where nothing before counts.
    """

    acts: Acts
    bursts: Bursts
    first: Longs
    last: Longs
    nth: Longs
    before: Doubles
    kept: Doubles
    states: Doubles
    through: Doubles
    scale: Doubles
    afresh: Doubles
    alone: Doubles

    @classmethod
    def of(cls, acts: Acts, bursts: Bursts) -> Self:
        """The visits of all interests of all people."""
        at = np.lexsort((acts.node, acts.person))
        at = at[acts.node[at] >= 0]
        node, person, M = acts.node[at], acts.person[at], len(at)
        new = np.append(True, (np.diff(node) != 0) | (np.diff(person) != 0))[:M]
        visit = new | np.append(True, np.diff(acts.time[at]) > VISIT * HOUR)[:M]
        previous = np.where(new, acts.offsets[:-1][person] - 1, np.append(0, at[:-1])[:M])
        clear, scale = _elsewhere(acts, bursts, previous, at)
        G = bursts.passed(clear, acts.days[at]) * bursts.touch
        rows = np.flatnonzero(visit)
        ends = np.append(rows[1:], M)[: len(rows)] - 1
        # the touches of a visit after its first, and then the visits after the first of each pair
        H, more = G.copy(), scale.copy()
        H[..., rows], more[:, rows] = np.eye(2)[:, :, None, None], 0.0
        H, more = (x[..., ends] for x in _products(H, more, _nth(visit)))
        afresh, alone = _unit(_led(bursts.usual * bursts.touch, H))
        through, grown = _joined(G[..., rows], H)
        whole, nth = scale[:, rows] + more + grown, _nth(new[rows])
        chain, kept = _products(through, whole, nth)
        states, total = _unit(_led(bursts.usual, chain))
        kept = kept + total
        known = np.where(nth > 0, np.roll(states, 1, axis=2), bursts.usual)
        missed = np.log(_led(known, clear[..., rows]).sum(axis=0)) + scale[:, rows]
        before = np.where(nth > 0, np.roll(kept, 1, axis=1), 0.0) + missed
        return cls(
            acts, bursts, at[rows], at[ends], nth, before, kept, states, through, whole, afresh,
            alone + more,
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
        """Person [N], interest [N] and log P(all acts of the person | rate) [R × N] of each of N
        pairs that met."""
        final = np.flatnonzero(np.append(self.nth[1:] == 0, True)[: len(self)])
        person = self.person[final]
        G, scale = _elsewhere(
            self.acts, self.bursts, self.last[final], self.acts.offsets[1:][person]
        )
        left = np.log(_led(self.states[..., final], G).sum(axis=0)) + scale
        return person, self.node[final].astype(np.int64), self.kept[:, final] + left

    def unmet(self) -> Doubles:
        """log P(all acts of each person | rate) of what they never met [R × P]."""
        G, scale = _elsewhere(
            self.acts, self.bursts, self.acts.offsets[:-1] - 1, self.acts.offsets[1:]
        )
        return np.asarray(np.log(_led(self.bursts.usual, G).sum(axis=0)) + scale)

    def strongest(self, prior: Doubles, window: int) -> tuple[Doubles, Longs]:
        """S after each visit [V] under priors [K × R], and the visit (row) with which a change most
        likely began, at most so many visits before; the person's very first act begins none."""
        from scipy.special import logsumexp

        usual = np.log(np.maximum(prior, 1e-12))[self.node].T
        S, began = np.zeros(len(self)), np.arange(len(self))
        kept = logsumexp(self.kept + usual, axis=0)
        before, turned = self.before + usual, _turned(prior).T
        known = self.first > self.acts.offsets[:-1][self.person]  # something of the rate before
        states, since = self.afresh, self.alone
        for lag in range(1, window + 1):
            rows = np.flatnonzero(self.nth >= lag)
            if not len(rows):
                break
            led, more = _unit(_led(states[..., rows - 1], self.through[..., rows]))
            grown = since[:, rows - 1] + more + self.scale[:, rows]
            states, since = np.zeros_like(states), np.zeros_like(since)
            states[..., rows], since[:, rows] = led, grown
            was = before[:, rows - lag]
            high, top = was.max(axis=0), grown.max(axis=0)
            both = (turned @ np.exp(was - high) * np.exp(grown - top)).sum(axis=0)
            never = np.full(len(rows), -np.inf)
            found = np.log(both, out=never, where=both > 0) + high + top - kept[rows]
            better = known[rows - lag] & (found > S[rows])
            S[rows[better]], began[rows[better]] = found[better], rows[better] - lag
        return S, began


def _turned(prior: Doubles) -> Doubles:
    """Weight of each rate after a change, by the rate before [R × R]: what all interests have that
    somebody turned to, as far as it is well above; rows sum to 1, or to 0 where nothing is."""
    after = (_MORE * RATES[:, None] <= RATES) * (prior.mean(axis=0) * (RATES >= _LEAST))
    return np.asarray(after / np.maximum(after.sum(axis=1, keepdims=True), 1e-12))


def _elsewhere(
    acts: Acts, bursts: Bursts, previous: Longs, until: Longs
) -> tuple[Doubles, Doubles]:
    """What the acts between two of them, which are all elsewhere, do to the states
    [2 × 2 × R × M], and the log of a factor that this is short of [R × M].

    The first and last of them are told one by one. In between a burst that goes on counts as one,
    and whoever has none enters and leaves by single acts: what stays in a burst through so many
    acts elsewhere, and leaves it only then, is lost. Where bursts are as rare as by default that is
    some tenths of a nat.
    """
    misses = until - previous - 1
    G = np.zeros((2, 2, len(RATES), len(until)))
    G[0, 0] = G[1, 1] = 1.0
    skipped = np.maximum(misses - 2 * _APART, 0)
    scale = np.zeros(G.shape[2:])
    for n in range(int((misses - skipped).max(initial=0))):
        if n == _APART:
            rows = np.flatnonzero(skipped)
            first = previous[rows] + 1 + n
            none, burst = (
                x[:, first + skipped[rows]] - x[:, first] for x in bursts.elsewhere(acts)
            )
            scale[:, rows] = none
            G[:, 1, :, rows] *= np.exp(burst - none).T[:, None, :]
        rows = np.flatnonzero(misses > n)
        act = previous[rows] + 1 + n + (skipped[rows] if n >= _APART else 0)
        G[..., rows] = bursts.passed(G[..., rows], acts.days[act]) * (1.0 - bursts.touch)
    return G, scale


def _nth(new: Bools) -> Longs:
    """How many came before, since the last that is new [M]."""
    rows = np.arange(len(new))
    return rows - np.maximum.accumulate(np.where(new, rows, 0))


def _led(states: Doubles, G: Doubles) -> Doubles:
    """States [2 × R × M] after matrices [2 × 2 × R × M]."""
    return np.asarray(states[0] * G[0] + states[1] * G[1])


def _unit(states: Doubles) -> tuple[Doubles, Doubles]:
    """States that sum to 1, and the logs of their sums [R × M]."""
    total = states.sum(axis=0)
    return states / total, np.log(total)


def _joined(A: Doubles, B: Doubles) -> tuple[Doubles, Doubles]:
    """A then B [2 × 2 × R × M], scaled to sum to 1, and the logs of the factors [R × M]."""
    C = A[:, 0, None] * B[0] + A[:, 1, None] * B[1]
    total = C.sum(axis=(0, 1))
    return C / total, np.log(total)


def _products(G: Doubles, scale: Doubles, nth: Longs) -> tuple[Doubles, Doubles]:
    """Products of all matrices from the first of each stretch on, with logs of their factors; `nth`
    tells the place in a stretch. By doubling: Hillis and Steele, Comm. ACM 29, 1986."""
    G, scale, step = G.copy(), scale.copy(), 1
    while (rows := np.flatnonzero(nth >= step)).size:
        joined, grown = _joined(G[..., rows - step], G[..., rows])
        G[..., rows], scale[:, rows] = joined, scale[:, rows - step] + scale[:, rows] + grown
        step *= 2
    return G, scale
