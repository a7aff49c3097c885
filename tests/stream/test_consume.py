"""The loop, on sources and stores of a few lines."""

import json
import logging
import os
import signal
import threading
import time
from threading import Event

import pytest

from penchant import Engine
from penchant.data.incoming import read_rows
from penchant.engine.sink import EngineSink
from penchant.errors import SchemaError, StoreError
from penchant.store.tables import DIFFERING
from penchant.stream.config import StreamConfig
from penchant.stream.consume import Consumer, until_signalled
from penchant.stream.dead import DeadLetterFile
from penchant.stream.lines import LineFile
from penchant.stream.source import Message

CONFIG = StreamConfig(batch=4, seconds=0.02, slow=0.05, first_wait=0.01, longest_wait=0.03)


@pytest.fixture
def source(tmp_path, event):
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(event(n)) + "\n" for n in range(10)))
    made = LineFile(path, tmp_path / "memory")
    yield made
    made.close()


def test_rows_that_the_store_can_never_take_are_found_and_the_others_kept(
    source, sink, letters, never
):
    sink.before = never("5")
    tally = Consumer(source, sink, letters, CONFIG).run(once=True)
    assert (tally.new, tally.dead, tally.failures) == (9, 1, 0)
    assert [(json.loads(m.value)["item_id"], why) for m, why in letters.found] == [
        ("5", "5 cannot be kept")
    ]
    assert [i for _, i in sink.rows()] == [str(n) for n in range(10) if n != 5]


@pytest.mark.parametrize(
    ("items", "passing"),
    [(["good", "bad", "later", "last"], "last"), (["bad 1", "some", "more", "bad 2"], "some")],
)
def test_an_outage_amid_rows_that_can_never_be_takes_no_good_one_with_it(
    tmp_path, event, sink, letters, items, passing
):
    path = tmp_path / "mixed.ndjson"
    path.write_text("".join(json.dumps(event(item)) + "\n" for item in items))
    outages = [StoreError("busy")]

    def before(frame):
        here = frame["item_id"].to_list()
        if any(item.startswith("bad") for item in here):
            raise SchemaError("events.x: a clash")
        if passing in here and outages:
            raise outages.pop()

    sink.before = before
    stop = Event()
    timer = threading.Timer(20, stop.set)  # else a fault would be tried again for ever
    timer.start()
    source = LineFile(path)
    tally = Consumer(source, sink, letters, CONFIG, stop=stop).run(once=True)
    timer.cancel()
    source.close()
    good = [item for item in items if not item.startswith("bad")]
    assert [item for _, item in sink.rows()] == good
    assert [json.loads(m.value)["item_id"] for m, _ in letters.found] == [
        item for item in items if item.startswith("bad")
    ]
    # what was taken in before the outage was not handed in again
    assert (tally.new, tally.known, tally.failures) == (len(good), 0, 1)


def test_dead_letters_that_cannot_be_written_are_tried_again_before_the_commit(
    source, sink, letters, never, tmp_path
):
    sink.before = never("1")
    letters.failing = 3
    tally = Consumer(source, sink, letters, CONFIG).run(once=True)
    assert (tally.new, tally.dead, tally.failures) == (9, 1, 3)
    assert len(letters.found) == 1
    assert len(sink.batches) == 4  # what was taken in was not handed in again


def test_told_to_stop_the_batch_in_work_is_finished(source, sink, letters):
    stop = Event()
    sink.before = lambda _: (stop.set(), time.sleep(0.1))
    tally = Consumer(source, sink, letters, CONFIG, stop=stop).run()
    assert tally.messages == 4
    assert source.committed > 0
    assert len(sink.rows()) == 4


def test_told_to_stop_while_the_store_fails_nothing_is_committed(source, sink, letters, caplog):
    stop = Event()

    def fails(_):
        stop.set()
        raise OSError("disk full")

    sink.before = fails
    tally = Consumer(source, sink, letters, CONFIG, stop=stop).run()
    assert (tally.messages, tally.failures, source.committed) == (0, 1, 0)
    assert "OSError: disk full" in tally.waiting
    assert "4 messages come again" in caplog.text


