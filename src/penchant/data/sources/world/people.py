"""The people: tastes and how they change, bursts, groups, devices, friends."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.sources.world.config import WorldConfig
from penchant.data.sources.world.draws import latest, pick, shares
from penchant.data.sources.world.goods import STYLES, Goods
from penchant.data.sources.world.shelves import FEATURES
from penchant.random import rng
from penchant.types import Doubles, Floats, Longs

GROUPS = ("students", "families", "professionals", "retired")
AGES = ("18-24", "30-44", "25-49", "65+")
DEVICES = ("mobile", "desktop", "tablet")
DAY_MS = 86_400_000
_DEVICE_BY_GROUP = np.array([[5.0, 2.0, 0.5], [4.0, 1.5, 1.5], [2.5, 4.0, 0.5], [1.0, 2.0, 3.0]])


@dataclass(frozen=True)
class Epochs:
    """Long-term tastes: one row for each user, and one more from each lasting change on.

    In (user, begin) order: user, begin (ms) [R], taste [R × K] (rows sum to 1);
    left, taken (level-2 categories, -1 for a first row) [R].
    """

    user: Longs
    begin: Longs
    taste: Floats
    left: Longs
    taken: Longs

    def rows(self, user: Longs, t: Longs) -> Longs:
        """Which row holds for each user at each time (ms) [B]."""
        return latest(self.user, self.begin, user, t)


@dataclass(frozen=True)
class Bursts:
    """Short-term interests, never two at once; in (user, begin) order; times in ms."""

    user: Longs
    begin: Longs
    end: Longs
    leaf: Longs

    def leaf_at(self, user: Longs, t: Longs) -> Longs:
        """The leaf of each user's burst at each time (ms), -1 where there is none [B]."""
        row = latest(self.user, self.begin, user, t)
        if not len(self.user):
            return np.full(len(user), -1)
        live = (row >= 0) & (self.user[row] == user) & (t < self.end[row])
        return np.where(live, self.leaf[row], -1)


@dataclass(frozen=True)
class People:
    """Everything about the users that the law of their choices needs.

    community, group, joined (day) [U]; activity (sessions expected) [U]; devices [U × 3];
    styles [U × STYLES], the liking of each hidden style, 1 on average.
    """

    community: Longs
    group: Longs
    joined: Longs
    activity: Doubles
    devices: Doubles
    styles: Floats
    epochs: Epochs
    bursts: Bursts

    def __len__(self) -> int:
        return len(self.group)

    def ids(self) -> pl.Series:
        """Public ids [U]."""
        width = max(4, len(str(len(self) - 1)))
        return pl.Series("user_id", [f"u{n:0{width}}" for n in range(len(self))], dtype=pl.String)


def make_people(config: WorldConfig, goods: Goods) -> People:
    """Draw everybody; each effect has its own stream, so one knob leaves the others' draws."""
    U, make = config.users, rng(config.seed, "people")
    community = make.integers(config.communities, size=U)
    group = make.integers(len(GROUPS), size=U)
    joined = np.where(
        make.random(U) < 0.6, 0, (make.random(U) * 0.7 * config.days).astype(np.int64)
    )
    appetite = make.gamma(1.5, size=U) * (1.0 - joined / config.days)
    tastes = _tastes(config, goods, community)
    return People(
        community=community,
        group=group,
        joined=joined,
        activity=appetite / appetite.mean(),
        devices=shares(rng(config.seed, "devices"), _DEVICE_BY_GROUP[group]),
        styles=_styles(config, community),
        epochs=_epochs(config, goods, tastes, joined),
        bursts=_bursts(config, goods, joined),
    )


def _tastes(config: WorldConfig, goods: Goods, community: Longs) -> Doubles:
    """Long-term tastes before any change [U × K]: person ← community ← popularity, by levels."""
    popular = goods.share[-1]
    make = rng(config.seed, "communities")
    circles = _nested(make, goods, np.tile(popular, (config.communities, 1)), (6.0, 4.0, 6.0))
    spread = config.interest_spread
    make = rng(config.seed, "tastes")
    own = _nested(make, goods, circles[community], (spread, 1.5 * spread, 2.0 * spread))
    s = config.interest_strength
    return np.asarray(s * own + (1.0 - s) * popular)


def _nested(
    make: np.random.Generator, goods: Goods, mean: Doubles, spread: tuple[float, float, float]
) -> Doubles:
    """Dirichlet draws down the tree around a mean [N × K]: broad first, then inside each."""
    tree, found = goods.tree, np.ones_like(mean)
    inside = np.zeros(len(tree.leaves), np.int64)
    around = np.ones((len(mean), 1))
    for level, mass in enumerate(spread, start=1):
        parent = tree.parents(level)
        above = np.zeros(parent.max() + 1, np.int64)
        above[parent] = inside
        here = tree.to_level(mean, level)
        drawn = make.gamma(mass * here / around[:, above] + 1e-3) + 1e-12
        total = drawn @ np.eye(around.shape[1])[above]
        found *= (drawn / total[:, above])[:, parent]
        inside, around = parent, here
    return found


def _styles(config: WorldConfig, community: Longs) -> Floats:
    """Liking of each style, people of a community alike [U × STYLES]."""
    make = rng(config.seed, "styles")
    circles = make.dirichlet(np.full(STYLES, 0.4), size=config.communities)
    own = shares(make, 4.0 * circles[community] + 0.05)
    liking = (STYLES * (0.97 * own + 0.03 / STYLES)) ** config.style_strength
    return liking.astype(np.float32)


