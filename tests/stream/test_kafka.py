"""Kafka over the real protocol, to a broker on loopback."""

import json
import logging
import time
from threading import Event, Thread

import pytest
from typer.testing import CliRunner

import penchant.stream.consume as stream_consume
from penchant.cli.main import app
from penchant.errors import ConfigError, StreamError
from penchant.stream.consume import Consumer
from penchant.stream.kafka import Address, DeadLetterTopic, KafkaSource, resolved
from penchant.stream.source import Message

LONG = 20.0  # seconds until a test gives up waiting


def until(what, seconds=LONG):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class Running:
    """A consumer in a thread of its own."""

    def __init__(self, broker, topic, sink, letters, settings):
        self.stop = Event()
        self.source = broker.source(topic, settings)
        self.consumer = Consumer(self.source, sink, letters, settings, stop=self.stop)
        self.thread = Thread(target=self._run)
        self.error = None
        self.thread.start()

    def _run(self):
        try:
            self.consumer.run()
        except Exception as error:  # noqa: BLE001  told by `end`
            self.error = error
        finally:
            self.source.close()

    @property
    def tally(self):
        return self.consumer.tally

    def end(self):
        self.stop.set()
        self.thread.join(LONG)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.tally


@pytest.fixture
def start(broker, sink, letters, settings):
    running = []

    def started(topic, sink=sink, letters=letters, settings=settings):
        running.append(Running(broker, topic, sink, letters, settings))
        return running[-1]

    yield started
    for one in running:
        one.stop.set()
        one.thread.join(LONG)


def once(broker, topic, sink, letters, settings):
    source = broker.source(topic, settings)
    try:
        return Consumer(source, sink, letters, settings).run(once=True)
    finally:
        source.close()


def test_events_are_taken_in_committed_and_not_taken_in_again(
    broker, event, sink, letters, settings
):
    topic = broker.topic(2)
    for partition in (0, 1):
        broker.send(topic, *(event(n, f"u{partition}") for n in range(25)), partition=partition)

    tally = once(broker, topic, sink, letters, settings)

    assert (tally.messages, tally.new, tally.dead, tally.behind) == (50, 50, 0, 0)
    assert broker.committed(topic, settings.group, 2) == [25, 25]
    for user in ("u0", "u1"):  # in the order of each partition
        assert [i for u, i in sink.rows() if u == user] == [str(n) for n in range(25)]
    assert once(broker, topic, sink, letters, settings).messages == 0


def test_an_event_has_an_id_of_its_place_and_a_time(broker, event, sink, letters, settings):
    topic = broker.topic()
    sent = [event("a"), event("a"), event("b", event_id="mine"), event("c", timestamp=None)]
    broker.send(topic, *sent, timestamp=1714564800123)
    once(broker, topic, sink, letters, settings)
    frame = sink.tables.read("events").collect()
    assert frame["event_id"].to_list() == [
        f"{topic}/0/0/1714564800123", f"{topic}/0/1/1714564800123", "mine",
        f"{topic}/0/3/1714564800123",
    ]  # fmt: skip
    assert frame["timestamp"][3].timestamp() == 1714564800.123


def test_a_crash_between_store_and_commit_has_no_double_effect(
    broker, event, sink, letters, settings
):
    topic = broker.topic()
    broker.send(topic, *(event(n) for n in range(10)))

    def crash(_):
        raise SystemExit  # no error that anybody would catch and try again

    sink.after = crash
    with pytest.raises(SystemExit):
        once(broker, topic, sink, letters, settings)
    assert len(sink.rows()) == 10
    assert broker.committed(topic, settings.group)[0] < 0

    sink.after = lambda _: None
    tally = once(broker, topic, sink, letters, settings)
    assert (tally.new, tally.known) == (0, 10)
    assert len(sink.rows()) == 10
    assert broker.committed(topic, settings.group) == [10]


