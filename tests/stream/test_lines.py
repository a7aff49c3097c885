"""JSON lines: a file that grows and is read on, and a pipe."""

import json
import os
import threading

import pytest

from penchant.errors import ReadError, StoreError
from penchant.stream import lines as stream_lines
from penchant.stream.config import StreamConfig
from penchant.stream.consume import Consumer
from penchant.stream.lines import LineFile, Splitter, StandardInput

CONFIG = StreamConfig(batch=3, seconds=0.05, first_wait=0.01, longest_wait=0.02)


def write(path, *rows, mode="a", end="\n"):
    with path.open(mode) as file:
        file.write("\n".join(json.dumps(row) for row in rows) + end)


def append(path, text):
    with path.open("a") as file:
        file.write(text)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.ndjson"


def consumed(path, sink, letters, **more):
    source = LineFile(path, path.parent / "memory", **more)
    try:
        return Consumer(source, sink, letters, CONFIG).run(once=True)
    finally:
        source.close()


def test_a_file_is_read_on_from_where_it_was_left(path, event, sink, letters):
    write(path, *(event(n) for n in range(7)))
    first = consumed(path, sink, letters)
    assert (first.messages, first.new, first.unit, first.behind) == (7, 7, "bytes", 0)
    assert consumed(path, sink, letters).messages == 0
    write(path, event(7), event(8))
    assert consumed(path, sink, letters).messages == 2
    assert [i for _, i in sink.rows()] == [str(n) for n in range(9)]


def test_two_lines_that_say_the_same_are_two_events(path, event, sink, letters):
    write(path, event(1), event(1))
    assert consumed(path, sink, letters).new == 2


def test_a_crash_between_store_and_memory_has_no_double_effect(path, event, sink, letters):
    write(path, *(event(n) for n in range(5)))

    def crash(_):
        raise SystemExit

    sink.after = crash
    with pytest.raises(SystemExit):
        consumed(path, sink, letters)
    sink.after = lambda _: None
    tally = consumed(path, sink, letters)
    assert (tally.new, tally.known) == (2, 3)
    assert len(sink.rows()) == 5


def test_another_file_of_the_name_is_read_from_its_beginning(path, event, sink, letters):
    write(path, event(1), event(2))
    consumed(path, sink, letters)
    write(path, event(3), event(4), mode="w")
    assert consumed(path, sink, letters).new == 2
    write(path, event(3), mode="w")  # cut short
    assert consumed(path, sink, letters).known == 1


def test_files_that_differ_in_their_folder_only_are_different_files(tmp_path, sink, letters):
    head = {"service": "shop", "log": "v1"}
    same = {"user_id": "ann", "item_id": "tea"}  # without a time only the place tells two apart
    for day in ("mon", "tue"):
        path = tmp_path / day / "events.ndjson"
        path.parent.mkdir()
        write(path, head, same, {"user_id": day, "item_id": "pot"})
        assert consumed(path, sink, letters).new == 2
    assert len(sink.rows()) == 4


@pytest.mark.parametrize("start", ["earliest", "latest"])
def test_another_file_with_the_same_first_line_is_read_from_its_beginning(
    path, event, sink, letters, start
):
    write(path, {"log": "v1"})
    write(path, event(1), event(2))
    assert consumed(path, sink, letters).new == 2
    path.unlink()
    write(path, {"log": "v1"}, event(3), event(4), event(5))
    assert consumed(path, sink, letters, start=start).new == 3


def items(messages):
    return [json.loads(m.value)["item_id"] for m in messages]


@pytest.mark.parametrize("more", [1, 9])  # shorter than what was there, and longer
def test_a_followed_file_that_is_cut_short_is_begun_anew(path, event, caplog, more):
    write(path, *(event(f"old {n}") for n in range(5)))
    source = LineFile(path, path.parent / "memory", follow=True)
    assert len(source.poll(9, 0.01)) == 5
    source.commit()
    os.truncate(path, 0)
    new = [f"new {n}" for n in range(more)]
    write(path, *map(event, new))
    assert items(source.poll(99, 0.01)) == new
    source.commit()
    assert source.lag() == {path.name: 0}
    write(path, event("last"))
    assert items(source.poll(99, 0.01)) == ["last"]
    assert caplog.text.count("was cut short or replaced") == 1
    source.close()
    again = LineFile(path, path.parent / "memory", follow=True)
    assert items(again.poll(99, 0.01)) == ["last"]  # not committed
    again.close()


