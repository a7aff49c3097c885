"""When do they like what: how much likelier an interest is in one context than in the others.

A lift of 2.3 at weekends says that an act at a weekend is 2.3 times as likely to be of the interest
as one of the same person on other days. What people like and when they come cancels out; see
`tally` for how it is counted, `shrink` for how far it is believed and what is called clear, `gain`
for whether a context matters at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from penchant.clock import DAY, when
from penchant.data.histories import Histories
from penchant.interests.context import shrink
from penchant.interests.context.gain import Gain, gains
from penchant.interests.context.tally import Acts, Measured, measured
from penchant.interests.context.variables import HOURS, MONTHS, WEEKDAYS, Variable, variables
from penchant.random import derive
from penchant.taxonomy.tree import Node, Tree
from penchant.types import QUIET, Doubles, Ints, Longs, Progress

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl
    from rich.console import Group

WEEK = "time of week"
"""Hour and weekday together: what neither says alone, as weekend evenings."""
YEARS = 3
"""Years of events from which a month can be told from a trend."""


@dataclass(frozen=True)
class Lift:
    """How many times as likely an interest is in a context as in the others.

    `low` to `high` holds the lift with a probability of 0.95; `events` are the acts of the interest
    in the context, `expected` how many there would be without any lift. Of the lifts that are
    `clear`, at most one in twenty is wrong.
    """

    node: Node
    path: tuple[str, ...]
    context: str
    value: str
    lift: float
    low: float
    high: float
    events: float
    expected: float
    clear: bool

    @property
    def moved(self) -> float:
        """About how many acts there are more, or fewer, for it."""
        return abs(self.lift - 1.0) * self.expected

    def __str__(self) -> str:
        return (
            f"{self.path[-1]} · {self.context} {self.value}: ×{self.lift:.2g} "
            f"({self.low:.2g}–{self.high:.2g})"
        )


@dataclass(frozen=True)
class ContextLifts:
    """The lifts of one level, of one person or (`user_id` None) of everybody, up to a time.

    `lifts` has one for each interest and value of a context; `gains` say which contexts matter at
    all, to everybody; `left_out` says why a context was not looked at. `events` are the acts that
    it rests on, of so many `people`.
    """

    user_id: str | None
    level: int
    at: "datetime"
    events: int
    people: int
    lifts: tuple[Lift, ...]
    gains: tuple[Gain, ...]
    left_out: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.lifts)

    @property
    def clear(self) -> tuple[Lift, ...]:
        """The lifts that are no chance, those first that move most acts."""
        found = [x for x in self.lifts if x.clear]
        return tuple(sorted(found, key=lambda x: (-x.moved, -abs(np.log(x.lift)))))

    @property
    def matters(self) -> tuple[str, ...]:
        """The contexts by which the next interest is foretold better, the best first."""
        return tuple(gain.context for gain in self.gains if gain.matters)

    def to_frame(self) -> "pl.DataFrame":
        """One row for each interest and value of a context: id, name, path, context, value, lift,
        low, high, events, expected, clear."""
        import polars as pl

        kinds = {
            "id": pl.String, "name": pl.String, "path": pl.String, "context": pl.String,
            "value": pl.String, "lift": pl.Float64, "low": pl.Float64, "high": pl.Float64,
            "events": pl.Float64, "expected": pl.Float64, "clear": pl.Boolean,
        }  # fmt: skip
        rows = [[*_row(x).values()] for x in self.lifts]
        return pl.DataFrame(rows, schema=kinds, orient="row")

    def to_json(self) -> dict[str, Any]:
        """Lifts and gains as plain values."""
        return {
            "user_id": self.user_id,
            "level": self.level,
            "at": self.at.isoformat(),
            "events": self.events,
            "people": self.people,
            "matters": list(self.matters),
            "gains": [vars(gain) | {"matters": gain.matters} for gain in self.gains],
            "lifts": [_row(x) for x in self.lifts],
            "left_out": dict(self.left_out),
        }

    def __rich__(self) -> "Group":
        from penchant.interests.context.show import lifts

        return lifts(self)

    def __str__(self) -> str:
        from penchant.interests.show import text

        return text(self)


def _row(x: Lift) -> dict[str, Any]:
    return {
        "id": x.node.id,
        "name": x.node.name,
        "path": " > ".join(x.path),
        "context": x.context,
        "value": x.value,
        "lift": x.lift,
        "low": x.low,
        "high": x.high,
        "events": x.events,
        "expected": x.expected,
        "clear": x.clear,
    }


@dataclass(frozen=True)
class Asked:
    """One context as the acts of a log have it: codes [N], periods that come at once [N]."""

    variable: Variable
    codes: Ints
    period: Longs


def asked(
    log: Histories, rows: Longs, clock: Sequence[str]
) -> tuple[tuple[Asked, ...], dict[str, str]]:
    """The contexts that acts of a log can be told apart by, and why others are not among them."""
    time, left_out = log.time[rows], {}
    past = {name: column.gather(rows) for name, column in log.past.items()}
    found = {v.name: v for v in variables(log, tuple(clock))}
    for name in (*clock, *past):
        if name not in found:
            left_out[name] = "it does not vary in what was added"
    if MONTHS in found and not _seasons(time):
        del found[MONTHS]
        left_out[MONTHS] = f"fewer than {YEARS} years of events cannot tell a month from a trend"
    days = time // DAY
    made = {
        name: Asked(v, v.codes(time, past.get(name)), _months(time) if name == MONTHS else days)
        for name, v in found.items()
    }
    if HOURS in made and WEEKDAYS in made:
        made[WEEK] = _week(made[HOURS], made[WEEKDAYS])
    return tuple(made.values()), left_out


def _seasons(time: Longs) -> bool:
    return len(time) > 0 and int(time.max() - time.min()) >= YEARS * 365 * DAY


def _months(time: Longs) -> Longs:
    return time.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)


def _week(hour: Asked, weekday: Asked) -> Asked:
    parts = hour.variable.values
    values = tuple(f"{day} {part}" for day in ("weekday", "weekend") for part in parts)
    known = (hour.codes >= 0) & (weekday.codes >= 0)
    codes = hour.codes + len(parts) * (weekday.codes >= 5)
    return Asked(Variable(WEEK, values), np.where(known, codes, -1).astype(np.int32), hour.period)


@dataclass(frozen=True)
class Population:
    """What everybody likes when, from which each one's lifts follow: contexts, acts, and lifts as
    counted and as believed, context by context."""

    tree: Tree
    level: int
    at: "datetime"
    owner: Longs
    found: tuple[Asked, ...]
    acts: tuple[Acts, ...]
    counted: list[list[Measured]]
    known: list[list[shrink.Shrunk]]
    gains: tuple[Gain, ...]
    left_out: Mapping[str, str]
    seed: int

    @property
    def everybody(self) -> ContextLifts:
        """The lifts of everybody."""
        contexts = zip(self.found, self.counted, self.known, strict=True)
        made = [
            self._lifts(a, v, s[v], m[v].seen, m[v].expected)
            for a, m, s in contexts
            for v in range(len(m))
        ]
        return self._all(None, len(self.owner), len(np.unique(self.owner)), made)

    def person(self, user: int, user_id: str) -> ContextLifts:
        """The lifts of one person, a row of the log; −1 for somebody never seen."""
        own, where = [], []
        contexts = zip(self.found, self.acts, self.known, self._differing, strict=True)
        for a, acts, s, how in contexts:
            place = np.flatnonzero(acts.users == user)
            row = int(place[0]) if len(place) else -1
            own += [shrink.person(acts, row, v, lift, how) for v, lift in enumerate(s)]
            where += [(a, v) for v in range(len(s))]
        made = [
            self._lifts(a, v, lift, seen, expected)
            for (a, v), (lift, seen, expected) in zip(where, own, strict=True)
        ]
        events = int((self.owner == user).sum())
        return self._all(user_id, events, int(events > 0), made)

    @cached_property
    def _differing(self) -> list[shrink.Differing]:
        """How people differ, context by context."""
        contexts = zip(self.found, self.acts, self.known, strict=True)
        return [
            shrink.differing(acts, s, seed=derive(self.seed, a.variable.name))
            for a, acts, s in contexts
        ]

    def _all(
        self, user_id: str | None, events: int, people: int, made: list[list[Lift]]
    ) -> ContextLifts:
        flat = tuple(x for some in made for x in some)
        return ContextLifts(
            user_id, self.level, self.at, events, people, flat, self.gains, self.left_out
        )

    def _lifts(
        self,
        asked: Asked,
        value: int,
        found: shrink.Shrunk,
        seen: Doubles,
        expected: Doubles,
    ) -> list[Lift]:
        lift, low, high = (np.exp(x) for x in (found.log, found.low, found.high))
        return [
            Lift(
                node=node,
                path=self.tree.path(node),
                context=asked.variable.name,
                value=asked.variable.values[value],
                lift=float(lift[k]),
                low=float(low[k]),
                high=float(high[k]),
                events=float(seen[k]),
                expected=float(expected[k]),
                clear=bool(found.clear[k]),
            )
            for k, node in enumerate(self.tree.nodes[self.level - 1])
        ]


def population(
    log: Histories,
    tree: Tree,
    clock: Sequence[str],
    *,
    level: int = 1,
    seed: int = 0,
    progress: Progress = QUIET,
) -> Population:
    """What everybody of a log likes when, on one level of the tree.

    Raises:
        UnknownIdError: there is no such level.
    """
    members = tree.membership(level)
    rows = np.flatnonzero(log.acts)
    found, left_out = asked(log, rows, clock)
    nodes = sparse.csr_array(members[log.item[rows]], dtype=np.float64)
    acts = tuple(Acts.of(log, rows, a.codes, nodes, a.period) for a in found)
    with progress.step("lifts", len(acts) + 1) as step:
        counted = []
        for a, one in zip(found, acts, strict=True):
            counted.append([measured(one, v) for v in range(len(a.variable.values))])
            step.advance()
        known = shrink.everybody(counted)
        gained = gains(log, rows, nodes, found, seed=seed)
        step.advance()
    end = when(int(log.time.max()) if len(log) else 0)
    owner = log.user[rows].astype(np.int64)
    return Population(
        tree, level, end, owner, found, acts, counted, known, tuple(gained), left_out, seed
    )
