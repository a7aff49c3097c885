"""What everybody turns to at a time: counts that fade, on a log scale, and what is new.

    pop_i(t) = Σ_h θ_h · log( (n_i^h(t) + ε) / mean_j (n_j^h(t) + ε) ) + Σ_m φ_m · newcomer_i^m(t)
    n_i^h(t) = Σ_{acts on i before t} 2^(−(t − t_k) / τ_h)

Where nobody has the same item again, only a person's first act on it counts, however often they
return to it; where people do, each act. After a fit each act does, until the next.

Everything stands as it was at the last of many points in time before t; those after the fit know
what came since by `follow` (see `running`). Zero is as popular as the average item. Only events
before t count, so nobody is recommended what became popular later. θ ≥ 0 is learned: news needs
hours, wine needs years, most shops need both. So is φ ≥ 0: how much it helps to be new, and what a
text promises (see `newcomers`).
"""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, NamedTuple, Self

import numpy as np
from pydantic import Field

from penchant.clock import DAY, HOUR
from penchant.config import Config
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.interests.layer import Catalogue, Training
from penchant.interests.newcomers import Newcomers
from penchant.interests.running import Running
from penchant.interests.terms import Row, Term, largest
from penchant.random import derive, rng
from penchant.train.holdout import Holdout, earlier
from penchant.train.mixture import joined, shortlisted
from penchant.train.ranked import averaged
from penchant.types import Floats, Ints, Longs, State


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
    """ε: acts that every item is given for nothing."""
    snapshots: int = Field(default=512, ge=2)
    """Points in time at which counts are kept; a moment between two uses the earlier one."""
    cells: int = Field(default=20_000_000, ge=1000)
    """At most so many numbers are kept of all points in time (snapshots × items)."""
    every: float = Field(default=1.0, gt=0.0)
    """After the fit, hours from one point in time to the next at which counts are brought up."""


