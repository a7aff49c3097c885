"""Kafka as a stream: one member of a consumer group, and a topic of dead letters.

Offsets are committed by hand, after the rows are in the store: what was not committed comes again.
librdkafka finds its way back when brokers are lost; until then nothing comes.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from penchant.errors import ConfigError, MissingExtraError, StreamError
from penchant.stream.config import StreamConfig
from penchant.stream.source import Message

SCHEME: Final = "kafka://"
FIRST_ANSWER: Final = 10.0
"""Seconds that a broker has to answer at the beginning."""
DELIVERY: Final = 30.0
"""Seconds that dead letters have to be delivered."""
_GLANCE: Final = 100  # messages that may slip in before a pause takes hold
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Partition: TypeAlias = tuple[str, int]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Brokers, and topics on them.

    >>> Address.of("kafka://one:9092,two:9092/events")
    Address(brokers='one:9092,two:9092', topics=('events',))
    """

    brokers: str
    topics: tuple[str, ...]

    @classmethod
    def of(cls, url: str) -> "Address":
        """An address as it is written: kafka://host:port,…/topic,….

        Raises:
            ConfigError: it is none.
        """
        brokers, _, topics = url.removeprefix(SCHEME).partition("/")
        names = tuple(filter(None, topics.split(",")))
        if not url.startswith(SCHEME) or not brokers or not names or "/" in topics:
            raise ConfigError(f"{url!r} came; expected kafka://HOST:PORT/TOPIC")
        return cls(brokers, names)


def client() -> Any:
    """confluent_kafka.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import confluent_kafka
    except ImportError:
        raise MissingExtraError(
            "confluent-kafka: reading from Kafka needs it, and it is not installed. "
            "Run: pip install 'penchant[kafka]'"
        ) from None
    return confluent_kafka


def resolved(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings with `$NAME` taken from the environment.

    Raises:
        ConfigError: there is no such variable.
    """
    found = {}
    for name, value in settings.items():
        if value.startswith("$"):
            if value[1:] not in os.environ:
                raise ConfigError(f"stream.kafka: {name} is {value}, which the environment lacks")
            value = os.environ[value[1:]]
        found[name] = value
    return found