def test_lines_that_were_read_before_the_cut_come_before_those_after_it(path, event):
    write(path, event(1), event(2), event(3), end="\n{half")
    source = LineFile(path, path.parent / "memory", follow=True)
    assert items(source.poll(2, 0.01)) == ["1", "2"]
    os.truncate(path, 0)
    write(path, event("new"))
    source.commit()  # what stands there was not consumed: it is not written down as if it were
    assert not (path.parent / "memory").exists()
    (last, half) = source.poll(9, 0.01)
    assert (items([last]), half.value) == (["3"], b"{half")
    assert items(source.poll(9, 0.01)) == ["new"]
    source.close()


def test_a_followed_file_that_is_replaced_is_read_to_its_end_first(path, event):
    write(path, event(1))
    source = LineFile(path, path.parent / "memory", follow=True)
    assert items(source.poll(9, 0.01)) == ["1"]
    aside = path.rename(path.with_name("events.ndjson.1"))
    assert source.poll(9, 0.01) == []
    path.touch()
    write(aside, event(2))  # whoever writes has not heard of it yet
    assert items(source.poll(9, 0.01)) == ["2"]
    write(aside, event(3))
    write(path, event(4))
    assert items(source.poll(9, 0.01)) == ["3"]
    assert items(source.poll(9, 0.01)) == ["4"]
    source.commit()
    source.close()
    write(path, event(5))
    again = LineFile(path, path.parent / "memory", follow=True)
    assert items(again.poll(9, 0.01)) == ["5"]
    again.close()


def test_a_place_that_cannot_be_written_down_stops_nothing(
    monkeypatch, path, event, sink, letters, caplog
):
    write(path, *(event(n) for n in range(7)))

    def full(*_):
        raise StoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(stream_lines, "write_json", full)
        source = LineFile(path, path.parent / "memory")
        tally = Consumer(source, sink, letters, CONFIG).run(once=True)
    assert (tally.new, tally.behind) == (7, 0)
    assert caplog.text.count("is not written yet: no room") == 1
    source.close()  # there is room again
    assert consumed(path, sink, letters).messages == 0


def test_poison_is_told_with_its_offset(path, event, sink, letters):
    path.write_bytes(json.dumps(event(1)).encode() + b"\n\xff\xfe\n\n[]\n")
    write(path, event(2, user=None), event(3))
    tally = consumed(path, sink, letters)
    assert (tally.new, tally.dead) == (2, 3)
    start = len(json.dumps(event(1))) + 1
    assert [(m.offset, m.value[:2]) for m, _ in letters.found] == [
        (start, b"\xff\xfe"), (start + 4, b"[]"), (start + 7, b'{"'),
    ]  # fmt: skip
    assert letters.found[2][1].startswith("user_id: missing; expected an id")


def test_a_last_line_waits_for_its_end_where_the_file_is_followed(path, event, sink, letters):
    write(path, event(1), end="")
    with_follow = LineFile(path, follow=True)
    assert with_follow.poll(9, 0.01) == []
    assert with_follow.ended
    assert not with_follow.over
    append(path, "\n")
    assert len(with_follow.poll(9, 1)) == 1
    with_follow.close()
    assert consumed(path, sink, letters).new == 1
    write(path, event(2), end="")
    assert consumed(path, sink, letters).new == 1  # without, it is taken as it is
    append(path, "\n")
    assert consumed(path, sink, letters).messages == 0


def test_latest_begins_behind_what_is_there(path, event, sink, letters):
    write(path, event("old"))
    source = LineFile(path, path.parent / "memory", start="latest")
    assert source.poll(9, 0.01) == []
    write(path, event("new"))
    assert json.loads(source.poll(9, 0.01)[0].value)["item_id"] == "new"
    source.commit()
    assert source.lag() == {"events.ndjson": 0}
    source.close()


