"""The loop: messages → rows → the store → dead letters → committed.

One batch is in work at a time, so the rows of a partition are taken in in their order. Each step
is done before the next begins; after a crash between two of them the messages come again, and rows
that are there already count once.

The work is done in a thread of its own. This one stays in touch with the source: a slow or failing
store stops the flow, it does not cost the membership in the group.
"""

import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, current_thread, main_thread
from time import monotonic
from typing import Any, Final

from penchant.clock import Clock, now
from penchant.data import columns as c
from penchant.data.incoming import Incoming, read_rows
from penchant.errors import DataError, ReadError
from penchant.store.tables import Kind, Receipt
from penchant.stream.config import StreamConfig
from penchant.stream.dead import DeadLetters
from penchant.stream.decode import Decode, Row, decoder
from penchant.stream.sink import Sink
from penchant.stream.source import Message, Source
from penchant.stream.tally import Tally
from penchant.types import QUIET, Progress, Report, Step

HAVE_IDS: Final = ("events", "exposures", "feedback")
"""Kinds of a log: their rows have an id of their own."""
_GLANCE: Final = 0.5  # seconds between two looks at the source while it is held
logger = logging.getLogger(__name__)


@dataclass
class Work:
    """A batch on its way: what is done already is not done again when a later step fails.

    rows: those that can be read; places: of each the place of its message; came: all of them as a
    table, read `at` a time; left: from which to which row nothing is taken in yet, the next part
    last; reasons: by place, for what field and why a message cannot be used.
    """

    messages: list[Message]
    at: datetime
    came: Incoming | None = None
    rows: list[Row] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)
    buried: bool = False


