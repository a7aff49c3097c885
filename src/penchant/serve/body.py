"""A request's body on its way in: not too large, not too slow; and whether its sender is there."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Receive

from penchant.engine.serving import ServeConfig
from penchant.serve.problem import Problem

_CLOSE = {"Connection": "close"}


@dataclass
class Body:
    """What the application receives instead of the bare connection.

    `last` is when the newest piece came (by the monotonic clock); `gone` is set when the asker
    has left.
    """

    source: Receive
    config: ServeConfig
    most: int
    comes: bool
    last: float = field(default_factory=time.monotonic)
    _size: int = 0
    _waited: float = 0.0
    _given: bool = False
    _whole: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if not self.comes:
            self._whole.set()

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            Problem: it is too much (413), or too slow (408).
        """
        if self._whole.is_set():
            if not self.comes and not self._given:
                self._given = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.gone.wait()
            return {"type": "http.disconnect"}
        message = await self._piece()
        if message["type"] == "http.disconnect":
            self.gone.set()
        elif not message.get("more_body", False):
            self._whole.set()
        return message

    async def _piece(self) -> Message:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.config.body_seconds):
                message = await self.source()
        except TimeoutError:
            raise self._slow() from None
        self.last = time.monotonic()
        self._waited += self.last - began
        self._size += len(message.get("body", b""))
        if self._size > self.most:
            raise too_large(self.most)
        late = self._waited > self.config.body_seconds
        if late and self._size < self._waited * self.config.body_rate:
            raise self._slow()
        return message

    def _slow(self) -> Problem:
        seconds, rate = self.config.body_seconds, self.config.body_rate
        detail = (
            f"the body came too slowly; expected a piece every {seconds:g} s and {rate:g} bytes a "
            "second"
        )
        return Problem(408, detail, headers=_CLOSE)

    async def left(self) -> None:
        """Returns when the asker is not there any more; looks only once the body is whole."""
        await self._whole.wait()
        while not self.gone.is_set():
            message: dict[str, Any] = dict(await self.source())
            if message["type"] == "http.disconnect":
                self.gone.set()


def too_large(most: int) -> Problem:
    """413."""
    detail = f"the body is too large; expected {most:,} bytes at most: send it in parts"
    return Problem(413, detail, headers=_CLOSE)