def test_what_cannot_be_read_says_so(path, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match="goes to `penchant consume -`"):
        LineFile(tmp_path / "pipe")
    with pytest.raises(ReadError, match="cannot be opened"):
        LineFile(path)
    path.write_bytes(b"\x1f\x8b....")
    with pytest.raises(ReadError, match=r"is compressed.*penchant add"):
        LineFile(path)
    path.write_text("{}\n")
    source = LineFile(path, tmp_path)
    source.poll(1, 0.01)
    source.commit()
    source.close()
    next(tmp_path.glob("events.ndjson-*.json")).write_text("{")
    with pytest.raises(ReadError, match="remove it to begin anew"):
        LineFile(path, tmp_path)


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch, path, event, sink, letters):
    monkeypatch.setattr(stream_lines, "LONGEST", 1000)
    monkeypatch.setattr(stream_lines, "_BLOCK", 300)
    path.write_bytes(b"x" * 50_000 + b"\n" + b"y" * 1100 + b"\n")
    write(path, event(1))
    tally = consumed(path, sink, letters)
    assert (tally.new, tally.dead) == (1, 2)
    (first, why), (second, _) = letters.found
    assert "a line of more than 1,000 bytes" in why
    assert len(first.value) < 1400
    assert (first.offset, second.offset) == (0, 50_001)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_are_the_same_however_the_bytes_come(size):
    data = b"one\n\ntwo\nthree"
    splitter = Splitter()
    found = []
    for start in range(0, len(data), size):
        found += splitter.feed(data[start : start + size])
    found += splitter.end()
    assert found == [(0, b"one"), (4, b""), (5, b"two"), (9, b"three")]


@pytest.fixture
def pipe(event):
    """The reading end of a pipe with twelve lines, an empty one among them, and half a line."""
    reading, writing = os.pipe()
    lines = [json.dumps(event(n)) for n in range(12)]
    os.write(writing, "\n".join([*lines[:4], *[""] * 9, *lines[4:], "{half"]).encode())
    yield reading
    os.close(writing)
    os.close(reading)


def test_told_to_stop_what_was_read_of_a_pipe_is_taken_in(pipe, sink, letters):
    stop = threading.Event()
    sink.before = lambda _: stop.set()
    tally = Consumer(StandardInput(pipe), sink, letters, CONFIG, stop=stop).run()
    assert [item for _, item in sink.rows()] == [str(n) for n in range(12)]
    assert (tally.messages, tally.dead, tally.lost) == (13, 1, 0)
    assert [m.value for m, _ in letters.found] == [b"{half"]


def test_what_was_read_of_a_pipe_and_is_never_taken_in_is_counted(pipe, sink, letters, caplog):
    stop = threading.Event()

    def fails(frame):
        if "1" in frame["item_id"].to_list():
            stop.set()
            raise StoreError("no room")

    sink.before = fails
    tally = Consumer(StandardInput(pipe), sink, letters, CONFIG, stop=stop).run()
    assert (tally.messages, tally.new, tally.dead, tally.lost) == (10, 9, 1, 3)
    assert "3 messages are lost" in caplog.text
    assert tally.to_json()["lost"] == 3
    assert "penchant_stream_lost_total 3\n" in tally.prometheus()


def test_a_pipe_is_read_to_its_end_and_slowed_down_by_the_store(event, sink, letters):
    reading, writing = os.pipe()
    rows = [event(n, text="x" * 500) for n in range(400)]

    def writer():
        with os.fdopen(writing, "w") as pipe:
            pipe.write("\n".join(json.dumps(row) for row in rows))

    thread = threading.Thread(target=writer)
    thread.start()
    source = StandardInput(reading)
    tally = Consumer(source, sink, letters, CONFIG.but(batch=50)).run()
    thread.join()
    os.close(reading)
    assert source.over
    assert (tally.messages, tally.lag) == (400, {})
    assert [i for _, i in sink.rows()] == [str(n) for n in range(400)]
    assert "event_id" not in sink.tables.read("events").collect().columns
    assert max(map(len, sink.batches)) == 50
