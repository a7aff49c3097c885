"""Lists that were given out are kept as exposures: in the background, and not lost at the end.

A list waits in memory until its batch is stored, half a second at most while the store answers; a
graceful stop stores what waits. Where too many wait, the next list waits with its answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from penchant.data import columns as c
from penchant.serve.logs import LOG, say
from penchant.serve.metrics import Metrics

Rows = list[dict[str, Any]]
MOST: Final = 2_000  # lists that may wait
_PAUSE: Final = 0.5
_TRIES: Final = 3  # at the end


class Lists:
    """Lists on their way to the store."""

    def __init__(self, store: Callable[[Rows], Awaitable[Any]], metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics
        self._waiting: asyncio.Queue[Rows] = asyncio.Queue(MOST)
        self._held: Rows = []
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start storing."""
        self._task = asyncio.create_task(self._forever())

    async def put(self, rows: Rows) -> None:
        """Keep one list."""
        await self._waiting.put(rows)
        self._metrics.lists.inc(len(rows))

    async def close(self) -> None:
        """Store what waits, and stop; what cannot be stored is counted and said."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for attempt in range(_TRIES):
            if await self._flush() and self._empty:
                return
            await asyncio.sleep(_PAUSE * attempt)
        self._metrics.lost.inc(len(self._held))
        say("lists lost", logging.ERROR, rows=len(self._held))

    def drop(self, user_id: str) -> None:
        """Store nothing that waits of a person who is being erased."""
        while not self._waiting.empty():
            self._held += self._waiting.get_nowait()
        self._held = [row for row in self._held if row[c.USER] != user_id]

    async def _forever(self) -> None:
        pause = _PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = _PAUSE if await self._flush() else min(pause * 2, 30.0)

    async def _flush(self) -> bool:
        """Store what waits; whether that could be stored. More may have come meanwhile."""
        if not self._held:
            while not self._waiting.empty():
                self._held += self._waiting.get_nowait()
        if not self._held:
            return True
        storing = list(self._held)
        try:
            await self._store(storing)
        except Exception:  # noqa: BLE001 (whatever it is, it is logged and told)
            LOG.warning("lists not stored", exc_info=True)
            return False
        stored = {row[c.EVENT_ID] for row in storing}
        self._held = [row for row in self._held if row[c.EVENT_ID] not in stored]
        self._metrics.lists.set(len(self._held))
        return True

    @property
    def _empty(self) -> bool:
        return not self._held and self._waiting.empty()