def test_a_group_of_two_shares_partitions_and_loses_nothing(
    broker, event, sink, letters, settings, start
):
    topic = broker.topic(2)
    first = start(topic)
    broker.send(topic, *(event(n, "u0") for n in range(5)), partition=0)
    broker.send(topic, *(event(n, "u1") for n in range(5)), partition=1)
    until(lambda: first.tally.messages == 10)

    second = start(topic)
    until(lambda: len(first.source.assigned) == len(second.source.assigned) == 1)
    for partition in (0, 1):
        broker.send(topic, *(event(n, f"u{partition}") for n in range(5, 10)), partition=partition)
    until(lambda: first.tally.messages + second.tally.messages >= 20)
    assert second.tally.messages >= 5

    second.end()
    until(lambda: len(first.source.assigned) == 2)
    broker.send(topic, event(10, "u0"), partition=0)
    broker.send(topic, event(10, "u1"), partition=1)
    until(lambda: len(sink.rows()) == 22)
    first.end()
    for user in ("u0", "u1"):
        assert [i for u, i in sink.rows() if u == user] == [str(n) for n in range(11)]
    assert broker.committed(topic, settings.group, 2) == [11, 11]


def test_work_that_is_done_when_partitions_go_is_committed_first(
    broker, event, sink, letters, settings, start, monkeypatch
):
    topic = broker.topic(2)
    begun, may = Event(), Event()

    def dawdle(_):
        begun.set()
        may.wait(LONG)

    def asked(futures, timeout):
        if timeout == LONG:  # when partitions are asked for, and not before
            may.set()
        return wait(futures, timeout=timeout)

    wait = stream_consume.wait
    monkeypatch.setattr(stream_consume, "wait", asked)
    sink.before = dawdle
    first = start(topic, settings=settings.but(patience=LONG))
    said, commit = [], first.source.commit

    def noted():
        said.append((first.source._finish is not None, dict(first.source.out)))
        commit()

    first.source.commit = noted
    for partition in (0, 1):
        broker.send(topic, event(1, f"u{partition}"), partition=partition)
    assert begun.wait(LONG)
    second = start(topic)
    assert may.wait(LONG)
    until(lambda: len(second.source.assigned) == 1)
    until(lambda: first.tally.messages + second.tally.messages >= 2)
    assert said[0] == (True, {(topic, 0): 1, (topic, 1): 1})  # while it was held
    # this broker hears no commit while it deals partitions, so the messages come once more
    until(lambda: broker.committed(topic, settings.group, 2) == [1, 1])
    first.end()
    second.end()
    assert sorted(sink.rows()) == [("u0", "1"), ("u1", "1")]


def test_work_that_fails_while_partitions_go_is_left_to_the_other(
    broker, event, sink, letters, settings, start
):
    topic = broker.topic(2)
    failing = {"first": True}

    def fails(_):
        if failing["first"]:
            raise OSError("the store is away")

    sink.before = fails
    first = start(topic)
    for partition in (0, 1):
        broker.send(topic, event(1, f"u{partition}"), partition=partition)
    until(lambda: first.tally.failures > 0)
    second = start(topic)
    until(lambda: len(first.source.assigned) == len(second.source.assigned) == 1)
    assert broker.committed(topic, settings.group, 2) == [-1001, -1001]
    failing["first"] = False
    until(lambda: sorted(sink.rows()) == [("u0", "1"), ("u1", "1")])
    first.end()
    second.end()
    assert broker.committed(topic, settings.group, 2) == [1, 1]


def test_a_failing_store_is_tried_again_in_order_and_nothing_is_lost(
    broker, event, sink, letters, settings, start
):
    topic = broker.topic()
    broken = Event()
    broken.set()

    def fails(_):
        if broken.is_set():
            raise OSError("disk full")

    sink.before = fails
    running = start(topic)
    broker.send(topic, *(event(n) for n in range(50)))
    until(lambda: running.tally.failures >= 3)
    assert "disk full" in running.tally.waiting
    assert running.tally.messages == 0
    assert running.tally.lag == {f"{topic}/0": 50}
    broken.clear()
    until(lambda: running.tally.messages == 50)
    assert running.tally.waiting == ""
    assert running.end().behind == 0
    assert [i for _, i in sink.rows()] == [str(n) for n in range(50)]
    assert max(len(batch) for batch in sink.batches) <= settings.batch


