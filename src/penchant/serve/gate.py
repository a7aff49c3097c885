"""The gate that every call goes through: limits, time, a line in the log, a count; and errors that
nobody foresaw end here."""

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.engine.serving import ServeConfig
from penchant.serve.body import Body, too_large
from penchant.serve.logs import LOG, fresh_id, say
from penchant.serve.metrics import Metrics
from penchant.serve.problem import UNFORESEEN, Problem, busy

KEY: Final = "penchant.key"
LINES: Final = "application/x-ndjson"
ALWAYS: Final = "/v1/health"
LEFT: Final = 499  # the asker went before the answer; never sent, only counted
_TRACE: Final = re.compile(r"[0-9a-f-]{16,64}")


@dataclass
class Call:
    """One call on its way through."""

    scope: Scope
    send: Send
    id: str
    began: float = field(default_factory=time.perf_counter)
    status: int = 0
    over: bool = False

    async def sent(self, message: Message) -> None:
        """Send a piece of the answer, with what every answer carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.id
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")
        await self.send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.over = True

    @property
    def route(self) -> str:
        """The route as it is written, whatever was asked for."""
        return str(getattr(self.scope.get("route"), "path", "unmatched"))


@dataclass
class Gate:
    """The outermost part of the application."""

    app: ASGIApp
    config: ServeConfig
    metrics: Metrics
    inside: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one call through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        _as_sent(scope)
        asked = headers.get("x-request-id", "")
        call = Call(scope, send, asked if _TRACE.fullmatch(asked) else fresh_id())
        self.inside += 1
        try:
            if self.inside > self.config.open and scope["path"] != ALWAYS:
                raise busy(f"{self.config.open} calls are under way; come back later")
            await self._through(call, self._body(headers, receive))
        except Problem as problem:
            await self._refuse(call, problem)
        except ClientDisconnect:  # in the middle of the body
            call.status = call.status or LEFT
        except Exception:  # noqa: BLE001 (whatever it is, it is logged and told)
            LOG.exception("unforeseen", extra={"told": {"request": call.id, "route": call.route}})
            await self._refuse(call, Problem(500, UNFORESEEN))
        finally:
            self.inside -= 1
            self._note(call)

    def _body(self, headers: Headers, receive: Receive) -> Body:
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        most = self.config.stream_bytes if media == LINES else self.config.max_bytes
        length = headers.get("content-length", "")
        packed = headers.get("content-encoding", "identity").strip().lower()
        if packed != "identity":
            came = packed[:80] or "nothing"
            raise Problem(415, f"content-encoding: {came} came; send the body as it is")
        comes = bool(length.strip("0")) or "transfer-encoding" in headers
        if length.isdigit() and int(length) > most:
            raise too_large(most)
        return Body(receive, self.config, most, comes)

    async def _through(self, call: Call, body: Body) -> None:
        """Answer, unless the asker leaves or time is over."""
        answer = asyncio.ensure_future(self.app(call.scope, body.receive, call.sent))
        left = asyncio.ensure_future(body.left())
        try:
            while not answer.done():
                spare = None if call.status else body.last + self.config.seconds - time.monotonic()
                if spare is not None and spare <= 0:
                    raise self._too_long()
                some = {answer} if left.done() else {answer, left}
                await asyncio.wait(some, timeout=spare, return_when=asyncio.FIRST_COMPLETED)
                if body.gone.is_set() and not answer.done() and not call.over:
                    call.status = LEFT
                    return
            await answer
        finally:
            left.cancel()
            answer.cancel()
            await asyncio.gather(answer, left, return_exceptions=True)

    def _too_long(self) -> Problem:
        detail = f"the answer took longer than {self.config.seconds:g} s; ask for less, or later"
        return Problem(503, detail, name="too-long", headers={"Retry-After": "5"})

    async def _refuse(self, call: Call, problem: Problem) -> None:
        """Say what is wrong, if nothing was said yet."""
        if not call.status:
            await problem.response()(call.scope, _nothing, call.sent)

    def _note(self, call: Call) -> None:
        seconds = time.perf_counter() - call.began
        status, method = call.status or 500, call.scope["method"]
        self.metrics.answered(call.route, method, status, seconds)
        say(
            "request", logging.WARNING if status >= 500 else logging.INFO,
            route=call.route, method=method, status=status, ms=round(seconds * 1000, 2),
            request=call.id, key=call.scope.get(KEY),
        )  # fmt: skip


def _as_sent(scope: Scope) -> None:
    """Route by the path as it was sent: an id may hold an escaped slash, which must stay one."""
    raw = scope.get("raw_path")
    if raw:
        scope["path"] = raw.partition(b"?")[0].decode("latin-1")


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
