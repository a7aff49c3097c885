"""Broken bodies, sent to the application in process; what became of each is held against the store.

No body may end in an error of the service, or without an answer in time; every refusal is a problem
document; and in the end the store has what was acknowledged, and nothing else.
"""

import asyncio
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.serve.bodies import Body, made
from fastapi import FastAPI

from penchant import Engine
from penchant.data import columns as c

SECONDS = 10.0
"""Seconds that one answer may take, on a machine that is shared."""
AT_ONCE = 4
_ROWS = ("events", "items", "users", "relations")


@dataclass
class Answered:
    """An answer: status, headers, body."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def take(self, message: Any) -> None:
        """One piece of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode("latin-1") for k, v in message["headers"]}
        else:
            self.body += message.get("body", b"")

    def json(self) -> Any:
        """What it says."""
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body)


async def call(
    app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None,
    chunks: tuple[bytes, ...] = (), cut: bool = False,
) -> Answered:  # fmt: skip
    """Call an application as a server does; `cut`: the asker leaves before the last piece."""
    told = Answered()
    pieces = [{"type": "http.request", "body": piece, "more_body": True} for piece in chunks[:-1]]
    last = {"type": "http.request", "body": chunks[-1] if chunks else b"", "more_body": False}
    coming = iter([*pieces] if cut else [*pieces, last])
    over = asyncio.Event()

    async def receive() -> Any:
        message = next(coming, None)
        if message is None and not cut:
            await over.wait()
        return message or {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.take(message)

    sent = {"host": "localhost", **({"transfer-encoding": "chunked"} if chunks else {}),
            **(headers or {})}  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.partition("?")[0].encode("latin-1"),
        "query_string": path.partition("?")[2].encode("latin-1"), "root_path": "",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in sent.items()],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    try:
        await app(scope, receive, send)
    finally:
        over.set()
    return told


@dataclass
class Tally:
    """What became of the bodies: statuses by route, rows acknowledged by kind, what went wrong."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    good: set[str] = field(default_factory=set)
    left: int = 0
    slowest: float = 0.0
    bad: list[str] = field(default_factory=list)

    def note(self, body: Body, told: Answered, seconds: float) -> None:
        """One was answered."""
        self.slowest = max(self.slowest, seconds)
        if body.cut and not told.status:
            self.left += 1
            return
        self.statuses.setdefault(body.kind, Counter())[told.status] += 1
        if told.status == 200:
            self._taken(body, told)
        elif body.good is not None and body.kind == "events":
            self._wrong(body, f"{told.status} for a right body: {told.body[:300]!r}")
        elif not self._refused_well(told):
            self._wrong(body, f"{told.status} {told.headers} {told.body[:300]!r}")

    def _taken(self, body: Body, told: Answered) -> None:
        found = told.json()
        if body.kind in _ROWS:
            self.accepted[body.kind] += found["accepted"]
        elif body.kind == "feedback":
            known = any("already there" in line["what"] for line in found["report"])
            self.accepted["feedback"] += not known
        if body.good and found["accepted"] == len(body.good):
            self.good.update(body.good)
        elif body.good:
            self._wrong(body, f"of {len(body.good)} right rows came: {found}")

    def _refused_well(self, told: Answered) -> bool:
        """Whether it is a problem document, and the fault of the asker, or that there is much to
        do."""
        if told.headers.get("content-type") != "application/problem+json":
            return False
        found = told.json()
        busy = told.status == 503 and found["type"].endswith(":busy")
        return (400 <= told.status < 500 or busy) and bool(found["detail"])

    def _wrong(self, body: Body, what: str) -> None:
        self.bad.append(f"body {body.number} to {body.path}: {what}")


async def hammered(app: FastAPI, numbers: Iterable[int], seed: int) -> Tally:
    """Send the bodies of some numbers, some at once."""
    tally, left = Tally(), iter(numbers)

    async def send() -> None:
        for number in left:
            body = made(seed, number)
            began = time.perf_counter()
            try:
                async with asyncio.timeout(SECONDS):
                    told = await call(
                        app, "POST", body.path, body.headers, body.chunks, cut=body.cut
                    )
            except TimeoutError:
                tally.bad.append(f"body {number} to {body.path}: no answer in {SECONDS:g} s")
            else:
                tally.note(body, told, time.perf_counter() - began)

    async with app.router.lifespan_context(app):
        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        await _still_there(app, tally)
    return tally


async def _still_there(app: FastAPI, tally: Tally) -> None:
    """Whether it answers as before."""
    for path in ("health", "ready", "status", "users/u0001/recommendations", "items", "tree",
                 "users/u0003/feedback", "users/u0001/interests"):  # fmt: skip
        told = await call(app, "GET", f"/v1/{path}")
        if told.status != 200:
            tally.bad.append(f"afterwards GET /v1/{path}: {told.status} {told.body[:300]!r}")


def kept(engine: Engine, before: dict[str, int], tally: Tally) -> dict[str, Any]:
    """What the store has beside what was acknowledged."""
    now = engine.rows()
    more = {kind: now[kind] - before[kind] for kind in (*_ROWS, "feedback")}
    ids = engine.tables.read("events").collect()[c.EVENT_ID].drop_nulls()
    there = Counter(ids)
    return {
        "kept": more, "acknowledged": {kind: tally.accepted[kind] for kind in more},
        "differ": sum(abs(n - tally.accepted[kind]) for kind, n in more.items()),
        "lost": len(tally.good - there.keys()),
        "doubled": sum(n - 1 for n in there.values()),
    }  # fmt: skip
