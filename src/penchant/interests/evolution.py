"""How one person's interests move: their weights over time, their phases, and what changed.

A phase compares what a person did lately with what the person did before. Acts less than 12 hours
apart are one visit, and visits are counted: a long evening says no more than a short one, and
somebody who comes once a month and somebody who comes daily are told apart alike.

    recent    the last w visits, w a quarter of all, 5 at least and 50 at most
    new       never touched before them
    returning touched among them, after a silence that was too long for its old rate
    dormant   silent for too long for its rate
    rising    its rate lately is above its rate before, with a probability of 0.95 or more
    fading    … below …
    steady    anything else

A silence of g visits is too long where an interest that the share r of the visits before touched
would be missing from all of them e^(−g·r) < 0.05 of the time. Rates are compared as two Beta
posteriors under Jeffreys' prior (Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section
2.4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from penchant.clock import when
from penchant.data.moments import Moments
from penchant.errors import UnknownIdError
from penchant.interests.changes import Change
from penchant.interests.profiles import Profiles
from penchant.interests.visits import Visits
from penchant.taxonomy.tree import Node, Tree
from penchant.types import Bools, Floats, Longs

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

PhaseName = Literal["new", "rising", "steady", "fading", "dormant", "returning"]
SURE = 0.95
"""Probability from which lately counts as more, or less, than before."""
SILENT = float(-np.log(1.0 - SURE))
"""Visits that should have touched an interest in a silence for it to be too long."""


@dataclass(frozen=True)
class Phase:
    """Where an interest stands in a person's life, and what says so.

    `recent` of the last `of` visits touched it, `before` of the `of_before` visits earlier;
    `silence` is how many visits ago the last such one was; `sure` the probability that its rate
    lately is above its rate before. `since` is when the phase was entered: the first visit to a new
    or returning interest, the last one to a dormant one, else the first of the recent visits.
    """

    name: PhaseName
    since: datetime
    recent: int
    of: int
    before: int
    of_before: int
    silence: int
    sure: float

    @property
    def because(self) -> str:
        """What says so, in words."""
        before = f", {self.before} of the {self.of_before} before" if self.of_before else ""
        return f"{self.recent} of the last {self.of} visits{before}"

    def __str__(self) -> str:
        return f"{self.name}: {self.because}"


@dataclass(frozen=True)
class Shift:
    """How far one interest moved between two times: weights before and after, and the person's acts
    on it in between."""

    node: Node
    path: tuple[str, ...]
    before: float
    after: float
    acts: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "id": self.node.id,
            "name": self.node.name,
            "path": list(self.path),
            "before": self.before,
            "after": self.after,
            "change": self.change,
            "acts": self.acts,
        }

    def __str__(self) -> str:
        return (
            f"{' > '.join(self.path)}: {self.before:.1%} → {self.after:.1%} ({self.acts:.3g} acts)"
        )


@dataclass(frozen=True)
class Evolution:
    """One person's interests over time.

    `series` holds a profile for each step, oldest first; `phases` by level, then by id of the
    interest, as of the last step; `acts` [T × K] by level: acts on each interest since the step
    before; `changes` are lasting changes of taste in the whole history, in the order found.
    """

    user_id: str
    series: Profiles
    phases: Mapping[int, Mapping[str, Phase]]
    acts: tuple[Floats, ...]
    changes: tuple[Change, ...] = ()

    def __len__(self) -> int:
        return len(self.series)

    @property
    def times(self) -> list[datetime]:
        """The time of each step."""
        return [when(int(t)) for t in self.series.at]

    def diff(self, level: int = 1, *, first: int = 0, last: int = -1) -> list[Shift]:
        """What changed between two steps (by number; −1 is the last), the largest change first.

        Raises:
            UnknownIdError: there is no such level.
        """
        tree, weights = self.series.tree, self.series.weights(level)
        a, b = range(len(self))[first], range(len(self))[last]
        acts = self.acts[level - 1][a + 1 : b + 1].sum(axis=0)
        found = [
            Shift(node, tree.path(node), float(weights[a, k]), float(weights[b, k]), float(acts[k]))
            for k, node in enumerate(tree.nodes[level - 1])
        ]
        return sorted(found, key=lambda shift: -abs(shift.change))

    def of(self, id_or_name: str) -> "pl.DataFrame":
        """One interest over time: at, weight, usual, acts.

        Raises:
            UnknownIdError: nothing is called that.
        """
        tree = self.series.tree
        level, row = tree.row(tree.find(id_or_name).id)
        return self.to_frame(level).filter(id=tree.nodes[level - 1][row].id)

    def to_frame(self, level: int | None = None) -> "pl.DataFrame":
        """One row for each step and interest: what `Profiles.to_frame` has, acts, and the phase as
        of the last step."""
        import polars as pl

        levels = range(1, self.series.tree.levels + 1) if level is None else [level]
        return pl.concat([self._frame(number) for number in levels])

    def _frame(self, level: int) -> "pl.DataFrame":
        import polars as pl

        table = self.series.to_frame(level).sort("at", "weight", descending=[False, True])
        ids = [node.id for node in self.series.tree.nodes[level - 1]]
        T = len(self)
        acts = pl.DataFrame(
            {
                "at": pl.Series(self.times, dtype=pl.Datetime("us", "UTC")).gather(
                    np.repeat(np.arange(T), len(ids))
                ),
                "id": ids * T,
                "acts": self.acts[level - 1].ravel().astype(np.float64),
            }
        )
        phases = {id_: phase.name for id_, phase in self.phases.get(level, {}).items()}
        phase = pl.col("id").replace_strict(phases, default=None, return_dtype=pl.String)
        return table.join(acts, on=["at", "id"], maintain_order="left").with_columns(phase=phase)

    def to_json(self) -> dict[str, Any]:
        """The series and the phases as plain values, level by level."""
        tree = self.series.tree
        return {
            "user_id": self.user_id,
            "times": [t.isoformat() for t in self.times],
            "changes": [change.to_json() for change in self.changes],
            "levels": [
                [
                    {
                        "id": node.id,
                        "name": node.name,
                        "path": list(tree.path(node)),
                        "weights": [float(w) for w in self.series.weights(level)[:, k]],
                        "phase": _plain(self.phases.get(level, {}).get(node.id)),
                    }
                    for k, node in enumerate(tree.nodes[level - 1])
                ]
                for level in range(1, tree.levels + 1)
            ],
        }

    def __rich__(self) -> "Group":
        from penchant.interests.show import evolution

        return evolution(self)

    def __str__(self) -> str:
        from penchant.interests.show import text

        return text(self)


def _plain(phase: "Phase | None") -> dict[str, Any] | None:
    if phase is None:
        return None
    return {**vars(phase), "since": phase.since.isoformat()}


STEPS = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "3mo", "year": "1y"}
"""Steps by name, in Polars' language of durations."""


