"""JSON lines: a file that grows and is read on, and a pipe."""

import json
import os
import threading

import pytest

from penchant.errors import ReadError
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
