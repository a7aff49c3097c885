"""A Kafka broker on loopback: librdkafka's own, which speaks the real protocol over TCP.

It is reached through the C interface of the library that confluent-kafka brings, because only there
topics can have so many partitions and brokers can go down and come back.
"""

import ctypes
import json
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import confluent_kafka as kafka
import pytest

import penchant.stream.kafka as stream_kafka
from penchant.data import columns as c
from penchant.errors import DataError
from penchant.store.memory import MemoryTables
from penchant.store.tables import Receipt
from penchant.stream.config import StreamConfig
from penchant.stream.kafka import Address, KafkaSource

QUICK: dict[str, Any] = {
    "batch": 20,
    "seconds": 0.1,
    "slow": 0.2,
    "first_wait": 0.05,
    "longest_wait": 0.2,
    "kafka": {
        "heartbeat.interval.ms": "100",
        "session.timeout.ms": "1500",  # the broker deals partitions a second earlier than that
        "topic.metadata.refresh.interval.ms": "500",
        "reconnect.backoff.max.ms": "200",
        "fetch.wait.max.ms": "20",
        "fetch.error.backoff.ms": "20",
        "retry.backoff.ms": "20",
    },
}


def library() -> ctypes.CDLL:
    folder = Path(kafka.__file__).parents[1] / "confluent_kafka.libs"
    found = sorted(folder.glob("librdkafka*")) if folder.is_dir() else []
    if not found:
        pytest.skip("librdkafka's mock cluster cannot be reached in this build of confluent-kafka")
    made = ctypes.CDLL(str(found[0]))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, gives, takes in (
        ("rd_kafka_conf_new", pointer, []),
        ("rd_kafka_conf_set", number, [pointer, text, text, text, ctypes.c_size_t]),
        ("rd_kafka_new", pointer, [number, pointer, text, ctypes.c_size_t]),
        ("rd_kafka_mock_cluster_new", pointer, [pointer, number]),
        ("rd_kafka_mock_cluster_destroy", None, [pointer]),
        ("rd_kafka_destroy", None, [pointer]),
        ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
        ("rd_kafka_mock_topic_create", number, [pointer, text, number, number]),
        ("rd_kafka_mock_broker_set_down", number, [pointer, ctypes.c_int32]),
        ("rd_kafka_mock_broker_set_up", number, [pointer, ctypes.c_int32]),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, [pointer, ctypes.c_int32]),
    ):
        function = getattr(made, name)
        function.restype, function.argtypes = gives, takes
    return made


class Broker:
    """One broker; `topic` makes a fresh topic."""

    def __init__(self) -> None:
        self.lib = library()
        conf = self.lib.rd_kafka_conf_new()
        error = ctypes.create_string_buffer(256)
        self.lib.rd_kafka_conf_set(conf, b"log_level", b"2", error, 256)
        self.handle = self.lib.rd_kafka_new(0, conf, error, 256)
        assert self.handle, error.value
        self.cluster = self.lib.rd_kafka_mock_cluster_new(self.handle, 1)
        self.lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self.cluster, 50)
        self.brokers = self.lib.rd_kafka_mock_cluster_bootstraps(self.cluster).decode()
        self._quiet = {"bootstrap.servers": self.brokers, "log_level": 0}
        self.producer = kafka.Producer({**self._quiet, "linger.ms": 0})
        self._number = count()

    def topic(self, partitions: int = 1) -> str:
        name = f"events-{next(self._number)}"
        assert not self.lib.rd_kafka_mock_topic_create(self.cluster, name.encode(), partitions, 1)
        return name

    def send(self, topic: str, *values: Any, partition: int = 0, **more: Any) -> None:
        for value in values:
            raw = value if isinstance(value, bytes | None) else json.dumps(value).encode()
            self.producer.produce(topic, raw, partition=partition, **more)
        assert self.producer.flush(10) == 0

    def down(self) -> None:
        assert not self.lib.rd_kafka_mock_broker_set_down(self.cluster, 1)

    def up(self) -> None:
        assert not self.lib.rd_kafka_mock_broker_set_up(self.cluster, 1)

    def source(self, topic: str, config: StreamConfig) -> KafkaSource:
        return KafkaSource(Address(self.brokers, (topic,)), config)

    def committed(self, topic: str, group: str, partitions: int = 1) -> list[int]:
        """Offsets that a group has committed."""
        asking = kafka.Consumer({**self._quiet, "group.id": group})
        parts = [kafka.TopicPartition(topic, p) for p in range(partitions)]
        found = [part.offset for part in asking.committed(parts, timeout=10)]
        asking.close()
        return found

    def read(self, topic: str, expected: int) -> list[Any]:
        """The messages of a topic's first partition."""
        asking = kafka.Consumer({**self._quiet, "group.id": "reader"})
        asking.assign([kafka.TopicPartition(topic, 0, 0)])
        found: list[Any] = []
        until = time.monotonic() + 10
        while len(found) < expected and time.monotonic() < until:
            found += [m for m in asking.consume(expected, 0.2) if m.error() is None]
        asking.close()
        return found

    def close(self) -> None:
        self.lib.rd_kafka_mock_cluster_destroy(self.cluster)
        self.lib.rd_kafka_destroy(self.handle)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    made = Broker()
    yield made
    made.close()


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> StreamConfig:
    """Quick settings, with a group of the test's own."""
    return StreamConfig(**QUICK, group=request.node.name)


class ListSink:
    """A store in memory that remembers what it was handed, and fails or dawdles when told to."""

    def __init__(self) -> None:
        self.tables = MemoryTables()
        self._one = Lock()
        self.batches: list[list[tuple[str, str]]] = []
        self.before: Callable[[Any], None] = lambda frame: None
        self.after: Callable[[Any], None] = lambda frame: None

    def apply(self, kind: Any, frame: Any) -> Receipt:
        self.before(frame)
        with self._one:  # two consumers may share it
            receipt = self.tables.append(kind, frame)
            self.batches.append(list(zip(frame[c.USER], frame[c.ITEM], strict=True)))
        self.after(frame)
        return receipt

    def rows(self) -> list[tuple[str, str]]:
        """What is stored."""
        frame = self.tables.read("events").collect()
        return list(zip(frame[c.USER], frame[c.ITEM], strict=True)) if frame.height else []


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


class Letters:
    """Dead letters in a list; what was not flushed is not there."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Any, str]] = []
        self.found: list[tuple[Any, str]] = []
        self.failing = 0

    def put(self, message: Any, reason: str) -> None:
        self.waiting.append((message, reason))

    def flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        if self.failing:
            self.failing -= 1
            raise OSError("no room for letters")
        self.found += waiting

    def close(self) -> None:
        pass


@pytest.fixture
def letters() -> Letters:
    return Letters()


def refuses(item: str) -> Callable[[Any], None]:
    """A store that can never take one item."""

    def before(frame: Any) -> None:
        if item in frame[c.ITEM].to_list():
            raise DataError(f"{item} cannot be kept")

    return before


@pytest.fixture
def never() -> Callable[[str], Callable[[Any], None]]:
    return refuses


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    def made(item: object, user: str = "ann", **more: Any) -> dict[str, Any]:
        return {
            "user_id": user, "item_id": str(item), "timestamp": "2024-05-01T12:00:00Z", **more
        }  # fmt: skip

    return made


@pytest.fixture(autouse=True)
def answers_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_kafka, "FIRST_ANSWER", 3.0)
    monkeypatch.setattr(stream_kafka, "DELIVERY", 5.0)
