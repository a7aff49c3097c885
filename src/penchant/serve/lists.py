"""Lists that were given out are kept as exposures: in the background, and not lost at the end.

A list waits in memory until its batch is stored, half a second at most while the store answers; a
graceful stop stores what waits. Where too many wait, the next list waits with its answer; but while
the store refuses, as on a full disk, answers go on, and lists without room are lost, and counted.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from penchant.clock import micros
from penchant.data import columns as c
from penchant.serve.logs import LOG, say
from penchant.serve.metrics import Metrics

MOST: Final = 2_000  # lists that may wait, beside as many that are on their way
_PAUSE: Final = 0.5
_LONGEST: Final = 5.0  # seconds until it is tried again, at most
_TRIES: Final = 3  # at the end


@dataclass(frozen=True)
class Shown:
    """A list that was given out: whose, when, and its items, the best first; `since`: the store's
    newest change when it was made."""

    list_id: str
    user_id: str
    at: datetime
    items: tuple[str, ...]
    since: int = 0


def exposures(lists: Sequence[Shown]) -> pl.DataFrame:
    """Lists as rows of exposures; a list that is stored again is the same rows, and counts once."""
    size = [len(shown.items) for shown in lists]
    times = pl.Series([micros(s.at) for s, n in zip(lists, size, strict=True) for _ in range(n)])
    return pl.DataFrame(
        {
            c.USER: [shown.user_id for shown in lists for _ in shown.items],
            c.ITEM: [item for shown in lists for item in shown.items],
            c.TIME: times.cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
            c.POSITION: [rank for n in size for rank in range(1, n + 1)],
            "list_id": [shown.list_id for shown in lists for _ in shown.items],
        }
    )


class Lists:
    """Lists on their way to the store."""

    def __init__(self, store: Callable[[list[Shown]], Awaitable[Any]], metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics
        self._waiting: asyncio.Queue[Shown] = asyncio.Queue(MOST)
        self._held: list[Shown] = []
        self._refused = False
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start storing."""
        self._task = asyncio.create_task(self._forever())

    async def put(self, shown: Shown) -> None:
        """Keep one list, as far as there is room for it while the store refuses."""
        if self._refused and self._waiting.full():
            self._metrics.lost.inc(len(shown.items))
            return
        await self._waiting.put(shown)
        self._metrics.lists.inc(len(shown.items))

    async def close(self) -> None:
        """Store what waits, and stop; what cannot be stored is counted and said."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for attempt in range(_TRIES):
            if await self._flush() and self._empty:
                return
            await asyncio.sleep(_PAUSE * attempt)
        lost = rows(self._held)
        self._metrics.lost.inc(lost)
        say("lists lost", logging.ERROR, rows=lost)

    def drop(self, user_id: str) -> None:
        """Store nothing that waits of a person who is being erased."""
        self._take()
        self._held = [shown for shown in self._held if shown.user_id != user_id]

    def _take(self) -> None:
        while not self._waiting.empty():
            self._held.append(self._waiting.get_nowait())

    async def _forever(self) -> None:
        pause = _PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = _PAUSE if await self._flush() else min(pause * 2, _LONGEST)

    async def _flush(self) -> bool:
        """Store what waits; whether that could be stored. More may have come meanwhile."""
        if not self._held:
            self._take()
        if not self._held:
            return True
        storing = list(self._held)
        try:
            await self._store(storing)
        except Exception:  # noqa: BLE001 (whatever it is, it is logged and told)
            LOG.warning("lists not stored", exc_info=True)
            self._refused = True
            self._let_on()
            return False
        self._refused = False
        stored = {shown.list_id for shown in storing}
        self._held = [shown for shown in self._held if shown.list_id not in stored]
        self._metrics.lists.set(rows(self._held))
        return True

    def _let_on(self) -> None:
        """Lose the newest lists that are too many, so that nobody waits with an answer."""
        self._take()
        self._metrics.lost.inc(rows(self._held[MOST:]))
        del self._held[MOST:]
        self._metrics.lists.set(rows(self._held))

    @property
    def _empty(self) -> bool:
        return not self._held and self._waiting.empty()


def rows(lists: Iterable[Shown]) -> int:
    """How many rows of exposures lists are."""
    return sum(len(shown.items) for shown in lists)
