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
from typing import Any

import numpy as np
import numpy.typing as npt

from penchant.clock import DAY
from penchant.data import columns as c
from penchant.data.sources.world.behaviour import moments
from penchant.data.sources.world.law import Law, Moment
from penchant.data.sources.world.people import DEVICES, move
from penchant.data.sources.world.world import World
from penchant.random import rng

Doubles = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
THRESHOLDS = np.arange(0.5, 12.01, 0.25)
"""Nats, tried from low to high."""


@dataclass(frozen=True)
class Watch:
    """One person's acts around one change: gain [N], log P(act | after) − log P(act | before);
    after [N], whether the change had come; on [N], whether the act was of the new interest; how
    many years the acts before lasted. `real`: a change of the world, and none that never comes."""

    gain: Doubles
    after: npt.NDArray[np.bool_]
    on: npt.NDArray[np.bool_]
    years: float
    real: bool

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


def told(world: World, allowed: float, later: int) -> dict[str, Any]:
    """Every change that at least so many acts follow: how much it moved, whether and after how many
    acts it was found, at the lowest threshold with no more false alarms a year than allowed."""
    watches = list(_watches(world))
    years = sum(watch.years for watch in watches)
    for threshold in THRESHOLDS.tolist():
        found = [watch.alarms(threshold) for watch in watches]
        false = sum(before for before, _ in found) / years
        if false <= allowed:
            break
    rows = []
    for watch, (_, acts) in zip(watches, found, strict=True):
        if watch.real and watch.after.sum() >= later:
            before = float(watch.on[~watch.after].mean()) if (~watch.after).any() else 0.0
            rows.append(
                {
                    "moved": float(watch.on[watch.after].mean()) - before,
                    "found": acts is not None, "acts": acts,
                    "before": int((~watch.after).sum()), "after": int(watch.after.sum()),
                }
            )  # fmt: skip
    return {"threshold": threshold, "false_a_year": false, "rows": rows}


def _watches(world: World) -> Iterator[Watch]:
    law, draw = world.law, rng(world.law.config.seed, "told")
    epochs, parents = law.people.epochs, law.goods.tree.parents(2)
    for user, moment, leaf, tells in _acts(world):
        rows = np.flatnonzero(epochs.user == user)
        tastes = [epochs.taste[row].astype(np.float64) for row in rows]
        begins = epochs.begin[rows].tolist()
        real = len(rows) > 1
        if not real:
            made_up, _, taken = move(
                tastes[0][None], law.goods, law.config.change_strength, draw.random((2, 1))
            )
            tastes, begins = [*tastes, made_up[0]], [*begins, np.inf]
            towards = [-1, int(taken[0])]
        else:
            towards = epochs.taken[rows].tolist()
        for n in range(1, len(tastes)):
            t, until = moment.t, begins[n + 1] if n + 1 < len(begins) else np.inf
            some = (t >= begins[n - 1]) & (t < until)
            if not some.any():
                continue
            gain = _chance(law, moment, leaf, tastes[n]) - _chance(law, moment, leaf, tastes[n - 1])
            before = t[some & (t < begins[n])]
            years = float(before[-1] - before[0]) / (DAY // 1000) / 365.25 if len(before) else 0.0
            yield Watch(
                np.where(tells, gain, 0.0)[some], (t >= begins[n])[some],
                (parents[leaf] == towards[n])[some], years, real,
            )  # fmt: skip


def _acts(world: World) -> Iterator[tuple[int, Moment, Longs, npt.NDArray[np.bool_]]]:
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
