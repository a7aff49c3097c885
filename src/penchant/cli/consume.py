"""`penchant consume`: take events in as they come."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import chosen
from penchant.cli.session import Session
from penchant.cli.text import duration, pairs
from penchant.errors import StoreError

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.stream.config import StreamConfig
    from penchant.stream.dead import DeadLetters
    from penchant.stream.source import Source
    from penchant.stream.tally import Tally

KINDS = ("events", "items", "users", "relations", "exposures", "feedback")
STDIN = "-"
_SECOND = 1.0


def consume(
    session: Session,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="kafka://HOST:PORT/TOPIC, a file of JSON lines, or - for standard input.",
            show_default=False,
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help=f"What comes: {', '.join(KINDS)}.", show_default="events"
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Consumer group: its members share the partitions of a topic.",
            show_default="penchant",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHERE",
            help="Where to begin what was never consumed: earliest or latest.",
            show_default="earliest",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Most messages taken in at once.", show_default="1000", min=1
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when all is taken in that is there.")
    ] = False,
    dead_letters: Annotated[
        str | None,
        typer.Option(
            "--dead-letters",
            metavar="PLACE",
            help="Where messages go that cannot be used: a file, or kafka://HOST:PORT/TOPIC. "
            "Else streams/dead-letters.ndjson in the workspace.",
            show_default=False,
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="FILE.prom",
            help="Keep counts and lag in this file, as Prometheus' node exporter reads it.",
            show_default=False,
        ),
    ] = None,
    kafka: Annotated[
        list[str] | None,
        typer.Option(
            "--kafka",
            metavar="KEY=VALUE",
            help="A setting of librdkafka, as security.protocol=SSL; $NAME as the value is taken "
            "from the environment. May be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Take events in as they come, until it is stopped: from Kafka, a growing file, or a pipe.

    What was taken in is remembered, and the same event counts once however often it comes. Messages
    that cannot be used go to the dead letters with the reason. Ctrl-C and SIGTERM finish the batch
    in work. Schemas of Avro and Protobuf are settings: `penchant config stream`.

    Examples:

        penchant consume kafka://localhost:9092/events --group shop
        penchant consume events.ndjson --once
        tail -f access.ndjson | penchant consume -
        penchant consume kafka://localhost:9092/goods --kind items --set stream.format=avro
    """
    from threading import Event

    from penchant.engine import Engine
    from penchant.engine.sink import EngineSink
    from penchant.stream.consume import Consumer, until_signalled

    said = {"kind": kind and chosen("--kind", kind, KINDS), "group": group, "start": start}
    config = _settings(session, {**said, "batch": batch}, kafka)
    watch = _Metrics(session, metrics)
    with (
        _told(session),
        closing(_opened(session, source, config, once)) as opened,
        closing(_dead_letters(session, dead_letters, config)) as dead,
        until_signalled(Event()) as stop,
    ):
        sink = EngineSink(Engine(session.workspace, session.settings()))
        if not once:
            session.out.note(f"consuming {source} until it is stopped (Ctrl-C)")
        progress = session.out.progress
        consumer = Consumer(opened, sink, dead, config, stop=stop, progress=progress, watch=watch)
        tally = consumer.run(once)
    watch.last(tally)
    _tell(session, tally, dead_letters or str(_letters(session)))


def _settings(session: Session, said: dict[str, Any], kafka: list[str] | None) -> "StreamConfig":
    """Settings of the stream, with what was said by option."""
    config = session.settings().stream
    more = {name: value for name, value in said.items() if value is not None}
    if kafka:
        more["kafka"] = {**config.kafka, **pairs(kafka, "--kafka", "security.protocol=SSL")}
    return config.but(**more)


def _opened(session: Session, source: str, config: "StreamConfig", once: bool) -> "Source":
    """The source behind a name."""
    from penchant.stream.kafka import SCHEME, Address, KafkaSource
    from penchant.stream.lines import LineFile, StandardInput

    if source == STDIN:
        return StandardInput()
    if source.startswith(SCHEME):
        return KafkaSource(Address.of(source), config)
    memory = session.workspace / "streams"
    return LineFile(source, memory, start=config.start, follow=not once)


def _letters(session: Session) -> Path:
    return session.workspace / "streams" / "dead-letters.ndjson"


def _dead_letters(session: Session, place: str | None, config: "StreamConfig") -> "DeadLetters":
    from penchant.stream.dead import DeadLetterFile
    from penchant.stream.kafka import SCHEME, Address, DeadLetterTopic

    if place is not None and place.startswith(SCHEME):
        return DeadLetterTopic(Address.of(place), config)
    return DeadLetterFile(_letters(session) if place is None else place)


@contextmanager
def _told(session: Session) -> Iterator[None]:
    """What the stream logs, as notes."""

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            session.out.note(record.getMessage())

    logging.getLogger("penchant").addHandler(logging.NullHandler())  # librdkafka's own words
    logger, handler = logging.getLogger("penchant.stream"), Notes(logging.INFO)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Metrics:
    """Keeps a file of counts up to date."""

    def __init__(self, session: Session, path: Path | None) -> None:
        self.session, self.path = session, path
        self._written = (0.0, "")

    def __call__(self, tally: "Tally") -> None:
        """Write at most once a second."""
        if monotonic() - self._written[0] >= _SECOND:
            self.write(tally)

    def last(self, tally: "Tally") -> None:
        """Write what it came to, if it can be written."""
        try:
            self.write(tally)
        except StoreError as error:
            self.session.out.note(str(error))

    def write(self, tally: "Tally") -> None:
        """Write what changed.

        Raises:
            StoreError: the file cannot be written now.
        """
        from penchant.store.files import write_text

        text = tally.prometheus()
        if self.path is not None and text != self._written[1]:
            write_text(self.path, text)
        self._written = (monotonic(), text)


def _tell(session: Session, tally: "Tally", letters: str) -> None:
    session.out.answer(tally.to_json, _shown(tally))
    session.out.report(tally.report)
    if tally.dead:
        session.out.note(f"dead letters are in {letters}")
    if tally.lost:
        session.out.note(
            f"{tally.lost:,} messages are lost: they were not taken in before the stop, and a pipe "
            "cannot be read again"
        )
    elif tally.waiting:
        session.out.note(f"the last batch was not taken in ({tally.waiting}); it comes again")
    elif tally.new + tally.replaced:
        session.out.note(f"kept in {session.workspace}. Next: `penchant check`, `penchant fit`")
    else:
        session.out.note("nothing new came")


def _shown(tally: "Tally") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    rate = tally.messages / max(tally.seconds, 1e-9)
    rows = f"{tally.new:,} new, {tally.known:,} already there"
    rows += f" ({tally.differing:,} of them say something else)" * bool(tally.differing)
    table.add_row("messages", f"{tally.messages:,} in {duration(tally.seconds)}, {rate:,.0f}/s")
    table.add_row("rows", rows + f", {tally.replaced:,} replaced" * bool(tally.replaced))
    table.add_row("dead letters", f"{tally.dead:,}")
    if tally.failures:
        table.add_row("failed tries", f"{tally.failures:,}")
    if tally.lag:
        parts = ", ".join(f"{place} {behind:,}" for place, behind in tally.lag.items() if behind)
        table.add_row("lag", f"{tally.behind:,} {tally.unit}" + f" ({parts})" * bool(parts))
    return table