class Consumer:
    """Takes a source in until it is told to stop.

    Raises:
        ConfigError: messages cannot be decoded with these settings.
    """

    def __init__(
        self,
        source: Source,
        sink: Sink,
        dead: DeadLetters,
        config: StreamConfig | None = None,
        *,
        clock: Clock = now,
        stop: Event | None = None,
        progress: Progress = QUIET,
        watch: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        self.source, self.sink, self.dead = source, sink, dead
        self.config = config or StreamConfig()
        self.clock, self.progress, self.watch = clock, progress, watch
        self.stop = stop or Event()
        self.tally = Tally(unit=source.unit)
        self._unheard = ""
        self._decode: Decode = decoder(self.config)

    def run(self, once: bool = False) -> Tally:
        """Until `stop` is set; with `once` only until all is taken in that is there."""
        with (
            ThreadPoolExecutor(1, "penchant-stream") as pool,
            self.progress.step("consume") as step,
        ):
            while (messages := self._next(once)) is not None:
                if messages and (done := self._seen_through(Work(messages, self.clock()), pool)):
                    self.source.commit()
                    self._count(done, step)
                self._tell()
        self._tell()
        return self.tally

    def _next(self, once: bool) -> list[Message] | None:
        """The next messages; None where there are no more, or none that would not come again."""
        if self.stop.is_set():
            return None if self.source.again else self.source.poll(self.config.batch, 0) or None
        messages = self.source.poll(self.config.batch, self.config.seconds)
        over = self.source.over or (once and self.source.ended)
        return None if over and not messages else messages

    def _seen_through(self, work: Work, pool: ThreadPoolExecutor) -> Work | None:
        """The work, done; None where it went to another consumer or we were told to stop."""
        pause = self.config.first_wait
        while True:
            try:
                self._watched(pool.submit(self._settle, work))
            except Exception as error:  # noqa: BLE001  what a sink raises is not known here
                self._failed(error, pause)
            else:
                self.tally.waiting = ""
                return work
            self._rest(pause)
            pause = min(2 * pause, self.config.longest_wait)
            kept = self.source.kept(work.messages)
            if not kept:
                logger.warning("%d messages went to another consumer", len(work.messages))
                return None
            if self.stop.is_set():
                self._give_up(work, len(kept))
                return None
            if len(kept) < len(work.messages):
                work = Work(kept, work.at)

    def _give_up(self, work: Work, kept: int) -> None:
        """Say what becomes of a batch that could not be finished before the stop."""
        said = "stopped while the store failed: %d messages "
        if self.source.again:
            logger.warning(said + "come again", kept)
            return
        taken = sum(receipt.rows for receipt in work.receipts)
        self.tally.count(taken, work.receipts, 0)
        self.tally.note(work.report)
        self.tally.lost += kept - taken
        logger.warning(said + "are lost, they cannot be read again", kept - taken)

    def _failed(self, error: Exception, pause: float) -> None:
        self.tally.failures += 1
        self.tally.waiting = f"{type(error).__name__}: {error}"
        logger.warning("not taken in, tried again in %.1f s: %s", pause, self.tally.waiting)

    def _watched(self, future: "Future[None]") -> None:
        """Wait for the work; where it takes long, take in no more meanwhile."""

        def finish() -> bool:
            wait([future], timeout=self.config.patience)
            return future.done() and future.exception() is None

        patience = self.config.slow
        while not wait([future], timeout=patience).done:
            self.source.hold(finish)
            patience = _GLANCE
        future.result()

    def _rest(self, seconds: float) -> None:
        """Let time pass, in touch with the source."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not self.stop.is_set():
            self.source.hold(lambda: False)
            self._tell()
            self.stop.wait(min(left, _GLANCE))

    def _tell(self) -> None:
        """Let others see how it goes."""
        self.tally.lag = self.source.lag()
        self.tally.tell(self.config.told)
        try:
            self.watch(self.tally)
        except Exception as error:  # noqa: BLE001  what a watcher raises is not known here
            if str(error) != self._unheard:
                logger.warning("how it goes could not be told: %s", error)
            self._unheard = str(error)

    def _settle(self, work: Work) -> None:
        """All steps up to the commit."""
        if work.came is None:
            self._read(work)
        while work.left:
            self._take_in(work)
        if not work.buried:
            for place in sorted(work.reasons):
                name, why = work.reasons[place]
                self.dead.put(work.messages[place], f"{name}: {why}" if name else why)
            if work.reasons:
                self.dead.flush()
            work.buried = True

    def _read(self, work: Work) -> None:
        """Messages as rows, each with an id and a time."""
        reasons: dict[int, tuple[str, str]] = {}
        rows, places = [], []
        for place, message in enumerate(work.messages):
            try:
                if message.fault:
                    raise ReadError(message.fault)
                rows.append(self._identified(dict(self._decode(message.value)), message))
                places.append(place)
            except ReadError as error:
                reasons[place] = ("", str(error))
        work.came = read_rows(self.config.kind, rows, now=work.at)
        bad = {r.index for r in work.came.rejected}
        for r in work.came.rejected:
            reasons[places[r.index]] = (r.field, r.reason)
        work.reasons = reasons
        work.rows = [row for k, row in enumerate(rows) if k not in bad]
        work.places = [place for k, place in enumerate(places) if k not in bad]
        work.left = [(0, len(work.rows))] if work.rows else []

    def _identified(self, row: dict[str, Any], message: Message) -> dict[str, Any]:
        if self.config.kind not in HAVE_IDS:
            return row
        if message.id is not None and row.get(c.EVENT_ID) in (None, ""):
            row[c.EVENT_ID] = message.id
        if message.time is not None and row.get(c.TIME) in (None, ""):
            row[c.TIME] = message.time
        return row

    def _take_in(self, work: Work) -> None:
        """Take the next part in; where some of its rows can never be, it is halved to find them.

        A part is read by itself: a column has the type that its own values have in common.
        """
        kind: Kind = self.config.kind
        first, end = work.left[-1]
        came = work.came
        if came is None or end - first < len(work.rows):
            came = read_rows(kind, work.rows[first:end], now=work.at)
        try:
            receipt = self.sink.apply(kind, came.frame)
        except DataError as error:
            work.left.pop()
            if end - first == 1:
                work.reasons[work.places[first]] = ("", str(error))
            else:
                half = (first + end) // 2
                work.left += [(half, end), (first, half)]
        else:
            work.left.pop()
            work.receipts.append(receipt)
            work.report.extend(came.report)

    def _count(self, work: Work, step: Step) -> None:
        """Note what a batch came to."""
        for name, why in work.reasons.values():
            what = f"messages that became dead letters for their {name or 'form'}"
            work.report.add(self.config.kind, what, 1, examples=[why])
        self.tally.note(work.report)
        self.tally.count(len(work.messages), work.receipts, len(work.reasons))
        self.tally.lag = self.source.lag()
        step.advance(len(work.messages), f"lag {self.tally.behind:,} {self.tally.unit}")


@contextmanager
def until_signalled(stop: Event) -> Iterator[Event]:
    """SIGTERM and SIGINT set `stop`, so that the batch in work is finished; a second one ends it.

    Raises:
        KeyboardInterrupt: a second signal came.
    """

    def told(number: int, _: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        logger.info("told to stop (%s): finishing the batch", signal.Signals(number).name)
        stop.set()

    if current_thread() is not main_thread():  # only there signals can be caught
        yield stop
        return
    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
