"""What bounds how soon a change of taste can be found: an observer who is told nearly everything.

This one knows, of each person, the true taste before a change and the taste after it, the law of
the world, and when every burst is; it only has to say whether the change has happened yet. It sums
log likelihood ratios of the looks and clicks, never below zero (Page, Continuous inspection
schemes, Biometrika 41, 1954), and raises an alarm at a threshold that lets no more false alarms
through than are allowed in a year. Whoever changes nothing has a change made up that never comes.
No log tells any of this, so who learns from one is later at the same rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from penchant.data import columns as c
from penchant.data.sources.world.behaviour import moments
from penchant.data.sources.world.law import Law, Moment
from penchant.data.sources.world.people import DAY_MS, DEVICES, move
from penchant.data.sources.world.world import World
from penchant.random import rng
from penchant.types import Bools, Doubles, Longs

THRESHOLDS = np.arange(0.5, 12.01, 0.25)
"""Nats, tried from low to high."""


@dataclass(frozen=True)
class Watch:
    """One person's acts around one change: gain [N], log P(act | after) − log P(act | before), and
    after [N], whether the change had come; how many years the acts before lasted; whose change it
    is and when it came (µs), None for one that never comes."""

    gain: Doubles
    after: Bools
    years: float
    change: tuple[str, int] | None

    def alarms(self, threshold: float) -> tuple[int, int | None]:
        """How many alarms came before the change, and after how many acts it was found."""
        false, total = 0, 0.0
        for n, gain in enumerate(self.gain.tolist()):
            total = max(total, 0.0) + gain
            if total >= threshold:
                if self.after[n]:
                    return false, int(self.after[: n + 1].sum())
                false, total = false + 1, 0.0
        return false, None


@dataclass(frozen=True)
class Told:
    """What the observer found: acts until each change was, by person and time (µs); how many false
    alarms there were in a year."""

    acts: dict[tuple[str, int], int | None]
    false: float


def told(world: World, allowed: float) -> Told:
    """Every change, at the lowest threshold with no more false alarms a year than are allowed. A
    change is looked for until the next one.

    Raises:
        ValueError: no threshold keeps to that.
    """
    watches = list(_watches(world))
    years = max(sum(watch.years for watch in watches), 1e-9)
    for threshold in THRESHOLDS.tolist():
        found = [watch.alarms(threshold) for watch in watches]
        false = sum(before for before, _ in found) / years
        if false <= allowed:
            acts = {w.change: n for w, (_, n) in zip(watches, found, strict=True) if w.change}
            return Told(acts, false)
    raise ValueError(
        f"told: {false:.3f} false alarms a year at {threshold} nats; {allowed} allowed"
    )


def _watches(world: World) -> Iterator[Watch]:
    law, draw = world.law, rng(world.law.config.seed, "told")
    epochs, ids = law.people.epochs, law.people.ids().to_list()
    for user, moment, leaf, tells in _acts(world):
        rows, t = np.flatnonzero(epochs.user == user), moment.t
        tastes = [epochs.taste[row].astype(np.float64) for row in rows]
        begins = epochs.begin[rows].tolist()
        if len(rows) == 1:
            taste, _, _ = move(
                tastes[0][None], law.goods, law.config.change_strength, draw.random((2, 1))
            )
            tastes, begins = [*tastes, taste[0]], [*begins, np.inf]
        chances = [_chance(law, moment, leaf, taste) for taste in tastes]
        for n, begin in enumerate(begins[1:], start=1):
            until = begins[n + 1] if n + 1 < len(begins) else np.inf
            some = (t >= begins[n - 1]) & (t < until)
            gain, before = np.where(tells, chances[n] - chances[n - 1], 0.0), t[some & (t < begin)]
            years = float(before[-1] - before[0]) / DAY_MS / 365.25 if len(before) else 0.0
            at = None if begin == np.inf else (ids[user], int(begin) * 1000 + law.config.start_us)
            yield Watch(gain[some], (t >= begin)[some], years, at)


def _acts(world: World) -> Iterator[tuple[int, Moment, Longs, Bools]]:
    """Of each person: when and where they acted, on which leaf, and which acts tell something: what
    follows a look repeats its item."""
    law, events = world.law, world.events
    row = {user: n for n, user in enumerate(law.people.ids().to_list())}
    item = {one: n for n, one in enumerate(law.goods.ids.to_list())}
    user = np.array([row[one] for one in events[c.USER].to_list()])
    leaf = law.goods.leaf[[item[one] for one in events[c.ITEM].to_list()]]
    t = (events[c.TIME].dt.epoch("us").to_numpy() - law.config.start_us) // 1000
    mobile = (events["device"] == DEVICES[0]).fill_null(False).to_numpy()
    tells = events[c.EVENT].is_in(["view", "click"]).to_numpy()
    order = np.lexsort((t, user))
    ends = np.searchsorted(user[order], np.arange(len(law.people) + 1))
    for one in range(len(law.people)):
        own = order[ends[one] : ends[one + 1]]
        yield one, moments(law, user[own], t[own], mobile[own]), leaf[own], tells[own]


def _chance(law: Law, moment: Moment, leaf: Longs, taste: Doubles) -> Doubles:
    """log P(leaf of each act) [N], were the long-term taste this one."""
    weight, burst = np.tile(taste, (len(leaf), 1)), law.burst(moment)
    live = np.flatnonzero(burst >= 0)
    weight[live, burst[live]] += law.config.burst_strength
    weight *= law.lift(moment)
    weight /= weight.sum(axis=1, keepdims=True)
    popular, ε = law.goods.share[law.day(moment.t)], law.config.by_popularity
    rows = np.arange(len(leaf))
    return np.asarray(np.log((1.0 - ε) * weight[rows, leaf] + ε * popular[rows, leaf]))