class KafkaSource:
    """A member of a consumer group, to be used by one thread.

    `out` are the offsets that a commit will say, `assigned` the partitions that are ours;
    librdkafka tells of changes inside `poll` and `hold`.

    Raises:
        ConfigError: a setting is none of librdkafka's.
        StreamError: no broker answers, or a topic does not exist.
        MissingExtraError: confluent-kafka is not installed.
    """

    unit: str = "messages"
    again: bool = True

    def __init__(self, address: Address, config: StreamConfig) -> None:
        self._kafka = client()
        self._reached = True
        settings = {
            "bootstrap.servers": address.brokers,
            "client.id": "penchant",
            "group.id": config.group,
            "auto.offset.reset": config.start,
            "queued.max.messages.kbytes": 16_384,
            **resolved(config.kafka),
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "error_cb": self._on_error,
        }
        self._consumer = _made(self._kafka.Consumer, settings)
        self.assigned: set[Partition] = set()
        self.out: dict[Partition, int] = {}
        self._done: dict[Partition, int] = {}  # offsets whose commit has not been answered
        self._next: dict[Partition, int] = {}  # the first offset that was not committed
        self._at_end: set[Partition] = set()
        self._early: list[Any] = []  # came before a pause took hold
        self._finish: Callable[[], bool] | None = None
        self._paused: set[Partition] = set()
        self._dealt = False
        self._refused = ""
        try:
            _look(self._consumer, self._kafka, address)
            self._consumer.subscribe(
                list(address.topics),
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
        except BaseException:
            self._consumer.close()
            raise

    def poll(self, most: int, seconds: float) -> list[Message]:
        """The next messages. What was handed out and not committed is given up."""
        self.out = {}
        self._resume(self.assigned)
        early, self._early = self._early[:most], self._early[most:]
        came = [] if early else self._consumer.consume(most, seconds)
        found = [m for m in early + self._sound(came) if _partition(m) in self.assigned]
        for m in found:
            self.out[_partition(m)] = m.offset() + 1
        return [_message(m, self._kafka) for m in found]

    def _sound(self, came: Sequence[Any]) -> list[Any]:
        """Messages, less the news among them."""
        found = []
        for m in came:
            if m.error() is None:
                found.append(m)
                self._at_end.discard(_partition(m))
            elif m.error().code() == self._kafka.KafkaError._PARTITION_EOF:
                self._at_end.add(_partition(m))
            else:
                self._on_error(m.error())
        if came and not self._reached:
            self._reached = True
            logger.info("brokers answer again")
        return found

    def hold(self, finish: Callable[[], bool]) -> None:
        """Stay a member of the group; fetch no more."""
        if more := self.assigned - self._paused:
            self._consumer.pause(self._parts(more))
            self._paused |= more
        self._finish = finish
        try:
            self._early += self._sound(self._consumer.consume(_GLANCE, 0))
        finally:
            self._finish = None

    def _resume(self, partitions: set[Partition]) -> None:
        if mine := partitions & self._paused:
            self._consumer.resume(self._parts(mine))
            self._paused -= mine

    def kept(self, messages: Sequence[Message]) -> list[Message]:
        """Those whose partitions did not go to another consumer."""
        return [m for m in messages if (m.topic, m.partition) in self.out]

    def commit(self) -> None:
        """Say what is done with; where the broker cannot hear it, it is said again next time."""
        self._done.update(self.out)
        self._next.update(self.out)
        self.out = {}
        if not self._done:
            return
        said = [self._kafka.TopicPartition(*p, offset) for p, offset in self._done.items()]
        try:
            for part in self._consumer.commit(offsets=said, asynchronous=False):
                if part.error is None:
                    self._done.pop((part.topic, part.partition), None)
            self._refused = ""
        except self._kafka.KafkaException as error:
            why = error.args[0].str()
            if why != self._refused:
                logger.warning("offsets are not committed yet: %s", why)
            self._refused = why

    @property
    def ended(self) -> bool:
        """Whether partitions are dealt and the end of each of ours was seen.

        Partitions that were taken away are dealt anew: until then nothing is known to have ended.
        """
        return self._dealt and self.assigned <= self._at_end and not self._early

    @property
    def over(self) -> bool:
        """A topic may always go on."""
        return False

    def lag(self) -> Mapping[str, int]:
        """Messages behind the committed offset, by the ends that came with the last fetch."""
        found = {}
        for topic, partition in sorted(self.assigned):
            part = self._kafka.TopicPartition(topic, partition)
            low, high = self._consumer.get_watermark_offsets(part, cached=True)
            if high >= 0:
                caught_up = (topic, partition) in self._at_end - self.out.keys()
                first = self._next.get((topic, partition), high if caught_up else low)
                found[f"{topic}/{partition}"] = max(0, high - max(first, low))
        return found

    def close(self) -> None:
        """Leave the group."""
        if self._done:
            self.commit()
        self._consumer.close()

    def _parts(self, partitions: Sequence[Partition] | set[Partition]) -> list[Any]:
        return [self._kafka.TopicPartition(*p) for p in sorted(partitions)]

    def _on_assign(self, consumer: Any, partitions: Sequence[Any]) -> None:
        """Ours from now on; they begin where the group left off."""
        mine = {(p.topic, p.partition) for p in partitions}
        self._dealt = True
        self.assigned |= mine
        self._at_end -= mine
        try:
            for part in consumer.committed(partitions, timeout=FIRST_ANSWER):
                if part.offset >= 0:
                    self._next[part.topic, part.partition] = part.offset
        except self._kafka.KafkaException as error:  # only lag rests on it
            logger.warning("committed offsets are not known: %s", error.args[0].str())
        logger.info("partitions came: %s", _listed(mine))

    def _on_revoke(self, consumer: Any, partitions: Sequence[Any]) -> None:
        """Finish and commit what is in work, then let go."""
        gone = {(p.topic, p.partition) for p in partitions}
        if self._finish is not None and gone & self.out.keys() and self._finish():
            self.commit()
        elif gone & self._done.keys():
            self.out, kept = {}, self.out
            self.commit()
            self.out = kept
        self._forget(gone)

    def _on_lost(self, consumer: Any, partitions: Sequence[Any]) -> None:
        """Others may have them already."""
        self._forget({(p.topic, p.partition) for p in partitions})

    def _forget(self, gone: set[Partition]) -> None:
        self._resume(gone)  # librdkafka would remember the pause when they come back
        self._dealt = False
        self.assigned -= gone
        self._at_end -= gone
        self._early = [m for m in self._early if _partition(m) not in gone]
        for partition in gone:
            for known in (self.out, self._done, self._next):
                known.pop(partition, None)
        if gone:
            logger.info("partitions went: %s", _listed(gone))

    def _on_error(self, error: Any) -> None:
        """Say once that brokers are lost; other errors each time."""
        if error.fatal():
            raise StreamError(f"kafka: {error.str()}")
        lost = (self._kafka.KafkaError._ALL_BROKERS_DOWN, self._kafka.KafkaError._TRANSPORT)
        if error.code() not in lost:
            logger.warning("kafka: %s", error.str())
        elif self._reached:
            self._reached = False
            logger.warning("brokers are lost, waiting for them: %s", error.str())


class DeadLetterTopic:
    """Dead letters as messages of a topic: the bytes and key as they came, and in the headers
    `reason`, `topic`, `partition` and `offset`.

    Raises:
        ConfigError: a setting is none of librdkafka's.
        StreamError: no broker answers, or the topic does not exist.
        MissingExtraError: confluent-kafka is not installed.
    """

    def __init__(self, address: Address, config: StreamConfig) -> None:
        self._topic = address.topics[0]
        settings = {
            "bootstrap.servers": address.brokers,
            "client.id": "penchant",
            "enable.idempotence": True,
            "error_cb": lambda error: logger.warning("dead letters: %s", error.str()),
            **resolved(config.kafka),
        }
        self._producer = _made(client().Producer, settings)
        self._failed = ""
        _look(self._producer, client(), address)

    def put(self, message: Message, reason: str) -> None:
        """Hand one over."""
        headers = {
            "reason": reason,
            "topic": message.topic,
            "partition": str(message.partition),
            "offset": str(message.offset),
        }
        letter = {"value": message.value, "key": message.key, "headers": headers}
        try:
            self._producer.produce(self._topic, on_delivery=self._delivered, **letter)
        except BufferError:  # librdkafka's own queue is full: wait for it once
            self._producer.flush(DELIVERY)
            self._producer.produce(self._topic, on_delivery=self._delivered, **letter)

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed = error.str()

    def flush(self) -> None:
        """Wait until the broker has all of them.

        Raises:
            StreamError: it does not take them; none of them waits here any more.
        """
        left = self._producer.flush(DELIVERY)
        failed, self._failed = self._failed, ""
        if left or failed:
            self._producer.purge()
            self._producer.flush(0)
            self._failed = ""
            raise StreamError(f"dead letters: topic {self._topic} does not take them ({failed})")

    def close(self) -> None:
        """Let go of the broker."""
        self._producer.flush(DELIVERY)


def _made(kind: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    try:
        return kind(dict(settings), logger=logging.getLogger("penchant.librdkafka"))
    except Exception as error:
        if type(error).__name__ != "KafkaException":
            raise
        raise ConfigError(f"stream.kafka: {error.args[0].str()}") from None


def _look(member: Any, kafka: Any, address: Address) -> None:
    """Whether brokers answer and topics exist: a typing mistake is told at once."""
    for topic in address.topics:
        try:
            found = member.list_topics(topic, timeout=FIRST_ANSWER).topics[topic]
        except kafka.KafkaException as error:
            raise StreamError(
                f"{SCHEME}{address.brokers}: no broker answered within {FIRST_ANSWER:.0f} s "
                f"({error.args[0].str()})"
            ) from None
        if found.error is not None and not topic.startswith("^"):
            raise StreamError(
                f"{SCHEME}{address.brokers}/{topic}: {found.error.str()}; make the topic first"
            )


def _partition(m: Any) -> Partition:
    return m.topic(), m.partition()


def _listed(partitions: set[Partition]) -> str:
    return ", ".join(f"{topic}/{partition}" for topic, partition in sorted(partitions)) or "none"


def _message(m: Any, kafka: Any) -> Message:
    """A message as ours. Its time is part of its id: a topic that is made anew counts from 0."""
    kind, ms = m.timestamp()
    known = kind != kafka.TIMESTAMP_NOT_AVAILABLE
    return Message(
        m.topic(),
        m.partition(),
        m.offset(),
        m.value() or b"",
        id=f"{m.topic()}/{m.partition()}/{m.offset()}" + f"/{ms}" * known,
        time=_EPOCH + timedelta(milliseconds=ms) if known else None,
        key=m.key(),
        fault="" if m.value() is not None else "no value came; expected a message",
    )
