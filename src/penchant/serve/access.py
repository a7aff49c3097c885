"""Who is calling, and what they may do."""

import asyncio
import ipaddress
import re
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from penchant.clock import Clock
from penchant.engine.serving import ServeConfig
from penchant.serve.gate import KEY
from penchant.serve.keys import SCOPES, KeyStore, Scope, found, hashed, holds, may
from penchant.serve.logs import LOG
from penchant.serve.problem import Problem
from penchant.serve.rate import Bucket
from penchant.serve.work import Work
from penchant.store.sql.keys import Key

if TYPE_CHECKING:
    from penchant.serve.service import Service

_FRESH: Final = 1.0  # seconds that a key is taken as it was; a revoked one stops after that
_USED: Final = 60.0  # seconds between two notes that a key is in use
_MOST: Final = 10_000  # keys remembered
LOCAL: Final = "local"
_ASK: Final = {"WWW-Authenticate": "Bearer"}
_OWN: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_PASSED: Final = frozenset(
    {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"}
)

bearer = HTTPBearer(auto_error=False, description="A key of `penchant keys add`.")


@dataclass
class _Known:
    """A key that was looked up a moment ago, and its bucket."""

    key: Key
    bucket: Bucket
    looked: float
    used: float = float("-inf")


@dataclass
class Doorkeeper:
    """Lets in who has a key that opens the door; without keys, who is on this machine."""

    store: KeyStore
    config: ServeConfig
    clock: Clock
    _known: dict[str, _Known] = field(default_factory=dict)
    _guarded: bool = False
    _looked: float = float("-inf")
    _noting: set[asyncio.Task[None]] = field(default_factory=set)

    async def admit(self, request: Request, token: str | None, scope: Scope, work: Work) -> str:
        """The id of who is let in.

        Raises:
            Problem: there is no key, it opens other doors, or it knocks too often.
        """
        if self.config.auth == "off":
            return LOCAL
        if token is not None:
            return await self._by_key(token, scope, work)
        if self.config.auth == "auto" and not await self._has_keys(work):
            if local(request):
                return LOCAL
            detail = (
                "there are no keys yet, so only this machine is served, and not through a proxy; "
                "`penchant keys add NAME --scope read` makes one"
            )
            raise Problem(401, detail, headers=_ASK)
        raise Problem(401, "a key is needed: Authorization: Bearer KEY", headers=_ASK)

    async def _has_keys(self, work: Work) -> bool:
        """Whether there was ever a key: a last one that is revoked opens nothing again."""
        now = time.monotonic()
        if not self._guarded and now - self._looked > _FRESH:
            self._guarded = bool(await work.look(self.store.list))
            self._looked = now
        return self._guarded

    async def _by_key(self, token: str, scope: Scope, work: Work) -> str:
        known = await self._look_up(token, work)
        if known is None:
            detail = "this key is not known, revoked or past its time"
            raise Problem(401, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if wait := known.bucket.take():
            after = {"Retry-After": str(max(1, ceil(wait)))}
            detail = f"this key may call {known.bucket.rate:g} times a second; come back later"
            raise Problem(429, detail, headers=after)
        if not may(known.key, scope):
            held = ", ".join(known.key.scopes) or "no scope"
            raise Problem(403, f"this key has {held}; expected {scope}", scope=scope)
        return known.key.id

    async def _look_up(self, token: str, work: Work) -> _Known | None:
        hash, now, at = hashed(token), time.monotonic(), self.clock()
        known = self._known.get(hash)
        if known is None or now - known.looked > _FRESH:
            key = await work.look(found, self.store, token, at)
            if key is None:
                self._known.pop(hash, None)
                return None
            known = self._remember(hash, key, now, known)
            if now - known.used > _USED:
                known.used = now
                self._note_use(work.write(self.store.touch, key.id, at))
        return known if holds(known.key, at) else None

    def _note_use(self, writing: Coroutine[Any, Any, None]) -> None:
        """Beside the answer: who only asks waits for no writer, and is answered also where nothing
        can be written."""
        task = asyncio.create_task(writing)
        self._noting.add(task)
        task.add_done_callback(self._noted)

    def _noted(self, task: asyncio.Task[None]) -> None:
        self._noting.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.warning("use of a key not noted", exc_info=error)

    def _remember(self, hash: str, key: Key, now: float, before: _Known | None) -> _Known:
        if before is not None:
            before.key, before.looked = key, now
            return before
        if len(self._known) >= _MOST:
            self._known.clear()
        rate = self.config.rate if key.rate is None else key.rate
        size = self.config.burst if key.rate is None else max(1.0, 2 * key.rate)
        self._known[hash] = _Known(key, Bucket(rate, size), now)
        return self._known[hash]


def local(request: Request) -> bool:
    """Whether somebody on this machine calls it by its own name: no web page made a browser do it
    under another name, and nothing tells of a proxy: neither a header nor HTTP/1.0, which proxies
    still speak where nobody told them otherwise. One that leaves no trace cannot be told."""
    client, headers = request.client, request.headers
    if client is None or not _loopback(client.host) or request.scope["http_version"] == "1.0":
        return False
    if "origin" in headers or _PASSED & set(headers.keys()):
        return False
    hosts = headers.getlist("host")
    return len(hosts) == 1 and _OWN.fullmatch(hosts[0]) is not None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Door:
    """What a route depends on: a key of a scope. It is looked at before anything of the body is
    read, by `admitted`; here it only says who it was."""

    scope: Scope

    async def __call__(
        self,
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    ) -> str:
        """The id of who was let in."""
        return str(request.scope[KEY])


async def admitted(request: Request, scope: Scope) -> None:
    """Let in who may come in.

    Raises:
        Problem: see `Doorkeeper.admit`.
    """
    service: Service = request.app.state.service
    given = await bearer(request)
    token = None if given is None else given.credentials
    request.scope[KEY] = await service.door.admit(request, token, scope, service.work)


DOORS: Final = {scope: Depends(Door(scope)) for scope in SCOPES}
"""Doors by scope."""
Admin = Annotated[str, DOORS["admin"]]
"""The id of the key of who calls a route that only admins may call."""