def _epochs(config: WorldConfig, goods: Goods, tastes: Doubles, joined: Longs) -> Epochs:
    """Apply up to three lasting changes to each user's taste, in order of time."""
    make, U = rng(config.seed, "changes"), config.users
    rate = config.change_rate * (config.days - joined) / 365
    number = np.minimum(make.poisson(rate), 3) * (config.change_strength > 0)
    within = np.sort(0.15 + 0.7 * make.random((U, 3)), axis=1)
    begin = ((joined[:, None] + within * (config.days - joined)[:, None]) * DAY_MS).astype(np.int64)
    none = np.full(U, -1)
    parts = [(np.arange(U), np.zeros(U, np.int64), tastes, none, none)]
    now = tastes.copy()
    for n in range(3):
        noise = make.random((2, U))
        who = np.flatnonzero(number > n)
        now[who], left, taken = move(now[who], goods, config.change_strength, noise[:, who])
        parts.append((who, begin[who, n], now[who], left, taken))
    user, start, taste, left, taken = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((start, user))
    return Epochs(
        user[order], start[order], taste[order].astype(np.float32), left[order], taken[order]
    )


def move(
    taste: Doubles, goods: Goods, strength: float, noise: Doubles
) -> tuple[Doubles, Longs, Longs]:
    """Move most of a well-liked level-2 category's weight to another one."""
    parent = goods.tree.parents(2)
    mass = goods.tree.to_level(taste, 2)
    left = pick(mass**2, noise[0])
    chance = np.ones_like(mass)
    chance[np.arange(len(left)), left] = 0.0
    taken = pick(chance, noise[1])
    inside = goods.share[-1] / np.bincount(parent, goods.share[-1])[parent]
    moved = strength * mass[np.arange(len(left)), left]
    kept = np.where(parent == left[:, None], 1.0 - strength, 1.0)
    added = np.where(parent == taken[:, None], inside, 0.0) * moved[:, None]
    return taste * kept + added, left, taken


def _bursts(config: WorldConfig, goods: Goods, joined: Longs) -> Bursts:
    """A few days of strong interest in one leaf, often one that the person cares little for."""
    make, popular = rng(config.seed, "bursts"), goods.share[-1]
    rate = config.burst_rate * (config.days - joined) / 365
    number = make.poisson(rate) * (config.burst_strength > 0)
    user = np.repeat(np.arange(config.users), number)
    start = joined[user] + make.random(len(user)) * (config.days - joined[user])
    length = config.burst_days * (0.5 + make.random(len(user)))
    chance = 0.5 * popular + 0.5 / len(popular)
    leaf = make.choice(len(popular), size=len(user), p=chance)
    order = np.lexsort((start, user))
    user, begin, leaf = user[order], (start[order] * DAY_MS).astype(np.int64), leaf[order]
    end = np.minimum(begin + (length[order] * DAY_MS).astype(np.int64), config.days * DAY_MS)
    followed = np.flatnonzero(user[:-1] == user[1:])
    end[followed] = np.minimum(end[followed], begin[followed + 1])
    return Bursts(user, begin, end, leaf)


def make_lifts(config: WorldConfig, goods: Goods) -> Doubles:
    """Log-lifts of each leaf by group and feature [(1 + groups) × features × K].

    Row 0 holds for everybody; the others are added for one group each.
    """
    make, tree = rng(config.seed, "lifts"), goods.tree
    parent, K2 = tree.parents(2), len(tree.paths(2))
    common = np.array([leaf.department.lifts for leaf in tree.leaves]).T
    common = common + 0.25 * make.normal(size=(len(FEATURES), K2))[:, parent]
    own = config.group_context * make.normal(size=(len(GROUPS), len(FEATURES), K2))[:, :, parent]
    return np.asarray(config.context_strength * np.concatenate([common[None], own]))


def make_friends(config: WorldConfig, goods: Goods, people: People) -> tuple[Longs, Longs]:
    """Friendships as pairs in both directions, most of them between people alike."""
    make, U = rng(config.seed, "friends"), config.users
    source = np.repeat(np.arange(U), make.poisson(config.friends / 2, size=U))
    alike = make.random(len(source)) < config.homophily
    anyone = make.integers(U, size=len(source))
    first = people.epochs.rows(np.arange(U), np.zeros(U, np.int64))
    broad = goods.tree.to_level(people.epochs.taste[first].astype(np.float64), 1)
    target = np.where(alike, _like(make, source, people.community, broad), anyone)
    keep = source != target
    low, high = np.minimum(source, target)[keep], np.maximum(source, target)[keep]
    low, high = np.divmod(np.unique(low * U + high), U)
    return np.concatenate([low, high]), np.concatenate([high, low])


def _like(make: np.random.Generator, source: Longs, community: Longs, broad: Doubles) -> Longs:
    """Of four people of one's community, the one with the likest taste [N]."""
    order = np.argsort(community, kind="stable")
    start = np.searchsorted(community[order], community[source])
    size = np.bincount(community)[community[source]]
    four = order[start + (make.random((4, len(source))) * size).astype(np.int64)]
    unit = broad / np.linalg.norm(broad, axis=1, keepdims=True)
    alike = np.einsum("nd,fnd->fn", unit[source], unit[four])
    alike[four == source] = -1.0
    return np.asarray(four[alike.argmax(axis=0), np.arange(len(source))])
