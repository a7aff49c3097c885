"""The engine's work, off the event loop: so many threads, so many that wait, and no more.

A question whose asker has gone, or whose time is over, is taken out of the line; one that a thread
is at already is seen through, and its answer dropped. Writing has a thread of its own, so that
events come in while answers are worked on.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from penchant.engine.serving import ServeConfig
from penchant.serve.problem import busy

P = ParamSpec("P")
T = TypeVar("T")

WRITERS: Final = 1
LOOKERS: Final = 2


class Work:
    """Threads for reading and writing, each with a line before it."""

    def __init__(self, config: ServeConfig) -> None:
        cores = config.at_once or len(os.sched_getaffinity(0)) or 1
        self._reads = _Line("read", cores, config.waiting)
        self._writes = _Line("write", WRITERS, config.waiting)
        self._looks = _Line("look", LOOKERS, 10_000)

    async def read(self, ask: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Ask the engine something.

        Raises:
            Problem: too many are waiting (503).
        """
        return await self._reads.run(lambda: ask(*args, **named))

    async def write(self, put: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Put something into the engine.

        Raises:
            Problem: too many are waiting (503).
        """
        return await self._writes.run(lambda: put(*args, **named))

    async def look(self, up: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Look up something small (a key, whether the store answers), which never waits for the
        engine."""
        return await self._looks.run(lambda: up(*args, **named))

    def close(self) -> None:
        """See through what was begun, and stop."""
        self._reads.pool.shutdown(wait=True, cancel_futures=True)
        self._writes.pool.shutdown(wait=True)
        self._looks.pool.shutdown(wait=True)


class _Line:
    """Threads, and how many are in them or wait for one."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=f"penchant-{name}")
        self.most = threads + waiting
        self.inside = 0

    async def run(self, work: Callable[[], T]) -> T:
        if self.inside >= self.most:
            raise busy(f"{self.most} questions are being worked on or waiting; come back later")
        self.inside += 1
        future = self.pool.submit(work)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _soon(loop, self._left))
        return await asyncio.wrap_future(future)

    def _left(self) -> None:
        self.inside -= 1


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on the loop, if it still runs."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
