"""The law of the next item, plainly; the draws and the truth both come from here."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from penchant.data.sources.world.config import WorldConfig
from penchant.data.sources.world.draws import pick
from penchant.data.sources.world.goods import Goods
from penchant.data.sources.world.people import DAY_MS, People
from penchant.data.sources.world.shelves import FEATURES
from penchant.types import Bools, Doubles, Floats, Longs


@dataclass(frozen=True)
class Moment:
    """B moments of choice: user (row), t (ms since the start), weekend, evening, mobile [B]."""

    user: Longs
    t: Longs
    weekend: Bools
    evening: Bools
    mobile: Bools

    @property
    def code(self) -> Longs:
        """Which of the 2³ kinds of context each is [B]."""
        return np.asarray(self.weekend + 2 * self.evening + 4 * self.mobile, np.int64)

    def take(self, rows: Longs) -> "Moment":
        """Some of the moments."""
        return Moment(
            user=self.user[rows],
            t=self.t[rows],
            weekend=self.weekend[rows],
            evening=self.evening[rows],
            mobile=self.mobile[rows],
        )


@dataclass(frozen=True)
class Law:
    """P(ℓ | u, t, c) and P(i | ℓ, u, t); see the equation of the package.

    lifts [(1 + groups) × features × K].
    """

    config: WorldConfig
    goods: Goods
    people: People
    lifts: Doubles

    @cached_property
    def factors(self) -> Floats:
        """exp(lift) by group and kind of context [groups × 8 × K]."""
        bits = np.array([[code >> f & 1 for f in range(len(FEATURES))] for code in range(8)])
        by_group = self.lifts[:1] + self.lifts[1:]
        return np.asarray(np.exp(np.einsum("cf,gfk->gck", bits, by_group)), np.float32)

    def day(self, t: Longs) -> Longs:
        """The day of each time, the last one for what comes after the end [B]."""
        return np.minimum(t // DAY_MS, self.config.days - 1)

    def taste(self, m: Moment) -> Floats:
        """b: long-term taste [B × K]; rows sum to 1."""
        return self.people.epochs.taste[self.people.epochs.rows(m.user, m.t)]

    def burst(self, m: Moment) -> Longs:
        """The leaf of the burst, -1 where there is none [B]."""
        return self.people.bursts.leaf_at(m.user, m.t)

    def lift(self, m: Moment) -> Floats:
        """exp λ(c): multiplier of each leaf [B × K]."""
        return self.factors[self.people.group[m.user], m.code]

    def personal(self, m: Moment) -> Floats:
        """(b + h·burst) · exp λ, normalised: the part of the law that is the person's [B × K]."""
        weight = self.taste(m)  # a copy: rows were picked
        leaf = self.burst(m)
        live = np.flatnonzero(leaf >= 0)
        weight[live, leaf[live]] += np.float32(self.config.burst_strength)
        weight *= self.lift(m)
        weight /= weight.sum(axis=1, keepdims=True)
        return weight

    def leaves(self, m: Moment) -> Doubles:
        """P(ℓ | u, t, c) [B × K]; rows sum to 1."""
        ε = self.config.by_popularity
        return np.asarray((1 - ε) * self.personal(m) + ε * self.goods.share[self.day(m.t)])

    def draw(self, m: Moment, uniform: Doubles) -> tuple[Longs, Longs, Bools]:
        """Draw leaf and item of each moment [B]; uniform [4 × B]. Also says which were personal."""
        day, goods = self.day(m.t), self.goods
        personal = uniform[0] >= self.config.by_popularity
        weight = np.empty((len(day), len(goods.tree.leaves)), np.float32)
        who = np.flatnonzero(personal)
        weight[who] = self.personal(m.take(who))
        weight[~personal] = goods.share[day[~personal]]
        leaf = pick(weight, uniform[1])
        style = pick(self._styles(m.user, leaf, day, personal), uniform[2])
        return leaf, goods.draw(leaf, style, day, uniform[3]), personal

    def ratio(self, m: Moment, personal: Floats, row: Longs, item: Longs) -> Doubles:
        """P(i | u, t, c) / pop_i(t) of item [E] at moment row [E] of m; personal [B × K]."""
        goods, ε = self.goods, self.config.by_popularity
        leaf, style = goods.leaf[item], goods.style[item]
        day, liking = self.day(m.t)[row], self.people.styles[m.user[row]]
        mass = goods.mass[day, leaf]
        everything = mass.sum(axis=1) / goods.share[day, leaf]
        own = personal[row, leaf] * liking[np.arange(len(item)), style]
        return np.asarray((1 - ε) * own * everything / (mass * liking).sum(axis=1) + ε)

    def _styles(self, user: Longs, leaf: Longs, day: Longs, personal: Bools) -> Doubles:
        """Weight of each style inside the leaf [B × STYLES]."""
        mass = self.goods.mass[day, leaf]
        return np.where(personal[:, None], mass * self.people.styles[user], mass)