def test_a_slow_store_stops_the_flow_and_keeps_its_place_in_the_group(
    broker, event, sink, letters, settings, start
):
    topic = broker.topic()
    pauses = {**settings.kafka, "max.poll.interval.ms": "1500"}
    sink.before = lambda frame: time.sleep(2.5 if frame["item_id"][0] == "10" else 0.3)
    running = start(topic, settings=settings.but(kafka=pauses, batch=10))
    broker.send(topic, *(event(n) for n in range(30)))
    until(lambda: running.tally.messages == 30)
    running.end()
    assert [i for _, i in sink.rows()] == [str(n) for n in range(30)]
    assert running.tally.known == 0
    assert broker.committed(topic, settings.group) == [30]


def test_poison_goes_to_a_topic_before_the_commit(broker, event, sink, settings):
    topic, graves = broker.topic(), broker.topic()
    broker.send(topic, event(1), b"\xff{", event(2, value="much"), [1], event(3))
    broker.send(topic, None, key="k")
    letters = DeadLetterTopic(Address(broker.brokers, (graves,)), settings)
    tally = once(broker, topic, sink, letters, settings)
    letters.close()

    assert (tally.new, tally.dead) == (2, 4)
    assert broker.committed(topic, settings.group) == [6]
    found = broker.read(graves, 4)
    assert [m.value() for m in found][:1] == [b"\xff{"]
    assert found[3].key() == b"k"
    heads = [{k: v.decode() for k, v in m.headers()} for m in found]
    assert [h["offset"] for h in heads] == ["1", "2", "3", "5"]
    assert {(h["topic"], h["partition"]) for h in heads} == {(topic, "0")}
    assert heads[0]["reason"].startswith("no JSON")
    assert heads[1]["reason"] == "value: 'much' came; expected a number"
    assert heads[2]["reason"] == "a list came; expected an object"
    assert heads[3]["reason"] == "no value came; expected a message"
    assert tally.report.count("messages that became dead letters for their value") == 1


def test_lost_brokers_come_back_and_nothing_is_lost(
    broker, event, sink, letters, settings, start, caplog
):
    caplog.set_level(logging.INFO, "penchant.stream")
    topic = broker.topic()
    running = start(topic)
    broker.send(topic, *(event(n) for n in range(5)))
    until(lambda: running.tally.messages == 5)
    broker.down()
    until(lambda: "brokers are lost" in caplog.text)
    time.sleep(0.3)
    broker.up()
    broker.send(topic, *(event(n) for n in range(5, 10)))
    until(lambda: len(sink.rows()) == 10)
    until(lambda: "brokers answer again" in caplog.text)
    running.end()
    assert [i for _, i in sink.rows()] == [str(n) for n in range(10)]
    assert broker.committed(topic, settings.group) == [10]


def test_brokers_lost_between_store_and_commit(broker, event, sink, letters, settings, start):
    topic = broker.topic()
    running = start(topic)
    broker.send(topic, event(0))
    until(lambda: running.tally.messages == 1)
    sink.after = lambda _: broker.down()
    broker.send(topic, event(1))
    until(lambda: len(sink.rows()) == 2)
    sink.after = lambda _: None
    time.sleep(0.3)
    broker.up()
    broker.send(topic, event(2))
    until(lambda: len(sink.rows()) == 3)
    running.end()
    assert broker.committed(topic, settings.group) == [3]


