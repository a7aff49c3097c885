"""What is known of people, computed anew from the log and held against what followed it.

    streamed    the model as it began to serve, taken through what came since piece by piece, as a
                service is: people's pasts go on, items join, popularity is counted on
    rebuilt     the same model begun anew, which reads what it is asked about and all that came
    batch       the whole log read and cleaned at once, as a fit does it

All three must say the same of everybody: scores of items, weights of interests at every level, and
how many acts speak for each. They are asked at the first point in time behind the last event at
which popularity has counted all that came. What of popularity the fit itself counted stays with the
model until the next fit, also of people who are gone, so `batch` takes popularity from `rebuilt`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from penchant.clock import HOUR, when
from penchant.data.clean import CleanConfig
from penchant.data.vocabulary import Vocabulary
from penchant.engine.asking import Asking
from penchant.engine.live import Live
from penchant.engine.prepared import Prepared
from penchant.engine.replay import Replay
from penchant.interests.weights import Levels
from penchant.random import rng
from penchant.types import QUIET, Doubles, Floats, Ints, Progress

TOLERANCE: Final = 1e-5
"""The largest difference that is none; of numbers beyond 1, as a share of them."""
STEPS: Final = 200
"""Pieces that what came is followed in, at most about."""
_AGAIN = 10  # pieces after which what cannot be followed makes it begin anew, as a service does
_CELLS, _CHUNK = 2_000_000, 200  # scores, and people, at a time
_NAMED = 5  # people, or items, that are named


@dataclass(frozen=True)
class Apart:
    """How far one way is from `rebuilt`: the largest difference of scores, of interest weights and
    of the acts that speak for an interest; how many people differ by more than the tolerance, the
    ids of some, and of items that only one of the two knows."""

    scores: float = 0.0
    weights: float = 0.0
    evidence: float = 0.0
    differ: int = 0
    people: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.differ or self.items)


@dataclass(frozen=True)
class Rebuilt:
    """What was computed anew and compared: events in the log, and those that came since the fit;
    people compared, and those of them who acted since the fit. `batch`: None where it was left out,
    and `without` says why; `moved`: items, relations or people changed meanwhile."""

    rows: int
    came: int
    people: int
    acted: int
    items: int
    levels: int
    streamed: Apart
    batch: Apart | None
    without: str | None
    moved: bool
    seconds: float

    @property
    def same(self) -> bool:
        """Whether all ways say the same."""
        return self.streamed.same and (self.batch is None or self.batch.same)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"same": self.same, "tolerance": TOLERANCE, **asdict(self)}


def rebuild(
    live: Live, people: int = 1000, *, batch: bool = True, seed: int = 0, progress: Progress = QUIET
) -> Rebuilt:
    """Compute anew what is known of so many people (0: everybody), those who acted since the fit
    first, in all three ways (without `batch`: two), and compare."""
    began, until, since = perf_counter(), live.tables.latest(), live.facts.change
    replay = Replay(live.tables, since, until, STEPS)
    asked = _Asked.of(replay, people, seed, progress)
    streamed = _followed(live, replay, asked.ids, progress)
    rebuilt = live.begun(Replay(live.tables, since, until).everything())
    rebuilt.catch_up()
    without = _without(live.config.clean, asked.rows) if batch else "it was not asked for"
    whole = None if without else _whole(rebuilt, progress)
    apart = _Comparison(streamed, rebuilt, whole)
    with progress.step("compare", len(asked.ids)) as step:
        for some in _chunks(asked.ids, len(rebuilt.view.model.catalogue)):
            apart.ask(some)
            step.advance(len(some))
    changed = {change.kind for change in live.tables.changes(until)}
    return Rebuilt(
        rows=asked.rows,
        came=asked.came,
        people=len(asked.ids),
        acted=asked.acted,
        items=len(rebuilt.view.model.catalogue),
        levels=rebuilt.view.model.catalogue.tree.levels,
        streamed=apart.streamed.told(),
        batch=None if whole is None else apart.batch.told(),
        without=without,
        moved=bool(changed & {"items", "relations", "forget"}),
        seconds=perf_counter() - began,
    )


# Who is asked about


@dataclass(frozen=True)
class _Asked:
    """People, of whom the first `acted` since the fit; events in the log, and since the fit."""

    ids: Sequence[str]
    acted: int
    rows: int
    came: int

    @classmethod
    def of(cls, replay: Replay, most: int, seed: int, progress: Progress) -> "_Asked":
        """Those who acted since the fit, at most nine in ten, and others, drawn by chance."""
        cut, last = replay.learned["events"], replay.whole["events"]
        with progress.step("read who acted", last) as step:
            before, had = _owners(replay, 0, cut)
            step.advance(cut)
            since, came = _owners(replay, cut, last)
            step.advance(last - cut)
        others = sorted(before - since)
        room = most or len(since) + len(others)
        more = min(len(others), max(room - len(since), room // 10))
        acted = _drawn(sorted(since), room - more, seed)
        return cls([*acted, *_drawn(others, more, seed)], len(acted), had + came, came)


def _owners(replay: Replay, after: int, last: int) -> tuple[set[str], int]:
    """Whose some events are, and how many there are."""
    found, rows = set[str](), 0
    for ids in replay.owners(after, last):
        found.update(ids.unique().to_list())
        rows += len(ids)
    return found, rows


def _drawn(ids: list[str], most: int, seed: int) -> list[str]:
    if len(ids) <= most:
        return ids
    return [ids[k] for k in np.sort(rng(seed, "rebuild").permutation(len(ids))[:most])]


def _chunks(ids: Sequence[str], n_items: int) -> list[Sequence[str]]:
    """People in pieces whose score tables are small."""
    size = min(max(1, _CELLS // max(n_items, 1)), _CHUNK)
    return [ids[a : a + size] for a in range(0, len(ids), size)]


# Three ways


def _followed(live: Live, replay: Replay, ids: Sequence[str], progress: Progress) -> Live:
    """Taken through what came, and asked about people meanwhile: their pasts are known, and go on,
    as far as there is room for them."""
    found, pieces = live.begun(replay), len(replay.steps)
    for a in range(0, len(ids), _CHUNK):
        found.log(ids[a : a + _CHUNK])
    size = max(1, -(-2 * len(ids) // max(pieces, 1)))  # each is asked about twice or so
    turns = [ids[a : a + min(size, _CHUNK)] for a in range(0, len(ids), size)]
    with progress.step("follow what came", sum(replay.rows.values())) as step:
        for k in range(pieces):
            rows = replay.take()
            found.catch_up()
            if found.unlike and (k % _AGAIN == _AGAIN - 1 or k == pieces - 1):
                found = found.begun()
                found.catch_up()
            if turns:
                some = turns[k % len(turns)]
                found.log(some)
                _scored(found, some[:1])
            step.advance(rows)
    return found


def _scored(live: Live, some: Sequence[str]) -> Floats:
    asking = live.asking(some)
    return asking.model.score(asking.moments(some, when(_present(live))))


def _present(live: Live) -> int:
    """The first time at which popularity has counted the last event (µs)."""
    step = int(live.config.interests.popularity.every * HOUR)
    return live.asking([]).present() + step


def _whole(live: Live, progress: Progress) -> Asking:
    """The whole log, read at once, to be asked about everybody."""
    with progress.step("read the whole log"):
        data = Prepared.of(live.tables, live.config, live.clock, live.facts)
        data = data.arranged(live.join(data.items).model.catalogue.items).as_rows()
    return Asking(data.log, live.view, live.clock, live.ledger, data.log.latest, str)


def _without(config: CleanConfig, rows: int) -> str | None:
    """Why the whole log cannot be compared with what followed it, if so: there is none, or it is
    cleaned by steps that look at everybody."""
    if not rows:
        return "there are no events"
    usual = CleanConfig()
    steps = ("core_users", "core_items", "missing", "outliers")
    some = [f"clean.{name}" for name in steps if getattr(config, name) != getattr(usual, name)]
    return f"{', '.join(some)} count from the next fit on, not as events come" if some else None


# Comparing


class _Said(NamedTuple):
    """What is said of B people: scores [B × I] (one table), weights and evidence [B × K] level by
    level."""

    scores: Levels
    weights: Levels
    evidence: Levels

    @classmethod
    def of(cls, asking: Asking, ids: Sequence[str], at: int, order: Ints) -> "_Said":
        moments = asking.moments(ids, when(at))
        parts = asking.model.parts(moments)
        known = asking.model.weights(moments, parts=parts, layers=False)
        counted = tuple(table for tables in known.counted for table in tables)
        return cls((parts.score[:, order],), known.whole, counted)


@dataclass
class _Farthest:
    """The farthest that two ways are apart so far."""

    items: tuple[str, ...] = ()
    most: Doubles = field(default_factory=lambda: np.zeros(3))
    far: dict[str, float] = field(default_factory=dict)
    differ: int = 0

    def take(self, ids: Sequence[str], one: _Said, other: _Said) -> None:
        """Compare what is said of some people."""
        pairs: Iterable[tuple[Levels, Levels]] = zip(one, other, strict=True)
        apart = np.stack([_apart(a, b) for a, b in pairs])
        self.most = np.maximum(self.most, apart.max(axis=1, initial=0.0))
        worst = apart.max(axis=0)
        rows = np.flatnonzero(~(worst <= TOLERANCE))  # what is no number differs
        self.differ += len(rows)
        far = self.far | {ids[int(row)]: float(worst[row]) for row in rows}
        self.far = dict(sorted(far.items(), key=lambda pair: -pair[1])[:_NAMED])

    def told(self) -> Apart:
        """All together."""
        scores, weights, evidence = (float(x) for x in self.most)
        return Apart(scores, weights, evidence, self.differ, tuple(self.far), self.items)


class _Comparison:
    """Asks all ways about the same people at the same time."""

    def __init__(self, streamed: Live, rebuilt: Live, whole: Asking | None) -> None:
        self._streamed, self._rebuilt, self._whole = streamed, rebuilt, whole
        self._at = _present(rebuilt)
        mine, other = (x.view.model.catalogue.items for x in (rebuilt, streamed))
        self._mine, self._other, alone = _both(mine, other)
        self.streamed, self.batch = _Farthest(alone), _Farthest()

    def ask(self, ids: Sequence[str]) -> None:
        """Compare what is said of some people."""
        rebuilt = _Said.of(self._rebuilt.asking(ids), ids, self._at, self._mine)
        streamed = _Said.of(self._streamed.asking(ids), ids, self._at, self._other)
        self.streamed.take(ids, streamed, rebuilt)
        if self._whole is not None:
            self.batch.take(ids, _Said.of(self._whole, ids, self._at, self._mine), rebuilt)


def _both(one: Vocabulary, other: Vocabulary) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Rows of the same items in two catalogues, and some items that only one of them has."""
    there = other.rows(one.ids)
    lost = one.ids.filter(pl.Series(there < 0)).head(_NAMED).to_list()
    more = other.ids.filter(pl.Series(one.rows(other.ids) < 0)).head(_NAMED).to_list()
    return np.flatnonzero(there >= 0).astype(np.int32), there[there >= 0], (*lost, *more)


def _apart(one: Levels, other: Levels) -> Doubles:
    """How far apart the numbers of each person are at most [B]; beyond 1, as a share of them."""
    far = [
        np.max(
            np.abs(np.subtract(a, b, dtype=np.float64)) / np.maximum(np.abs(b), 1.0),
            axis=1,
            initial=0.0,
        )
        for a, b in zip(one, other, strict=True)
    ]
    return np.asarray(np.max(far, axis=0), np.float64)
