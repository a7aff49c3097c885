"""What all routes share: the engine, its threads, keys, lists on their way, counters."""

import asyncio
import gc
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import ref

import polars as pl
from fastapi import Request

from penchant.clock import when
from penchant.data import columns as c
from penchant.data.incoming import AHEAD, FIRST
from penchant.engine.engine import Engine
from penchant.engine.live import Live
from penchant.engine.serving import ServeConfig
from penchant.errors import NotFittedError, PenchantError
from penchant.memory import give_back
from penchant.serve.access import Doorkeeper
from penchant.serve.beside import refit_beside
from penchant.serve.fits import Fits
from penchant.serve.keys import KeyStore, MemoryKeys
from penchant.serve.lists import Lists, Shown, exposures, rows
from penchant.serve.logs import say
from penchant.serve.metrics import Metrics
from penchant.serve.work import Work
from penchant.store.audit import Entry, masked
from penchant.store.models import Fallback


@dataclass
class Service:
    """One process of the service."""

    engine: Engine
    config: ServeConfig
    keys: KeyStore = field(default_factory=MemoryKeys)
    metrics: Metrics = field(default_factory=Metrics)
    alone: bool = False
    """Whether nothing else runs in this process: then Python's collector is told what stays."""
    _stays: "ref[Live] | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.work = Work(self.config)
        self.door = Doorkeeper(self.keys, self.config, self.engine.clock)
        self.lists = Lists(lambda shown: self.work.write(self._keep, shown), self.metrics)
        where = self.engine.workspace
        self.engine.noticed = _fell_back
        self.fits = Fits(self._refit, self.engine.clock, None if where is None else where.path)

    def _refit(self) -> dict[str, Any]:
        """Learn anew: beside this process where there is a workspace to learn from."""
        where = self.engine.workspace
        if where is None:
            return self.engine.refit().to_json()
        return refit_beside(where.path, self.engine.config)

    def present(self, at: str | None, user_id: str) -> Any:
        """The time that is asked about. Now is never before what the person did or said last: that
        counts at once, also where the sender's clock is ahead of ours, or ours was put back."""
        return self.presents(at, [user_id])[0][0]

    def presents(self, at: str | None, users: list[str]) -> list[tuple[Any, list[str]]]:
        """The same of several people: each time, and whose it is."""
        self._settle()
        if at is not None or self.config.present == "log":
            return [(at, users)]
        now, found = self.engine.clock(), dict[datetime, list[str]]()
        for user, last in zip(users, self._last(users, now), strict=True):
            found.setdefault(max(now, last), []).append(user)
        return list(found.items())

    def moment(self, user_id: str) -> datetime:
        """When a person says what they say now: after all that they said before, whatever the
        clock says, so that the last word is the newest."""
        now = self.engine.clock()
        last = self._last([user_id], now)[0]
        return now if now > last else last + timedelta(microseconds=1)

    def _last(self, users: list[str], now: datetime) -> list[datetime]:
        """When each did or said something last, as far as that can be; else long ago."""
        try:
            live = self.engine.live
        except NotFittedError:  # who asks is told by what is asked
            return [FIRST] * len(users)
        log = live.pasts.of(users, live.catch_up().model.catalogue.items)
        rows = log.users.rows(users)
        acted = [
            when(int(log.time[end - 1])) if end > start else FIRST
            for start, end in zip(log.offsets[rows], log.offsets[rows + 1], strict=True)
        ]
        spoken = live.ledger.rows(users)
        if not spoken.height:
            return acted
        said = spoken.filter(pl.col(c.TIME) <= now + AHEAD).group_by(c.USER).agg(pl.max(c.TIME))
        last = dict(said.iter_rows())
        return [max(did, last.get(user, did)) for user, did in zip(users, acted, strict=True)]

    def note(self, actor: str, action: str, subject: str | None = None) -> None:
        """Keep in the audit log that somebody did something, to whom by a hash."""
        whom = None if subject is None else masked(subject)
        self.engine.tables.audit.append(Entry(self.engine.clock(), actor, action, whom))

    async def begin(self) -> None:
        """Start what runs beside the answers, and load the model meanwhile, if there is one."""
        self.lists.begin()
        self._warm = asyncio.create_task(self.work.read(self._load))

    def _load(self) -> None:
        with suppress(PenchantError):  # who asks is told
            self.engine.recommend("", 1)  # what is made when it is first asked for is made now
            self._settle()

    def _settle(self) -> None:
        """Keep the collector from looking through the model that serves, again and again, while
        answers wait; once another serves, what is left of the one before is let go of, and it is
        told which one answers."""
        if not self.alone:
            return
        with suppress(NotFittedError):
            live = self.engine.live
            if self._stays is None or self._stays() is not live:
                self._stays = ref(live)
                gc.unfreeze()
                gc.collect()
                gc.freeze()
                give_back()
                known = self.engine.standing
                self.metrics.serves(known.version or "memory", known.fallback is not None)

    def _keep(self, lists: list[Shown]) -> None:
        """Keep lists as exposures. Where somebody was erased since a list was made, it is let go of
        if its person has no event, and may be the one; so until nobody is erased meanwhile."""
        tables = self.engine.tables
        receipt = None
        while receipt is None:
            latest = tables.latest()
            if not (kept := self._certain(lists)):
                break
            receipt = tables.append_unless_forgotten("exposures", exposures(kept), latest)
        self.metrics.lost.inc(rows(lists) - rows(kept))

    def _certain(self, lists: list[Shown]) -> list[Shown]:
        """The lists of those who were not erased since."""
        tables, since = self.engine.tables, min(shown.since for shown in lists)
        if tables.latest() == since:
            return lists
        erased = max((ch.seq for ch in tables.changes(since) if ch.kind == "forget"), default=0)
        asked = {shown.user_id for shown in lists if shown.since < erased}
        if not asked:
            return lists
        gone = asked - set(tables.people("events", list(asked))[c.USER])
        return [s for s in lists if s.since >= erased or s.user_id not in gone]

    async def close(self) -> None:
        """Store what waits, and end the threads."""
        self._warm.cancel()
        await self.lists.close()
        self.work.close()


def _fell_back(fallback: Fallback) -> None:
    """Say in the log that another version serves than the one that was meant to."""
    say("model fell back", logging.WARNING, **fallback.to_json())


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    found: Service = request.app.state.service
    return found
