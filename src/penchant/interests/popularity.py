"""What everybody turns to at a time: counts that fade, on a log scale, and what is new.

    pop_i(t) = Σ_h θ_h · log( (n_i^h(t) + ε) / mean_j (n_j^h(t) + ε) ) + Σ_m φ_m · newcomer_i^m(t)
    n_i^h(t) = Σ_{events on i before t} 2^(−(t − t_k) / τ_h)

Everything stands as it was at the last of many points in time before t; those after the fit know
what came since by `follow` (see `running`). Zero is as popular as the average item. Only events
before t count, so nobody is recommended what became popular later. θ ≥ 0 is learned: news needs
hours, wine needs years, most shops need both. So is φ ≥ 0: how much it helps to be new, and what a
text promises (see `newcomers`).
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from penchant.clock import DAY, HOUR
from penchant.config import Config
from penchant.data.histories import Histories, Moments
from penchant.interests.layer import Catalogue, Training
from penchant.interests.newcomers import Newcomers
from penchant.interests.running import Running
from penchant.interests.terms import Row, Term, largest
from penchant.random import derive, rng
from penchant.train.holdout import Holdout, earlier
from penchant.train.mixture import joined, shortlisted
from penchant.train.ranked import averaged
from penchant.types import Floats, Longs, State


class PopularityConfig(Config):
    """How popularity fades."""

    half_lives: tuple[float, ...] = (0.5, 2.0, 7.0, 30.0, 120.0, 480.0, 2000.0, 1e6)
    """Half-lives τ to mix, in days; the last one never fades."""
    newness: tuple[float, ...] = (7.0, 60.0)
    """Half-lives in days by which being new wears off."""
    stretches: int = Field(default=3, ge=1)
    """Where the log is cut in time: half-lives are mixed by what is held out and by so many
    stretches less one before it. What suits one alone may suit only what was new then."""
    smoothing: float = Field(default=0.5, gt=0.0)
    """ε: events that every item is given for nothing."""
    snapshots: int = Field(default=512, ge=2)
    """Points in time at which counts are kept; a moment between two uses the earlier one."""
    cells: int = Field(default=20_000_000, ge=1000)
    """At most so many counts are kept for a half-life (snapshots × items)."""
    every: float = Field(default=1.0, gt=0.0)
    """After the fit, hours from one point in time to the next at which counts are brought up."""


LISTED = 10_000
"""The most popular items of a snapshot that are kept at hand."""
_ROWS = 16  # snapshots summed at once


@dataclass
class Popularity:
    """The popularity layer."""

    kind: ClassVar[str] = "popularity"
    config: PopularityConfig = field(default_factory=PopularityConfig)
    half_lives_: list[float] = field(init=False)
    newcomers_: Newcomers = field(init=False, repr=False)
    phi_: list[float] = field(init=False)
    theta_: list[float] = field(init=False)
    times_: Longs = field(init=False, repr=False)
    counts_: list[Floats] = field(init=False, repr=False)
    running_: Running | None = field(init=False, repr=False, default=None)
    _table: Floats | None = field(init=False, repr=False, default=None)
    _last: tuple[int, Floats] | None = field(init=False, repr=False, default=None)
    _first: tuple[Floats, Longs] | None = field(init=False, repr=False, default=None)

    def fit(self, training: Training) -> Self:
        """Count, mix the half-lives by what held-out moments turned to, drop those of no use."""
        self.half_lives_ = list(self.config.half_lives)
        self.theta_ = [1.0 / len(self.half_lives_)] * len(self.half_lives_)
        self.phi_ = [0.0] * (len(self.config.newness) + 2)
        self.refit(training)
        if training.holdout is not None and len(training.holdout):
            self._mix(training, training.holdout)
        return self

    def refit(self, training: Training) -> Self:
        """Count again."""
        self._table = self._last = self.running_ = None
        with training.progress.step("popularity: counting", len(self.half_lives_)) as step:
            self.times_ = self._edges(training.log)
            text = training.catalogue.text
            self.newcomers_ = Newcomers.of(training.log, text, self.config.newness)
            self.counts_ = []
            for half_life in self.half_lives_:
                self.counts_.append(_counted(training.log, self.times_, half_life))
                step.advance()
        return self

    def going_on(self) -> "Popularity":
        """A copy that can be told what came after the fit."""
        counts, first = np.stack([counts[-1] for counts in self.counts_]), self.newcomers_.first
        more, step = copy(self), int(self.config.every * HOUR)
        more.running_ = Running(self.half_lives_, int(self.times_[-1]), counts, first, step)
        return more

    def follow(self, items: Longs, time: Longs) -> None:
        """Take in events that came after the fit and speak for their items: rows and times [N]; of
        a layer that is `going_on`."""
        assert self.running_ is not None
        self.running_.follow(items, time)

    def score(self, moments: Moments) -> Floats:
        """How popular every item is at every moment [B × I]."""
        return self.before(moments.at if moments.heard is None else moments.heard)

    def terms(self, moments: Moments) -> list[list[Term]]:
        """The row of the point in time that each moment sees."""
        at = moments.at if moments.heard is None else moments.heard
        return [[self._term(int(t))] for t in at]

    def _term(self, at: int) -> Row:
        values, first = self._seen_at(at), self._first
        if first is None or first[0] is not values:
            rows = largest(values, np.arange(len(values)), LISTED)
            self._first = first = values, rows[np.argsort(-values[rows], kind="stable")]
        return Row(values, first[1])

    def _seen_at(self, at: int) -> Floats:
        """Scores of all items at one time [I], the same array as long as they are the same; the
        table of all points is not made for it."""
        point = None if self.running_ is None else self.running_.point(at)
        if self.running_ is not None and point is not None:
            return self.running_.at(point, self._items, self._now)
        row, last = int(self._row(np.array([at]))[0]), self._last
        if last is None or last[0] != row:
            table = self._table  # which another thread may make meanwhile
            summed = self._summed(np.array([row])) if table is None else table[[row]]
            last = self._last = (row, summed[0])
        return last[1]

    def before(self, time: Longs, items: Longs | None = None) -> Floats:
        """The score of some items at some times [P × C], or of all [P × I]."""
        running = self.running_
        if running is None:
            return self._fitted(time, items)
        n, points = self._items, [running.point(int(at)) for at in time]
        fitted = np.array([point is None for point in points], bool)
        pick = slice(None) if items is None else items
        found = np.empty((len(time), n if items is None else len(items)), np.float32)
        if fitted.any():
            found[fitted] = self._fitted(time[fitted], items)
        for k, point in enumerate(points):
            if point is not None:
                found[k] = running.at(point, n, self._now)[pick]
        return found

    def _now(self, counts: Floats, first: Longs, point: int) -> Floats:
        """Scores of all items at a point in time after the fit [I]."""
        news = replace(self.newcomers_, first=first)
        return np.asarray(self._mixed(list(counts[:, None]), np.array([point]), news)[0])

    def _fitted(self, time: Longs, items: Longs | None) -> Floats:
        """What stood at the fit's points in time."""
        row = self._row(time)
        if items is None:
            return self._scores[row]
        rows, at = np.unique(row, return_inverse=True)
        return self._scores[rows[:, None], items[None, :]][at]

    @property
    def _scores(self) -> Floats:
        """Those of every snapshot [S × I], made when they are first asked for."""
        table = self._table
        if table is None:
            table = np.empty((len(self.times_), self._items), np.float32)
            for a in range(0, len(table), _ROWS):  # a few: else each term is as large as it
                rows = np.arange(a, min(a + _ROWS, len(table)))
                table[rows] = self._summed(rows)
            self._first, self._table = None, table  # whole: others may be reading
        return table

    def _row(self, time: Longs) -> Longs:
        """The snapshot that each time sees; the first one, where nothing counts, before all."""
        return np.maximum(np.searchsorted(self.times_, time, side="right") - 1, 0)

    def _summed(self, row: Longs) -> Floats:
        """Σ θ · counts + Σ φ · newcomers at some snapshots [S × I]."""
        counted = [self._at(row, counts) for counts in self.counts_]
        return self._mixed(counted, self.times_[row], self.newcomers_)

    def _mixed(self, counted: list[Floats], times: Longs, news: Newcomers) -> Floats:
        """The same from the counts of each half-life at some times [S × I]."""
        total = np.zeros_like(counted[0])
        for weight, counts in zip(self.theta_, counted, strict=True):
            total += np.float32(weight) * self._logs(counts)
        if any(self.phi_):
            for weight, x in zip(self.phi_, news.each(times), strict=True):
                total += np.float32(weight) * x
        return total

    @property
    def _items(self) -> int:
        """I, with the items that came after the fit."""
        return len(self.newcomers_.first)

    def _at(self, row: Longs, counts: Floats) -> Floats:
        """Counts at some snapshots [S × I]; nobody met then what came later."""
        some, more = counts[row], self._items - counts.shape[1]
        return np.pad(some, ((0, 0), (0, more))) if more else some

    def _logs(self, counts: Floats) -> Floats:
        """Counts on a log scale, against their mean [S × I]."""
        n = counts + self.config.smoothing
        return np.asarray(np.log(n / n.mean(axis=1, keepdims=True)), np.float32)

    def _each(self, moments: Moments, news: Newcomers) -> list[Floats]:
        """Every term by itself [B × I]: half-life by half-life, then the newcomers'."""
        row = self._row(moments.at if moments.heard is None else moments.heard)
        counted = [self._logs(self._at(row, counts)) for counts in self.counts_]
        return [*counted, *news.each(self.times_[row])]

    def _mix(self, training: Training, holdout: Holdout) -> None:
        seed, parts = derive(training.seed, "popularity"), []
        self._table = self._last = None
        for news, held in self._stretches(training, holdout):
            terms = partial(self._each, news=news)
            parts.append(shortlisted(terms, held, best=500, others=400, seed=seed))
        candidates, values = joined(parts)
        theta = averaged(values, candidates, alone=range(len(self.half_lives_)), seed=seed)
        if not theta.any():
            return
        theta, phi = np.split(theta, [len(self.half_lives_)])
        used = np.flatnonzero(theta > 1e-3 * max(float(theta.max()), 1e-9))
        used = used if len(used) else np.zeros(1, np.int64)
        self.phi_ = [float(x) for x in phi]
        self.theta_ = [float(theta[h]) for h in used]
        self.half_lives_ = [self.half_lives_[h] for h in used]
        self.counts_ = [self.counts_[h] for h in used]

    def _stretches(
        self, training: Training, holdout: Holdout
    ) -> Iterator[tuple[Newcomers, Holdout]]:
        """What is held out, then what came before it, and what was known of newcomers by then."""
        cut, more, seed = training.cut, self.config.stretches - 1, training.seed
        if cut is None or cut.kind != "time" or not more:
            yield self.newcomers_, holdout
            return
        most = max(20, cut.moments // (1 + more))
        draw = rng(seed, "stretches").permutation(len(holdout))[:most]
        yield self.newcomers_, holdout.take(np.sort(draw))
        cut, repeats = cut.but(moments=most), training.repeats
        for log, held in earlier(training.log, cut, repeats=repeats, seed=seed, cuts=more):
            yield Newcomers.of(log, training.catalogue.text, self.config.newness), held

    def _edges(self, log: Histories) -> Longs:
        """Times of the snapshots [S]: about as many events between any two."""
        time = np.sort(log.time[log.positive])
        S = max(2, min(self.config.snapshots, self.config.cells // max(len(log.items), 1)))
        if not len(time):
            return np.zeros(1, np.int64)
        just_after = time[:: -(-len(time) // S)] + 1
        return np.unique(np.concatenate([time[:1], just_after, time[-1:] + 1]))

    def state(self) -> State:
        """The snapshots."""
        arrays = {f"counts{h}": counts for h, counts in enumerate(self.counts_)}
        fresh, newness = self.newcomers_.state()
        values = {"half_lives": self.half_lives_, "theta": self.theta_, "phi": self.phi_}
        return {"times": self.times_, **arrays, **fresh}, values | newness

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up the snapshots."""
        arrays, values = state
        self.half_lives_, self.theta_ = list(values["half_lives"]), list(values["theta"])
        self.phi_, self._table, self.running_ = list(values["phi"]), None, None
        self.newcomers_ = Newcomers.from_state(state, catalogue.text)
        self.times_ = arrays["times"]
        self.counts_ = [arrays[f"counts{h}"] for h in range(len(self.half_lives_))]
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """New items start without counts."""
        self._table = self._last = None
        self.newcomers_ = self.newcomers_.extended(catalogue.text)


def _counted(log: Histories, times: Longs, half_life: float) -> Floats:
    """Faded counts of the events before each time [S × I]."""
    rows = np.flatnonzero(log.positive)
    rows = rows[np.argsort(log.time[rows], kind="stable")]
    time, item, n = log.time[rows], log.item[rows], len(log.items)
    counts, now = np.zeros((len(times), n), np.float32), np.zeros(n)
    stops = np.searchsorted(time, times, side="left")
    for s in range(1, len(times)):
        part = slice(stops[s - 1], stops[s])
        kept = np.exp2(-(times[s] - time[part]) / (DAY * half_life))
        now *= np.exp2(-(times[s] - times[s - 1]) / (DAY * half_life))
        now += np.bincount(item[part], weights=kept, minlength=n)
        counts[s] = now
    return counts