def test_pauses_between_tries_grow_up_to_the_longest(source, sink, letters, caplog):
    failures = iter(range(5))

    def fails(_):
        if next(failures, None) is not None:
            raise OSError("away")

    sink.before = fails
    Consumer(source, sink, letters, CONFIG.but(first_wait=0.01, longest_wait=0.04)).run(once=True)
    pauses = [r.args[0] for r in caplog.records if "tried again" in r.msg]
    assert pauses == [0.01, 0.02, 0.04, 0.04, 0.04]


def test_a_slow_store_is_seen_and_the_source_held(source, sink, letters):
    held = []
    source.hold = lambda finish: held.append(finish)
    sink.before = lambda _: time.sleep(0.1)
    Consumer(source, sink, letters, CONFIG.but(batch=10)).run(once=True)
    assert held


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_finish_the_batch_and_a_second_one_ends_it(source, sink, letters, number):
    before = signal.getsignal(number)
    with until_signalled(Event()) as stop:
        sink.before = lambda _: os.kill(os.getpid(), number) if not stop.is_set() else None
        tally = Consumer(source, sink, letters, CONFIG, stop=stop).run()
        assert 4 <= tally.messages < 10
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            time.sleep(1)
    assert signal.getsignal(number) is before


def test_in_other_threads_signals_are_left_alone():
    before, found = signal.getsignal(signal.SIGTERM), []

    def inside():
        with until_signalled(Event()) as stop:
            found.append((stop.is_set(), signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [(False, before)]


@pytest.mark.parametrize("batch", [1, 100])
def test_items_have_no_id_of_an_event_and_the_later_one_counts(tmp_path, letters, batch):
    path = tmp_path / "items.ndjson"
    rows = [{"item_id": 1, "title": "old"}, {"item_id": 2}, {"item_id": 1, "title": "new"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    engine = Engine()
    source = LineFile(path)
    config = CONFIG.but(kind="items", batch=batch)
    tally = Consumer(source, EngineSink(engine), letters, config).run(once=True)
    source.close()
    assert (tally.new, tally.replaced) == (2, 1)
    assert set(engine.tables.read("items").collect().rows()) == {("1", "new"), ("2", None)}


def test_an_engine_takes_events_in_and_a_clash_of_types_is_poison(tmp_path, event, letters):
    path = tmp_path / "events.ndjson"
    rows = [event(1, shelf=[1, 2]), event(2, shelf="top"), event(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    engine = Engine()
    source = LineFile(path)
    tally = Consumer(source, EngineSink(engine), letters, CONFIG.but(batch=1)).run(once=True)
    source.close()
    assert (tally.new, tally.dead) == (2, 1)
    assert "but the store holds" in letters.found[0][1]


@pytest.mark.parametrize("stored", [False, True])
def test_an_event_under_the_id_of_another_is_counted(tmp_path, event, letters, stored):
    path = tmp_path / "events.ndjson"
    rows = [event(1, event_id="1"), event(2, event_id="1"), event("bad", event_id="2", shelf=[1])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    engine = Engine(tmp_path / "shop") if stored else Engine()
    frame = read_rows("events", [event(0, event_id="0", shelf="top")]).frame
    EngineSink(engine).apply("events", frame)  # so that one row can never be, and the batch is cut
    source = LineFile(path)
    tally = Consumer(source, EngineSink(engine), letters, CONFIG).run(once=True)
    source.close()
    assert (tally.new, tally.known, tally.differing, tally.dead) == (1, 1, 1, 1)
    assert [(f.count, f.examples) for f in tally.report.findings if f.what == DIFFERING] == [
        (1, ("1",))
    ]
    assert tally.to_json()["differing"] == 1
    assert "penchant_stream_differing_rows_total 1\n" in tally.prometheus()


def test_a_clash_of_types_takes_no_row_beside_it_along(tmp_path, event, letters):
    path = tmp_path / "events.ndjson"
    rows = [event(1, shelf=[1]), event(2, shelf="top"), event(3), event(4, shelf=[2])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    engine = Engine()
    EngineSink(engine).apply("events", read_rows("events", [event(0, shelf=[1])]).frame)
    source = LineFile(path)
    tally = Consumer(source, EngineSink(engine), letters, CONFIG).run(once=True)
    source.close()
    assert [json.loads(m.value)["item_id"] for m, _ in letters.found] == ["2"]
    assert tally.report.count("columns of mixed types read as text") == 0
    found = engine.tables.read("events").collect()
    assert found.select("item_id", "shelf").rows() == [
        ("0", [1]), ("1", [1]), ("3", None), ("4", [2])
    ]  # fmt: skip


def test_an_engine_that_cannot_be_written_is_no_poison(event, monkeypatch):
    engine = Engine()
    frame = read_rows("events", [event(1, shelf="top")]).frame

    def full(kind, frame):
        raise StoreError("disk full")

    monkeypatch.setattr(engine.tables, "append", full)
    with pytest.raises(StoreError, match="disk full"):
        EngineSink(engine).apply("events", frame)
    monkeypatch.undo()
    EngineSink(engine).apply("events", frame)
    clash = read_rows("events", [event(2, shelf=[1])]).frame
    with pytest.raises(SchemaError):
        EngineSink(engine).apply("events", clash)


def test_dead_letters_of_a_file_keep_the_bytes(tmp_path):
    letters = DeadLetterFile(tmp_path / "new" / "dead.ndjson")
    letters.put(Message("t", 2, 7, b'{"a": "\xc3\xa9"}'), "why")
    letters.put(Message("t", 2, 8, b"\xff"), "why not")
    assert not letters.path.exists()
    letters.flush()
    letters.flush()
    first, second = map(json.loads, letters.path.read_text().splitlines())
    assert first == {
        "reason": "why", "topic": "t", "partition": 2, "offset": 7, "value": '{"a": "é"}'
    }  # fmt: skip
    assert second["value_base64"] == "/w=="
    letters.close()


def test_counts_are_told_to_the_log_and_to_prometheus(source, sink, letters, never, caplog):
    caplog.set_level(logging.INFO, "penchant.stream")
    sink.before = never("1")
    seen = []
    tally = Consumer(
        source, sink, letters, CONFIG.but(told=1e-9), watch=lambda t: seen.append(t.messages)
    ).run(once=True)
    assert seen[-1] == 10
    assert "10 messages" in caplog.text
    assert "1 dead letters, lag 0 bytes" in caplog.text
    text = tally.prometheus()
    assert "penchant_stream_new_rows_total 9\n" in text
    assert 'penchant_stream_lag_bytes{partition="events.ndjson"} 0\n' in text
    told = tally.to_json()
    assert (told["messages"], told["dead_letters"], told["lag"]) == (10, 1, {"events.ndjson": 0})
    assert "messages that became dead letters for their form" in [f["what"] for f in told["report"]]


def test_a_watcher_that_fails_stops_nothing(source, sink, letters, caplog):
    def watch(_):
        raise StoreError("no room")

    tally = Consumer(source, sink, letters, CONFIG, watch=watch).run(once=True)
    assert (tally.new, tally.failures, tally.behind) == (10, 0, 0)
    assert caplog.text.count("how it goes could not be told: no room") == 1


def test_prometheus_reads_what_is_told(source, sink, letters):
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus_client is absent")
    tally = Consumer(source, sink, letters, CONFIG).run(once=True)
    found = {f.name: f for f in parser.text_string_to_metric_families(tally.prometheus())}
    assert found["penchant_stream_messages"].samples[0].value == 10
    assert found["penchant_stream_lag_bytes"].type == "gauge"
