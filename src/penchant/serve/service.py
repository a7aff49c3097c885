"""What all routes share: the engine, its threads, keys, lists on their way, counters."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request

from penchant.clock import when
from penchant.data import columns as c
from penchant.data.incoming import AHEAD, FIRST
from penchant.data.vocabulary import Vocabulary
from penchant.engine.engine import Engine
from penchant.engine.live import Live
from penchant.engine.serving import ServeConfig
from penchant.errors import NotFittedError, PenchantError
from penchant.serve.access import Doorkeeper
from penchant.serve.audit import AuditLog, MemoryAudit, masked
from penchant.serve.beside import refit_beside
from penchant.serve.fits import Fits
from penchant.serve.keys import KeyStore, MemoryKeys
from penchant.serve.lists import Lists, Rows
from penchant.serve.metrics import Metrics
from penchant.serve.work import Work
from penchant.store.sql.audit import Entry


@dataclass
class Service:
    """One process of the service."""

    engine: Engine
    config: ServeConfig
    keys: KeyStore = field(default_factory=MemoryKeys)
    audit: AuditLog = field(default_factory=MemoryAudit)
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.work = Work(self.config)
        self.door = Doorkeeper(self.keys, self.config, self.engine.clock)
        self.lists = Lists(lambda rows: self.work.write(self._keep, rows), self.metrics)
        where = self.engine.workspace
        self.fits = Fits(self._refit, self.engine.clock, None if where is None else where.path)
        self._seen = self.engine.tables.latest()

    def _refit(self) -> dict[str, Any]:
        """Learn anew: beside this process where there is a workspace to learn from."""
        where = self.engine.workspace
        if where is None:
            return self.engine.refit().to_json()
        return refit_beside(where.path, self.engine.config)

    def present(self, at: str | None, user_id: str) -> Any:
        """The time that is asked about. Now is never before what the person did or said last: that
        counts at once, also where the sender's clock is ahead of ours, or ours was put back."""
        (time,) = self.presents(at, [user_id])
        return time

    def presents(self, at: str | None, user_ids: Sequence[str]) -> dict[Any, list[str]]:
        """The times that are asked about, each with its people; mostly it is one."""
        if at is not None or self.config.present == "log":
            return {at: [*user_ids]}
        now = self.engine.clock()
        found: dict[Any, list[str]] = {}
        for user_id, last in self._last(user_ids, now).items():
            found.setdefault(max(now, last), []).append(user_id)
        return found

    def moment(self, user_id: str) -> datetime:
        """When a person says what they say now: after all that they said before, whatever the
        clock says, so that the last word is the newest."""
        now = self.engine.clock()
        last = self._last([user_id], now)[user_id]
        return now if now > last else last + timedelta(microseconds=1)

    def _last(self, user_ids: Sequence[str], now: datetime) -> dict[str, datetime]:
        """When each did or said something last, as far as that can be; else long ago."""
        try:
            live = self.engine.live
        except NotFittedError:  # who asks is told by what is asked
            return dict.fromkeys(user_ids, FIRST)
        items = live.catch_up().model.catalogue.items
        return {user_id: _last_of(live, user_id, items, now) for user_id in user_ids}

    async def note(
        self, actor: str, action: str, subject: str | None = None, **detail: Any
    ) -> None:
        """Keep in the audit log that somebody did something, to whom by a hash."""
        whom = None if subject is None else masked(subject)
        entry = Entry(self.engine.clock(), actor, action, whom, detail)
        await self.work.write(self.audit.append, entry)

    async def begin(self) -> None:
        """Start what runs beside the answers, and load the model meanwhile, if there is one."""
        self.lists.begin()
        self._warm = asyncio.create_task(self.work.read(self._load))

    def _load(self) -> None:
        with suppress(PenchantError):  # who asks is told
            self.engine.recommend("", 1)  # what is made when it is first asked for is made now

    def _keep(self, rows: Rows) -> None:
        """Keep lists as exposures. Where another process erased somebody since the last ones, those
        of people without an event are let go of: one of them may be that person."""
        latest, tables = self.engine.tables.latest(), self.engine.tables
        if latest != self._seen and any(ch.kind == "forget" for ch in tables.changes(self._seen)):
            asked = list({row[c.USER] for row in rows})
            known = set(tables.people("events", asked)[c.USER])
            kept = [row for row in rows if row[c.USER] in known]
            self.metrics.lost.inc(len(rows) - len(kept))
            rows = kept
        if rows:
            self.engine.shown(rows)
        self._seen = latest

    async def close(self) -> None:
        """Store what waits, and end the threads."""
        self._warm.cancel()
        await self.lists.close()
        self.work.close()


def _last_of(live: Live, user_id: str, items: Vocabulary, now: datetime) -> datetime:
    did = live.pasts.of([user_id], items).time
    said: Any = live.ledger.rows([user_id])[c.TIME]
    said = said.filter(said <= now + AHEAD).max()
    acted = when(int(did.max())) if len(did) else FIRST
    return acted if said is None else max(acted, said)


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    found: Service = request.app.state.service
    return found