def test_latest_begins_behind_what_is_there(broker, event, sink, letters, settings, start):
    topic = broker.topic()
    broker.send(topic, event("old"))
    running = start(topic, settings=settings.but(start="latest"))
    until(lambda: running.source.ended)
    assert running.tally.lag == {f"{topic}/0": 0}
    broker.send(topic, event("new"))
    until(lambda: sink.rows() == [("ann", "new")])
    running.end()


def test_a_topic_has_not_ended_for_a_member_whose_partitions_were_taken_away(
    broker, event, settings
):
    slow = {"session.timeout.ms": "1500", "max.poll.interval.ms": "1600"}
    source = broker.source(
        broker.topic(2), settings.model_copy(update={"kafka": {**settings.kafka, **slow}})
    )
    try:
        until(lambda: source.poll(1, 0.1) or source.ended)
        assert len(source.assigned) == 2
        time.sleep(2.0)  # not heard from for too long
        until(lambda: source.poll(1, 0.0) or not source.assigned)
        assert not source.ended
        until(lambda: source.poll(1, 0.1) or source.ended)
        assert len(source.assigned) == 2
    finally:
        source.close()


def test_a_wrong_topic_host_or_setting_is_told_at_once(broker, settings):
    with pytest.raises(StreamError, match="make the topic first"):
        KafkaSource(Address(broker.brokers, ("no such topic!",)), settings)
    with pytest.raises(StreamError, match=r"kafka://127.0.0.1:9: no broker answered within 3 s"):
        KafkaSource(Address("127.0.0.1:9", ("t",)), settings)
    with pytest.raises(ConfigError, match=r"stream.kafka: No such configuration property"):
        broker.source("t", settings.but(kafka={"no.such": "1"}))


def test_dead_letters_that_cannot_be_delivered_are_an_error(broker, settings):
    with pytest.raises(StreamError, match="no broker answered"):
        DeadLetterTopic(Address("127.0.0.1:9", ("t",)), settings)
    graves = broker.topic()
    quick = settings.but(kafka={"message.timeout.ms": "500"})
    letters = DeadLetterTopic(Address(broker.brokers, (graves,)), quick)
    broker.down()
    try:
        letters.put(Message("t", 0, 1, b"x"), "why")
        with pytest.raises(StreamError, match=f"topic {graves} does not take them"):
            letters.flush()
    finally:
        broker.up()
    letters.flush()  # none of them waits any more
    letters.close()
    assert broker.read(graves, 0) == []


@pytest.mark.parametrize(
    "url", ["kafka://", "kafka://h", "kafka:///t", "http://h/t", "kafka://h/a/b"]
)
def test_what_is_no_address(url):
    with pytest.raises(ConfigError, match="expected kafka://HOST:PORT/TOPIC"):
        Address.of(url)


def test_secrets_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "s3")
    assert resolved({"sasl.password": "$SECRET", "a": "b"}) == {"sasl.password": "s3", "a": "b"}
    with pytest.raises(ConfigError, match=r"sasl.password is \$NOTHING, which the env"):
        resolved({"sasl.password": "$NOTHING"})


def test_the_command_line_consumes_a_topic(broker, event, settings, tmp_path):
    topic, graves = broker.topic(2), broker.topic()
    broker.send(topic, event(1), b"odd")
    broker.send(topic, event(2), partition=1)
    words = ["consume", f"kafka://{broker.brokers}/{topic}", "--group", settings.group, "--once",
             "--dead-letters", f"kafka://{broker.brokers}/{graves}", "-w", str(tmp_path / "shop"),
             "--kafka", "session.timeout.ms=1500", "--kafka", "heartbeat.interval.ms=100",
             "--json"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["new"], told["dead_letters"]) == (2, 1)
    assert told["lag"] == {f"{topic}/0": 0, f"{topic}/1": 0}
    assert f"dead letters are in kafka://{broker.brokers}/{graves}" in done.stderr
    assert [m.value() for m in broker.read(graves, 1)] == [b"odd"]