def steps(first: int, last: int, step: str, most: int = 1000) -> Longs:
    """The times of a series (µs): whole steps back from the last one, oldest first, the oldest at
    or before the first.

    Raises:
        UnknownIdError: the step has no such name, or there would be more of them than `most`.
    """
    found = [last]
    for time in _back(last, step):
        if found[-1] <= first:
            break
        if len(found) > most:
            raise UnknownIdError(
                f"step: from the first act to the last there are more than {most:,} steps of one "
                f"{step}; ask for a longer step, or since a later time"
            )
        found.append(time)
    return np.array(found[::-1], np.int64)


def back(last: int, step: str, number: int) -> Longs:
    """So many times (µs), each a step before the next, up to the last one.

    Raises:
        UnknownIdError: the step has no such name.
    """
    return np.array([last, *islice(_back(last, step), number - 1)][::-1], np.int64)


def _back(last: int, step: str) -> Iterator[int]:
    """The times one step, two steps, … before the last one."""
    import polars as pl

    if step not in STEPS:
        raise UnknownIdError(f"step: {step!r} came; expected one of {', '.join(STEPS)}")
    every, end = STEPS[step], pl.Series([last], dtype=pl.Int64).cast(pl.Datetime("us"))
    number, unit = int(every.rstrip("dwmoy")), every.lstrip("0123456789")
    for n in count(1):
        yield int(end.dt.offset_by(f"-{n * number}{unit}").cast(pl.Int64)[0])


def evolution(
    user_id: str, series: Profiles, now: Moments, changes: tuple[Change, ...] = ()
) -> Evolution:
    """The evolution that a series of profiles shows; `now` has the whole history."""
    tree = series.tree
    liked = now.weight > 0
    step = np.searchsorted(series.at, now.time, side="left")
    late = liked & (step < len(series))
    acts = []
    for level in range(1, tree.levels + 1):
        A = tree.membership(level)
        at = sparse.csr_array(
            (np.ones(int(late.sum()), np.float32), (step[late], np.flatnonzero(late))),
            shape=(len(series), len(now.item)),
        )
        acts.append(np.asarray((at @ A[now.item]).toarray(), np.float32))
    named = {
        level: {tree.nodes[level - 1][k].id: phase for k, phase in phases(now, tree, level).items()}
        for level in range(1, tree.levels + 1)
    }
    return Evolution(user_id, series, named, tuple(acts), changes)


def phases(moments: Moments, tree: Tree, level: int) -> dict[int, Phase]:
    """The phase of each interest of a level that one person ever turned to, by its row."""
    visits = Visits.among(moments, tree, level)
    w = recent(len(visits))
    return {int(k): _phase(visits.on(int(k)), visits.time, w) for k in visits.nodes}


def recent(visits: int) -> int:
    """How many of so many visits count as recent."""
    return min(visits, int(np.clip(round(visits / 4), 5, 50)))


def _phase(touched: Bools, time: Longs, w: int) -> Phase:
    """One interest's phase, from which visits touched it, oldest first."""
    m = len(touched)
    lately, before = int(touched[m - w :].sum()), int(touched[: m - w].sum())
    on = np.flatnonzero(touched)
    silence = m - 1 - int(on[-1])
    sure = _above(lately, w, before, m - w)
    fresh, earlier = on[on >= m - w], on[on < m - w]
    first = int(fresh[0]) if len(fresh) else m - w
    rate = (lately + before) / (int(on[-1]) + 1)
    name: PhaseName = "steady"
    since = time[m - w]
    if len(earlier) and len(fresh) and (first - earlier[-1]) * before / (earlier[-1] + 1) > SILENT:
        name, since = "returning", time[first]
    elif silence * rate > SILENT:
        name, since = "dormant", time[on[-1]]
    elif not len(earlier) and m > w:
        name, since = "new", time[first]
    elif sure >= SURE:
        name = "rising"
    elif sure <= 1.0 - SURE:
        name = "fading"
    return Phase(name, when(int(since)), lately, w, before, m - w, silence, sure)


def _above(k: int, n: int, k_before: int, n_before: int) -> float:
    """Probability that the rate behind k of n is above that behind k_before of n_before."""
    from scipy import stats

    if not n or not n_before:
        return 0.5
    x = np.linspace(0.0, 1.0, 401)[1:-1]
    now = stats.beta.pdf(x, k + 0.5, n - k + 0.5)
    below = stats.beta.cdf(x, k_before + 0.5, n_before - k_before + 0.5)
    return float((now * below).sum() / max(now.sum(), 1e-300))
