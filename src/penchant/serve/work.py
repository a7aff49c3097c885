"""The engine's work, off the event loop: so many threads, so many that wait, and no more.

A question whose asker has gone, or whose time is over, is taken out of the line; one that a thread
is at already is seen through, and its answer dropped. Questions that ask the same of others are
worked on together: the more wait, the less each takes. Writing has a thread of its own, so that
events come in while answers are worked on.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

from penchant.cores import cores
from penchant.engine.serving import ServeConfig
from penchant.serve.problem import busy

P = ParamSpec("P")
T = TypeVar("T")

WRITERS: Final = 1
LOOKERS: Final = 2
TOGETHER: Final = 16
"""Questions that are worked on together, at most."""
Waiting: TypeAlias = "deque[tuple[Any, Future[Any]]]"
"""Of whom something is asked, and who is told."""


class Work:
    """Threads for reading and writing, each with a line before it."""

    def __init__(self, config: ServeConfig) -> None:
        at_once = config.at_once or cores()
        self._reads = _Line("read", at_once, config.waiting)
        self._writes = _Line("write", WRITERS, config.waiting)
        self._looks = _Line("look", LOOKERS, 10_000)

    async def read(self, ask: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Ask the engine something.

        Raises:
            Problem: too many are waiting (503).
        """
        return await self._reads.run(lambda: ask(*args, **named))

    async def read_each(self, ask: Callable[[list[str]], Sequence[T]], whom: str, what: str) -> T:
        """Ask the engine something of somebody; of all for whom the same waits (`what` says what it
        is) a thread asks together.

        Raises:
            Problem: too many are waiting (503).
        """
        return await self._reads.together(ask, whom, what)

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
        self._reads.close()
        self._writes.pool.shutdown(wait=True)
        self._looks.pool.shutdown(wait=True)


@dataclass
class _Alike:
    """Those that wait for the same, and for how many handfuls of them a thread was called."""

    waiting: Waiting = field(default_factory=deque)
    called: int = 0

    def call(self) -> bool:
        """Whether one more has to be called; it is counted."""
        needed = len(self.waiting) > TOGETHER * self.called
        self.called += needed
        return needed

    def taken(self) -> list[tuple[str, "Future[Any]"]]:
        """A handful, for a thread that was called; who left is not in it."""
        self.called -= 1
        found: list[tuple[str, Future[Any]]] = []
        while self.waiting and len(found) < TOGETHER:
            of, future = self.waiting.popleft()
            if future.set_running_or_notify_cancel():
                found.append((of, future))
        return found


class _Line:
    """Threads, and how many are in them or wait for one."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=f"penchant-{name}")
        self.most = threads + waiting
        self.inside = 0
        self._alike: dict[str, _Alike] = {}
        self._lock = Lock()

    async def run(self, work: Callable[[], T]) -> T:
        self._enter()
        return await self._told(self.pool.submit(work))

    async def together(self, work: Callable[[list[str]], Sequence[T]], of: str, what: str) -> T:
        self._enter()
        future: Future[T] = Future()
        with self._lock:
            alike = self._alike.setdefault(what, _Alike())
            alike.waiting.append((of, future))
            needed = alike.call()
        if needed:
            self.pool.submit(self._work_off, work, what)
        return await self._told(future)

    def _work_off(self, work: Callable[[list[str]], Sequence[T]], what: str) -> None:
        """Work on those that wait for the same, as many as may be taken together."""
        with self._lock:
            alike = self._alike[what]
            taken = alike.taken()
            if alike.call():
                with suppress(RuntimeError):  # the line is closed: they are told by `close`
                    self.pool.submit(self._work_off, work, what)
            elif not alike.called:
                del self._alike[what]
        if taken:  # not all of them left
            _answer(work, taken)

    def close(self) -> None:
        """See through what was begun; nothing else is."""
        self.pool.shutdown(wait=True, cancel_futures=True)
        for alike in self._alike.values():
            for _, future in alike.waiting:
                future.cancel()

    def _enter(self) -> None:
        if self.inside >= self.most:
            raise busy(f"{self.most} questions are being worked on or waiting; come back later")
        self.inside += 1

    async def _told(self, future: "Future[T]") -> T:
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: _soon(loop, self._left))
        return await asyncio.wrap_future(future)

    def _left(self) -> None:
        self.inside -= 1


def _answer(
    work: Callable[[list[str]], Sequence[T]], taken: Sequence[tuple[str, "Future[T]"]]
) -> None:
    """Tell each what work comes to; where it fails they are worked on one by one, so that what is
    wrong with one question is not told to another."""
    try:
        found = work([of for of, _ in taken])
    except Exception as error:  # noqa: BLE001  whatever it is, who asked is told
        if len(taken) == 1:
            taken[0][1].set_exception(error)
        else:
            for one in taken:
                _answer(work, [one])
        return
    for (_, future), answer in zip(taken, found, strict=True):
        future.set_result(answer)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on the loop, if it still runs."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