LISTED = 10_000
"""The most popular items of a snapshot that are kept at hand."""
_SCATTERED = 4  # fewer than one in so many items, at more times than one in so many: item by item
_ROWS = 16  # snapshots summed at once
_Counted = tuple[Floats, Floats]  # counts [S × I], and their means [S]


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
    summed_: Floats = field(init=False, repr=False)
    """Σ_h θ_h · log(1 + n_i^h / ε) at each point in time [S × I]."""
    total_: Floats = field(init=False, repr=False)
    """Σ_i n_i^h there [S × H]."""
    at_end_: Floats = field(init=False, repr=False)
    """n_i^h at the last of them [H × I]."""
    running_: Running | None = field(init=False, repr=False, default=None)
    _table: Floats | None = field(init=False, repr=False, default=None)
    _turned: Floats | None = field(init=False, repr=False, default=None)
    _last: tuple[int, Floats] | None = field(init=False, repr=False, default=None)
    _first: tuple[Floats, Longs] | None = field(init=False, repr=False, default=None)

    def fit(self, training: Training) -> Self:
        """Count, mix the half-lives by what held-out moments turned to, drop those of no use."""
        self.half_lives_ = list(self.config.half_lives)
        self.theta_ = [1.0 / len(self.half_lives_)] * len(self.half_lives_)
        self.phi_ = [0.0] * (len(self.config.newness) + 2)
        self._begin(training)
        if training.holdout is not None and len(training.holdout):
            self._mix(training, training.holdout)
        return self._count(training)

    def refit(self, training: Training) -> Self:
        """Count again."""
        self._begin(training)
        return self._count(training)

    def _begin(self, training: Training) -> None:
        """Points in time of a log, and what is known of newcomers."""
        self._table = self._turned = self._last = self.running_ = None
        self.times_ = self._edges(training.log)
        text = training.catalogue.text
        self.newcomers_ = Newcomers.of(training.log, text, self.config.newness)

    def _count(self, training: Training) -> Self:
        """Half-life by half-life, into their sum."""
        came, H = _Came.of(training), len(self.half_lives_)

        def each() -> Iterator[Iterator[Floats]]:
            for half_life in self.half_lives_:
                yield _faded(came, self.times_, half_life)
                step.advance()

        with training.progress.step("popularity: counting", H) as step:
            return self.take_counts(each())

    def take_counts(self, each: Iterable[Iterable[Floats]]) -> Self:
        """Take counts of all items [I] for each half-life, at each point in time; kept is their
        sum, and those at the last one."""
        S, H, I = len(self.times_), len(self.half_lives_), self._items
        self.summed_, self.total_ = np.zeros((S, I), np.float32), np.zeros((S, H), np.float32)
        self.at_end_ = np.zeros((H, I), np.float32)
        for h, points in enumerate(each):
            for s, counts in enumerate(points):
                known = slice(0, len(counts))  # nobody met then what came later
                self.summed_[s, known] += np.float32(self.theta_[h]) * self._logs(counts)
                self.total_[s, h] = counts.sum()
                self.at_end_[h, known] = counts
        return self

    def let_go(self) -> None:
        """Of what only those read that learn beside it."""
        self._turned = None

    def going_on(self) -> "Popularity":
        """A copy that can be told what came after the fit."""
        more, step, first = copy(self), int(self.config.every * HOUR), self.newcomers_.first
        more.running_ = Running(self.half_lives_, int(self.times_[-1]), self.at_end_, first, step)
        return more

    def follow(self, items: Longs, time: Longs, people: Longs) -> None:
        """Take in events that came after the fit and speak for their items: rows, times and whose
        they are [N]; of a layer that is `going_on`. Each act counts: what people met before is
        not at hand."""
        assert self.running_ is not None
        self.running_.follow(items, time, people)

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
        theta = np.asarray(self.theta_, np.float32)
        summed, total = theta @ self._logs(counts), counts.sum(axis=1)
        news = replace(self.newcomers_, first=first)
        found: Floats = self._whole(summed[None], total[None], np.array([point]), news)[0]
        return found

    def _fitted(self, time: Longs, items: Longs | None) -> Floats:
        """What stood at the fit's points in time."""
        row = self._row(time)
        if items is None:
            return self._scores[row]
        if _SCATTERED * len(items) < self._items and _SCATTERED * len(time) > len(self.times_):
            return np.ascontiguousarray(self._by_item[items].T)[row]
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

    @property
    def _by_item(self) -> Floats:
        """The same [I × S]: few items of many are read together there, and scattered in the rows of
        snapshots."""
        turned = self._turned
        if turned is None:
            turned = self._turned = np.ascontiguousarray(self._scores.T)
        return turned

    def _row(self, time: Longs) -> Longs:
        """The snapshot that each time sees; the first one, where nothing counts, before all."""
        return np.maximum(np.searchsorted(self.times_, time, side="right") - 1, 0)

    def _summed(self, row: Longs) -> Floats:
        """Scores of all items at some snapshots [S × I]; nobody met then what came later."""
        summed, more = self.summed_[row], self._items - self.summed_.shape[1]
        summed = np.pad(summed, ((0, 0), (0, more))) if more else summed
        return self._whole(summed, self.total_[row], self.times_[row], self.newcomers_)

    def _whole(self, summed: Floats, total: Floats, times: Longs, news: Newcomers) -> Floats:
        """Σ θ · counts on their log scale + Σ φ · newcomers [S × I], from summed [S × I] and totals
        [S × H] at some times [S]."""
        mean = self._logs(total / max(summed.shape[1], 1)) @ np.asarray(self.theta_, np.float32)
        found = summed - mean[:, None]
        if any(self.phi_):
            for weight, x in zip(self.phi_, news.each(times), strict=True):
                found += np.float32(weight) * x
        return found

    @property
    def _items(self) -> int:
        """I, with the items that came after the fit."""
        return len(self.newcomers_.first)

    def _logs(self, counts: Floats) -> Floats:
        """log((n + ε) / ε): nothing where nothing was counted."""
        return np.asarray(np.log1p(counts / np.float32(self.config.smoothing)), np.float32)

    def _each(self, moments: Moments, news: Newcomers, counted: list[_Counted]) -> list[Floats]:
        """Every term by itself [B × I]: half-life by half-life, then the newcomers'."""
        row = self._row(moments.at if moments.heard is None else moments.heard)
        each = [self._logs(n[row]) - self._logs(mean[row, None]) for n, mean in counted]
        return [*each, *news.each(self.times_[row])]

    def _mix(self, training: Training, holdout: Holdout) -> None:
        """Weigh the half-lives, from the counts of each: they are counted again for their sum, with
        the weights that they were given, rather than kept."""
        came, counted, parts = _Came.of(training), [], []
        with training.progress.step("popularity: counting", len(self.half_lives_)) as step:
            for half_life in self.half_lives_:
                counts = np.empty((len(self.times_), came.n_items), np.float32)
                for s, now in enumerate(_faded(came, self.times_, half_life)):
                    counts[s] = now
                counted.append((counts, counts.mean(axis=1)))
                step.advance()
        seed = derive(training.seed, "popularity")
        for news, held in self._stretches(training, holdout):
            terms = partial(self._each, news=news, counted=counted)
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
        fresh, newness = self.newcomers_.state()
        values = {"half_lives": self.half_lives_, "theta": self.theta_, "phi": self.phi_}
        kept = {"summed": self.summed_, "total": self.total_, "at_end": self.at_end_}
        return {"times": self.times_, **kept, **fresh}, values | newness

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up the snapshots."""
        arrays, values = state
        self.half_lives_, self.theta_ = list(values["half_lives"]), list(values["theta"])
        self.phi_ = list(values["phi"])
        self._table = self._turned = self._last = self.running_ = None
        self.newcomers_ = Newcomers.from_state(state, catalogue.text)
        self.times_ = arrays["times"]
        if "summed" not in arrays:  # earlier models kept the counts of each half-life
            return self.take_counts(arrays[f"counts{h}"] for h in range(len(self.half_lives_)))
        self.summed_, self.total_ = arrays["summed"], arrays["total"]
        self.at_end_ = arrays["at_end"]
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """New items start without counts."""
        self._table = self._turned = self._last = None
        self.newcomers_ = self.newcomers_.extended(catalogue.text)


class _Came(NamedTuple):
    """Acts in the order in which they came: time (µs) and item [N] each."""

    time: Longs
    item: Ints
    n_items: int

    @classmethod
    def of(cls, training: Training) -> Self:
        log = training.log
        rows = np.flatnonzero(log.acts)
        rows = rows if training.repeats else log.firsts(rows)
        rows = rows[np.argsort(log.time[rows], kind="stable")]
        return cls(log.time[rows], log.item[rows], len(log.items))


def _faded(came: _Came, times: Longs, half_life: float) -> Iterator[Floats]:
    """Faded counts of what came before each time [I]."""
    now, stops = np.zeros(came.n_items), np.searchsorted(came.time, times, side="left")
    for s in range(len(times)):
        if s:
            part = slice(stops[s - 1], stops[s])
            kept = np.exp2(-(times[s] - came.time[part]) / (DAY * half_life))
            now *= np.exp2(-(times[s] - times[s - 1]) / (DAY * half_life))
            now += np.bincount(came.item[part], weights=kept, minlength=len(now))
        yield now.astype(np.float32)
