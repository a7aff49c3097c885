"""A model that serves, kept up to date: what came to the store since counts at the next question.

The store is the only place that anything is learned from, also of what this very process put in:
before a question is answered, the store is asked whether something changed, and what did is taken
in. So several processes on one store say the same, and whatever is kept here is a cache.

    events      go on the pasts of people who were asked about lately (see `data.pasts`), and
                popularity
    items       join the catalogue by their texts and places in the tree
    relations   and people's own words are read again for those who are asked about
    forgotten   people are gone: all that is kept is let go of

Events that cannot count yet (of items that are not there, or of times to come) wait. What can only
be put right from the beginning, is: then this is `astray`, and the engine begins another one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice
from threading import RLock
from time import monotonic
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.clock import Clock, micros
from penchant.data import columns as c
from penchant.data.clean import bounds, clean, without_near
from penchant.data.histories import Histories, histories, tie
from penchant.data.machines import acts_like_a_machine
from penchant.data.pasts import Names, Pasts
from penchant.data.relations import Relations
from penchant.data.strength import strength, strength_of
from penchant.data.vocabulary import Vocabulary
from penchant.encode.items import item_texts
from penchant.engine.around import Around
from penchant.engine.asking import Asking
from penchant.engine.config import EngineConfig
from penchant.engine.facts import Facts
from penchant.engine.feedback import Ledger
from penchant.engine.prepared import EMPTY
from penchant.engine.texts import Texts
from penchant.engine.view import View
from penchant.engine.waiting import NEVER, Waiting
from penchant.errors import StoreError
from penchant.interests.model import InterestModel
from penchant.store.tables import Change, Kind, Tables
from penchant.types import Bools, Floats, Longs, Report

_AT_ONCE = 200_000  # events that are taken in together
_FEW = 5_000  # events that are shaped one by one
REST: Final = 30.0
"""Seconds from one beginning to the next, where nothing is broken."""


class Live:
    """What a model is asked with; `config`: what it was learned with as it was then; `learned`: it,
    and the facts that it was learned with; `since`: the store's change at which it began to serve.
    `stale`: another one serves since then. Safe for threads."""

    def __init__(
        self,
        tables: Tables,
        config: EngineConfig,
        clock: Clock,
        texts: Texts,
        learned: tuple[InterestModel, Facts],
        since: int,
    ) -> None:
        model, facts = learned
        self.tables, self.config, self.facts = tables, config, facts
        self.learned, self.since = learned, since
        self.kinds, self.around = Names(), Around(tables)
        self.ledger = Ledger(tables, config.feedback)
        self.pasts = Pasts(self._read, self._shape, self._aside, config.live.events)
        self.latest, self.stale, self.forgotten = facts.latest, False, 0
        self.clock, self._texts = clock, texts
        self._seen, self._followed = facts.change, False
        self._taking, self._joining = RLock(), RLock()
        self._items: list[pl.DataFrame] = []
        self._events: list[pl.DataFrame] = []
        self._homeless, self._early = Waiting(), Waiting()
        self._again, self._began = 0.0, monotonic()
        self._broken = self._unlike = False
        rows = self._clean_items(tables.read("items").collect())
        self.view = View.of(model.going_on(), rows, texts, config.encode)
        with suppress(StoreError):  # what cannot join now is tried again when it is asked for
            self._join_first(rows)

    def _join_first(self, rows: pl.DataFrame) -> None:
        """Items that came since the fit are there before events on them are taken in."""
        known = self.view.model.catalogue.items.rows(rows[c.ITEM]) >= 0
        if not known.all():
            self.view = self.view.joined(rows.filter(pl.Series(~known)), self._texts)

    def catch_up(self) -> View:
        """Take in what came to the store; what answers are made with then."""
        if self.tables.latest() != self._seen or self._ripe:
            with self._taking:
                self._take_in(self.tables.changes(self._seen))
        if (self._items or self._events) and monotonic() >= self._again:
            self._join()
        return self.view

    @property
    def waiting(self) -> int:
        """How many events cannot count yet: of items that are not there, or of times to come."""
        return len(self._early) + self._early.left + len(self._homeless) + self._homeless.left

    @property
    def astray(self) -> bool:
        """Whether another one, begun now, would know better: at once where an error left this one
        with a part of what came, else when it has been here for a while."""
        return self._broken or (self._unlike and monotonic() - self._began >= REST)

    @property
    def unlike(self) -> bool:
        """Whether something came that only another one, begun now, would know as the log has it."""
        return self._unlike

    def begun(self, tables: Tables | None = None) -> "Live":
        """The same model from the beginning, over other tables (None: over the same)."""
        tables = self.tables if tables is None else tables
        return Live(tables, self.config, self.clock, self._texts, self.learned, self.since)

    def asking(self, users: Sequence[str]) -> Asking:
        """Questions about some people."""
        log, names = self.log(users), self.kinds.names
        return Asking(
            log, self.view, self.clock, self.ledger, self.latest, lambda e: names[log.kind[e]]
        )

    def _take_in(self, changes: Sequence[Change]) -> None:
        items, events = list(self._came("items", changes)), self._came("events", changes)
        first = list(islice(events, 1))  # a store that fails until here has changed nothing
        with self._whole_or_broken():
            self._let_go(changes)
            waited = self._early.taken() if self._ripe else []
            self._unlike |= self._early.left_first <= self._until
            for rows in chain(waited, first, events):
                self._take_events(rows)
            self._items += items
            self.stale |= any(x.kind == "model" and x.seq > self.since for x in changes)
            self._seen = max([self._seen, *(change.seq for change in changes)])

    @property
    def _ripe(self) -> bool:
        """Whether the time of an event that waits for it has come."""
        first = self._early.first
        if not self._unlike:  # else those that were left come when it begins anew
            first = min(first, self._early.left_first)
        return first < NEVER and first <= self._until

    @property
    def _until(self) -> int:
        """The latest time that an event can have now (µs)."""
        return micros(bounds(self.config.clean, self.clock())[1])

    @contextmanager
    def _whole_or_broken(self) -> Iterator[None]:
        """What is taken in half cannot be taken in again: it would count twice."""
        if self._broken:
            raise StoreError("what came to the store is being read again; ask once more")
        try:
            yield
        except BaseException:
            self._broken = True
            raise

    def log(self, user_ids: Sequence[str]) -> Histories:
        """The pasts of some people, and of those around them, as a log."""
        items = self.view.model.catalogue.items
        if not user_ids or not self.view.model.social_:
            return self.pasts.of(user_ids, items)
        edges = self.around.of(user_ids)
        log = self.pasts.of([*user_ids, *edges[c.TARGET]], items)
        acted = log.users.ids.filter(pl.Series(np.diff(log.offsets) > 0))
        edges = edges.filter(pl.col(c.TARGET).is_in(acted.implode()))
        return replace(log, relations=Relations.of(edges, log.users))

    def join(self, items: pl.DataFrame) -> View:
        """Take in items by a clean table of them, if one is not in the catalogue yet."""
        with self._joining:
            if (self.view.model.catalogue.items.rows(items[c.ITEM]) < 0).any():
                self.view = self.view.joined(items, self._texts)
                with self._taking, self._whole_or_broken():
                    self._house(more=True)
            return self.view

    # What came

    def _came(self, kind: Kind, changes: Sequence[Change]) -> Iterator[pl.DataFrame]:
        """The rows of a kind that some changes brought, a part at a time."""
        some = [change for change in changes if change.kind == kind]
        if not some:
            return
        first, last = min(s.first for s in some), max(s.last for s in some)
        wanted = self._wanted if kind == "events" else None
        for start in range(first, last + 1, _AT_ONCE):
            rows = self.tables.between(kind, start, min(start + _AT_ONCE - 1, last), wanted)
            if rows.height:
                yield rows

    def _let_go(self, changes: Sequence[Change]) -> None:
        """Let go of what is no longer true, and of all that may be of somebody who is gone: whose
        events were counted, or wait, is not known."""
        kinds = {change.kind for change in changes}
        if kinds & {"forget", "relations"}:
            self.around.look_again()
        if kinds & {"forget", "feedback"}:
            self.ledger.look_again()
        if "forget" in kinds:
            self.pasts.drop()
            self.forgotten = max(change.seq for change in changes if change.kind == "forget")
            self._unlike |= self._followed or bool(self.waiting or self._events)
            self._events = []
            self._early.drop()
            self._homeless.drop()

    def _take_events(self, rows: pl.DataFrame) -> None:
        rows, there, early = self._possible(rows)
        if early is not None:
            self._early.add(early)
        if there.any():
            self._follow(rows if there.all() else rows.filter(pl.Series(there)))
        if there.all():
            return
        if self.config.clean.unknown_items == "keep":
            self._events.append(rows.filter(pl.Series(~there)))
        else:
            self._homeless.add(rows.filter(pl.Series(~there)))

    def _possible(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Bools, pl.DataFrame | None]:
        """Events at times that can be, which of them are on items of the catalogue, and those of
        times that are still to come."""
        first, last = (micros(t) for t in bounds(self.config.clean, self.clock()))
        time, early = _micros(rows), None
        can_be = (time >= first) & (time <= last)
        if not can_be.all():
            early = rows.filter(pl.Series(time > last)) if time.max() > last else None
            rows = rows.filter(pl.Series(can_be))
        return rows, self.view.model.catalogue.items.rows(rows[c.ITEM]) >= 0, early

    def _follow(self, rows: pl.DataFrame) -> None:
        """Events on items of the catalogue go on pasts, popularity and the present."""
        self.latest, self._followed = max(int(_micros(rows).max()), self.latest or 0), True
        if rows.height > _FEW:  # most are of people whom nobody asked about
            mine = rows[c.USER].is_in(self.pasts.known(rows[c.USER].unique()))
            self._count(rows.filter(~mine))
            rows = rows.filter(mine)
        if rows.height:
            came = self._shape(rows, Vocabulary(sorted(set(rows[c.USER].to_list()))))
            liked, people = came.positive, _person_numbers(came.users.ids)[came.user]
            items = came.item[liked].astype(np.int64)
            self.view.model.follow(items, came.time[liked], people[liked])
            if self.config.clean.near_seconds:  # only who reads all of a past knows what is near
                self.pasts.drop(came.users.ids)
            else:
                self.pasts.take_in(came)

    def _count(self, rows: pl.DataFrame) -> None:
        """Events of people whose pasts are not known go on popularity alone."""
        liked = strength(rows, self.config.events, self.facts.against) > 0
        rows = rows.filter(pl.Series(liked))
        items = self.view.model.catalogue.items.rows(rows[c.ITEM]).astype(np.int64)
        self.view.model.follow(items, _micros(rows), _person_numbers(rows[c.USER]))

    def _join(self) -> None:
        """Items that came, or that events named, join the catalogue; only then do those events
        count. Others are answered meanwhile with what there was."""
        with self._joining:
            with self._taking:
                items, events, forgotten = self._items, self._events, self.forgotten
                self._items, self._events = [], []
            before = len(self.view.model.catalogue)
            try:
                self._let_in(items, events)
            except BaseException:  # after a while once more; meanwhile answers do without
                with self._taking:
                    self._again = monotonic() + REST
                    self._items = items + self._items
                    self._events = self._unless_gone(events, forgotten) + self._events
                raise
            with self._taking, self._whole_or_broken():
                for frame in self._unless_gone(events, forgotten):
                    self._settle(frame)
                self._house(more=len(self.view.model.catalogue) > before)

    def _unless_gone(self, events: list[pl.DataFrame], forgotten: int) -> list[pl.DataFrame]:
        """Events that were taken when `forgotten` was the newest to go; none if somebody went
        since, whose they may be."""
        if self.forgotten == forgotten:
            return events
        self._unlike = True
        return []

    def _let_in(self, items: Sequence[pl.DataFrame], events: Sequence[pl.DataFrame]) -> None:
        """Items, and such as only events name, join the catalogue."""
        rows = [self._clean_items(frame) for frame in items]
        met = pl.concat([frame.select(c.ITEM) for frame in events]) if events else None
        if met is not None:
            fresh = ~met[c.ITEM].is_in(self.view.items[c.ITEM].implode())
            rows.insert(0, met.filter(fresh).unique(c.ITEM))
        if rows:
            table = pl.concat(rows, how="diagonal_relaxed").unique(
                c.ITEM, keep="last", maintain_order=True
            )
            self._unlike |= self._told_anew(table)
            self.view = self.view.joined(table, self._texts)

    def _told_anew(self, rows: pl.DataFrame) -> bool:
        """Whether an item that joined after the fit has another text now: it stays where it is, as
        places and weights rest on the text that it came with."""
        at = self.view.model.catalogue.items.rows(rows[c.ITEM])
        later = at >= len(self.learned[0].catalogue)
        if not later.any():
            return False
        both = (self.view.items[at[later].astype(np.int64)], rows.filter(pl.Series(later)))
        texts = item_texts(pl.concat(both, how="diagonal_relaxed"), self.config.encode)
        return not texts.head(len(both[0])).equals(texts.tail(len(both[1])))

    def _house(self, *, more: bool) -> None:
        """Events that waited for their items count, as far as these are there now. Those that found
        no room may be of items that joined, if `more` did."""
        self._unlike |= more and self._homeless.left > 0
        for frame in self._homeless.taken():
            there = self.view.model.catalogue.items.rows(frame[c.ITEM]) >= 0
            self._settle(frame.filter(pl.Series(there)))
            self._homeless.add(frame.filter(pl.Series(~there)))

    def _settle(self, rows: pl.DataFrame) -> None:
        """Events whose items joined count; whose they are is read again."""
        if rows.height:
            self._follow(rows)
            self.pasts.drop(rows[c.USER].unique())

    def _clean_items(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not rows.height:
            return pl.DataFrame(schema={c.ITEM: pl.String})
        return clean(EMPTY, rows, self.config.clean, Report(), now=self.clock())[1]

    # People

    def _aside(self, past: Histories) -> bool:
        """Whether somebody acts like a machine."""
        return acts_like_a_machine(past.time, self.config.clean.machines, self.facts.step)

    def _read(self, ids: Sequence[str]) -> pl.DataFrame:
        """The clean events of some people on items of the catalogue."""
        rows = self.tables.people("events", ids)
        if not rows.height:
            return EMPTY
        if self.config.clean.near_seconds:
            rows = without_near(rows, self.config.clean.near_seconds, Report())
        rows, known, _ = self._possible(rows)
        return rows if known.all() else rows.filter(pl.Series(known))

    def _shape(self, rows: pl.DataFrame, users: Vocabulary) -> Histories:
        """Events of some people as a log of them."""
        found = self._few(rows, users) if rows.height <= _FEW else None
        if found is not None:
            return found
        items, context = self.view.model.catalogue.items, self.config.interests.context.columns
        rows = self._told(rows)
        log = histories(rows, items, self.config.events, context, users, low=self.facts.against)
        number = self.kinds.rows(rows[c.EVENT].drop_nulls().unique().sort())
        kind = np.append(number, -1)[log.kind]
        return replace(log, kind=kind.astype(np.int32))

    @property
    def _wanted(self) -> set[str]:
        """Columns of events that something is made of."""
        wanted = {c.USER, c.ITEM, c.TIME, c.EVENT, c.VALUE, *self.config.interests.context.columns}
        return wanted | {c.POSITION} if self.config.ties == "position" else wanted

    def _told(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Events without what nothing is made of."""
        return rows.select(name for name in rows.columns if name in self._wanted)

    def _few(self, rows: pl.DataFrame, users: Vocabulary) -> Histories | None:
        """The same as `histories` gives for a few events, in a fraction of the time; None where
        some are so much alike that only it knows their order."""
        items, ties = self.view.model.catalogue.items, self.config.ties == "position"
        user, time = users.rows(rows[c.USER]), _micros(rows)
        events, item = rows[c.EVENT].cast(pl.String).to_list(), items.rows(rows[c.ITEM])
        weight = self._strengths(events, rows)
        order = np.lexsort((time, user))
        if _alike(order, user, time):
            order = np.lexsort((weight, item, tie(rows).to_numpy(), time, user))
            if ties or _alike(order, user, time, item, weight):
                return None
        user, time = user[order], time[order]
        told = [name for name in self.config.interests.context.columns if name in rows.columns]
        return Histories(
            users=users,
            items=items,
            offsets=np.searchsorted(user, np.arange(len(users) + 1)).astype(np.int64),
            item=item[order],
            time=time.astype(np.int64),
            weight=weight[order],
            source=np.arange(len(events)),
            kind=self.kinds.rows(events)[order],
            past={name: rows[name].cast(pl.String)[order] for name in told},
        )

    def _strengths(self, events: Sequence[str], rows: pl.DataFrame) -> Floats:
        """How strong each event is as evidence [N]; said once of those that are alike."""
        value = rows[c.VALUE].to_list() if c.VALUE in rows.columns else [None] * len(events)
        config, low = self.config.events, self.facts.against
        pairs = list(zip(events, value, strict=True))
        known = {pair: strength_of(*pair, config, low) for pair in set(pairs)}
        return np.fromiter(map(known.__getitem__, pairs), np.float32, len(pairs))


def _micros(rows: pl.DataFrame) -> Longs:
    """Times (µs) of events as a store has them."""
    return np.asarray(rows[c.TIME].cast(pl.Int64).to_numpy(), np.int64)


def _person_numbers(people: pl.Series) -> Longs:
    """A number for each person, the same while the process lasts."""
    return np.asarray(people.cast(pl.String).hash().to_numpy(), np.uint64).view(np.int64)


def _alike(order: Longs, *columns: npt.NDArray[Any]) -> bool:
    """Whether two that follow each other in an order are the same in all of some columns."""
    same = [np.diff(column[order]) == 0 for column in columns]
    return bool(np.logical_and.reduce(same).any())
