"""The folder of segments: crashes, locks, merging, forgetting, and equality with a plain model."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.errors import ConfigError, StoreError
from penchant.store import files
from penchant.store.lock import locked
from penchant.store.memory import MemoryTables
from penchant.store.segments import Segments, SegmentsConfig
from penchant.store.tables import KINDS
from penchant.testing.stores import TablesContract, events, rows_of


class TestSegments(TablesContract):
    def open(self, folder):
        return Segments(folder / "data")


class TestTinySegments(TablesContract):
    """The same with files of two rows, merged at every other append."""

    def open(self, folder):
        return Segments(folder / "data", SegmentsConfig(segment_rows=2, fan=2))


def parquet(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


# Equality with a plain model

NAMES = st.sampled_from(["ann", "bob", "cy"])
EVENT = st.fixed_dictionaries(
    {"user_id": NAMES, "item_id": st.sampled_from("ab"), "n": st.sampled_from([0, 1, None])},
    optional={
        "event_id": st.sampled_from(["x", "y", None]),
        "value": st.sampled_from([1, 1.0, 2.5, None]),
        "tags": st.sampled_from([[], ["t"], None]),
    },
)
USER = st.fixed_dictionaries({"user_id": NAMES}, optional={"age": st.sampled_from([1, 2])})
WORD = st.fixed_dictionaries(
    {"user_id": NAMES, "event": st.sampled_from(["more", "never"])},
    optional={"interest": st.sampled_from("mn"), "event_id": st.sampled_from(["x", None])},
)
EDGE = st.fixed_dictionaries(
    {"source": NAMES, "target": NAMES}, optional={"relation": st.sampled_from(["friend", None])}
)
ACTION = st.one_of(
    st.tuples(st.just("events"), st.lists(EVENT, min_size=1, max_size=6)),
    st.tuples(st.just("exposures"), st.lists(EVENT, min_size=1, max_size=3)),
    st.tuples(st.just("feedback"), st.lists(WORD, min_size=1, max_size=3)),
    st.tuples(st.just("users"), st.lists(USER, min_size=1, max_size=4)),
    st.tuples(st.just("relations"), st.lists(EDGE, min_size=1, max_size=4)),
    st.tuples(st.just("forget"), NAMES),
    st.tuples(st.just("compact"), st.none()),
)


def frame(rows):
    plain = [{k: float(v) if k == "value" and v else v for k, v in row.items()} for row in rows]
    return pl.DataFrame(plain, infer_schema_length=None)


class Model:
    """What the store must equal, row by row in plain Python."""

    KEYS: ClassVar = {"users": ["user_id"], "relations": ["source", "target", "relation"]}

    def __init__(self):
        self.rows = {kind: {} for kind in KINDS}

    def append(self, kind, rows):
        counts = {"new": 0, "known": 0, "replaced": 0}
        for row in rows:
            said = {k: v for k, v in row.items() if v is not None}
            key = self.key(kind, said)
            old = self.rows[kind].get(key)
            fate = (
                "new"
                if old is None
                else "known"
                if old == said or kind not in self.KEYS
                else "replaced"
            )
            counts[fate] += 1
            if fate != "known":
                self.rows[kind][key] = said
        return counts

    def key(self, kind, row):
        if kind in self.KEYS:
            return tuple(row.get(name) for name in self.KEYS[kind])
        if "event_id" in row:
            return row["event_id"]
        return tuple(
            sorted((k, str(float(v) if k in ("value", "n") else v)) for k, v in row.items())
        )

    def forget(self, user):
        gone = 0
        for rows in self.rows.values():
            mine = [
                k
                for k, r in rows.items()
                if user in (r.get("user_id"), r.get("source"), r.get("target"))
            ]
            gone += len(mine)
            for key in mine:
                del rows[key]
        return gone


def as_set(rows):
    return sorted(
        repr(sorted((k, v * 1.0 if k == "value" else v) for k, v in r.items())) for r in rows
    )


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ACTION, max_size=9), st.sampled_from([(2_000_000, 32), (3, 2)]))
def test_any_sequence_equals_a_plain_model(actions, shape):
    folder = Path(tempfile.mkdtemp())
    config = SegmentsConfig(segment_rows=shape[0], fan=shape[1])
    stores, model = [Segments(folder, config), MemoryTables()], Model()
    try:
        for verb, what in actions:
            if verb == "compact":
                stores[0].compact()
            elif verb == "forget":
                assert [s.forget(what) for s in stores] == [model.forget(what)] * 2
            else:
                receipts = [s.append(verb, frame(what)) for s in stores]
                expected = model.append(verb, what)
                for receipt in receipts:
                    assert {k: getattr(receipt, k) for k in expected} == expected
        for kind in KINDS:
            expected = as_set(model.rows[kind].values())
            assert as_set(rows_of(stores[0], kind)) == expected
            assert as_set(rows_of(stores[1], kind)) == expected
            assert stores[0].rows(kind) == len(expected)
            assert rows_of(Segments(folder), kind) == rows_of(stores[1], kind)
    finally:
        shutil.rmtree(folder)


# Crashes

WRITER = """
import sys
from penchant.store.segments import Segments, SegmentsConfig
from penchant.testing.stores import events
start = int(sys.argv[2])
tables = Segments(sys.argv[1], SegmentsConfig(fan=4))
print("ready", flush=True)
for n in range(start, start + 100_000):
    tables.append("events", events(*[("u", f"i{n}", n * 10 + k) for k in range(10)]))
    print(n, flush=True)
    if n % 7 == 0:
        tables.compact()
"""


def run_and_kill(folder: Path, start: int, seconds: float) -> list[int]:
    """Append in another process, kill it the hard way; the batches that it acknowledged."""
    env = os.environ | {
        "PYTHONPATH": str(Path(files.__file__).parents[2]),
        "POLARS_MAX_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(start)],
        stdout=subprocess.PIPE, env=env, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().splitlines(keepends=True)
    return [int(line) for line in lines if line.endswith("\n")]


def test_acknowledged_appends_survive_kill_9(tmp_path):
    draw, acknowledged = random.Random(1), []
    for attempt in range(4):
        acknowledged += run_and_kill(tmp_path, attempt * 1000, draw.uniform(0.05, 0.5))
        found = Segments(tmp_path).read("events").collect()
        sizes = dict(found.group_by("item_id").len().iter_rows())
        assert set(sizes.values()) <= {10}, "half a batch was read"
        assert {f"i{n}" for n in acknowledged} <= set(sizes)
        assert len(set(sizes)) <= len(acknowledged) + attempt + 1  # one may be there, unheard
    assert acknowledged
    tables = Segments(tmp_path)
    batch = events(("u", "last", 0))
    assert (tables.append("events", batch).new, tables.append("events", batch).known) == (1, 1)
    assert not list(tmp_path.glob(".*.tmp"))


class Crash(BaseException):
    """The machine stops here."""


class Stops:
    """Lets so many touches of the disk pass, then stops the machine: nothing works any more."""

    def __init__(self, monkeypatch):
        self.left, self.touches = -1, []
        for name in ("fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, self.wrap(name, getattr(os, name)))

    def wrap(self, name, real):
        def touch(*args, **kwargs):
            if self.left == 0:
                raise Crash
            self.left -= 1
            self.touches.append(name)
            return real(*args, **kwargs)

        return touch


def prepared(folder: Path) -> Segments:
    tables = Segments(folder, SegmentsConfig(segment_rows=3, fan=3))
    tables.append("events", events(("ann", "a", 0), ("bob", "b", 1)))
    tables.append("events", events(("ann", "c", 2)))
    tables.append("users", pl.DataFrame({"user_id": ["ann", "bob"]}))
    return tables


ACTIONS = {
    "append": lambda t: t.append("events", events(*[("cy", f"n{k}", k) for k in range(7)])),
    "tidy": lambda t: t.append("events", events(("cy", "n", 9))),
    "forget": lambda t: t.forget("ann"),
    "compact": lambda t: t.compact(),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_a_stop_at_any_touch_of_the_disk_leaves_all_or_nothing(tmp_path, monkeypatch, action):
    stops = Stops(monkeypatch)
    before = {k: rows_of(prepared(tmp_path / "before"), k) for k in KINDS}
    done = prepared(tmp_path / "after")
    action(done)
    after = {k: rows_of(done, k) for k in KINDS}
    for point in range(200):
        folder = tmp_path / str(point)
        tables = prepared(folder)
        stops.left = point
        try:
            action(tables)
        except Crash:
            stops.left = -1
            again = Segments(folder, tables.config)
            found = {k: rows_of(again, k) for k in KINDS}
            assert found in (before, after)
            action(again)
            assert {k: rows_of(again, k) for k in KINDS} == after
            assert not list(folder.glob(".*.tmp"))
        else:
            break
    stops.left = -1
    assert point > 3, "the stops were never reached"


def test_the_file_is_on_the_disk_before_its_name(tmp_path, monkeypatch):
    tables = Segments(tmp_path)
    stops = Stops(monkeypatch)
    tables.append("events", events(("ann", "a", 0)))
    assert stops.touches == ["fsync", "replace", "fsync"] * 2


# Forgetting


def test_a_forgotten_user_leaves_no_trace_in_any_file(tmp_path):
    tables = Segments(tmp_path, SegmentsConfig(fan=2))
    for hour in range(5):
        said = [("ann-secret", "a", hour), ("bob", "b", hour)]
        tables.append("events", events(*said, event_id=None))
        tables.append(
            "events", events(("ann-secret", "a", 50 + hour), event_id=f"ann-secret-{hour}")
        )
    tables.append("relations", pl.DataFrame({"source": ["bob"], "target": ["ann-secret"]}))
    tables.compact()
    (tmp_path / "events-99999999.parquet").write_bytes(b"ann-secret")  # as a crash may leave it
    assert tables.forget("ann-secret") == 11
    assert tables.rows("events") == 5
    for path in tmp_path.iterdir():
        assert b"ann-secret" not in path.read_bytes(), path
        if path.suffix == ".parquet":
            assert "ann-secret" not in str(pl.read_parquet(path).to_dicts())


# Merging


def test_many_small_appends_stay_few_files(tmp_path):
    tables = Segments(tmp_path, SegmentsConfig(fan=4))
    for hour in range(40):
        tables.append("events", events(("ann", "a", hour)))
    live = len(tables._manifest().files())
    assert live <= 10
    found = tables.read("events").collect()
    assert found["timestamp"].is_sorted() and found.height == 40
    assert tables.compact() == live - 1
    assert tables.read("events").collect().equals(found)


def test_a_reader_may_collect_after_a_merge(tmp_path):
    tables = prepared(tmp_path)
    lazy = tables.read("events")
    tables.compact()
    assert lazy.collect().height == 3


def test_compacting_drops_replaced_rows(tmp_path):
    tables = Segments(tmp_path)
    for price in range(5):
        tables.append("items", pl.DataFrame({"item_id": ["a"], "price": [price]}))
    assert tables.compact() == 4
    (path,) = [p for p in parquet(tmp_path) if p.name in tables._manifest().files()]
    assert pl.read_parquet(path)["price"].to_list() == [4]


def test_merged_files_stay_within_their_size(tmp_path):
    tables = Segments(tmp_path, SegmentsConfig(segment_rows=10))
    for hour, n in enumerate([4, 4, 4, 12, 9, 1]):
        tables.append("events", events(*[("ann", f"i{k}", hour) for k in range(n)]))
    before = tables.read("events").collect()
    tables.compact()
    live = [p for p in parquet(tmp_path) if p.name in tables._manifest().files()]
    heights = [t.rows for t in tables._manifest().table("events").segments]
    assert heights == [8, 4, 10, 2, 10] and len(live) == 5
    assert tables.read("events").collect().equals(before)


def test_large_appends_are_cut_into_files(tmp_path):
    tables = Segments(tmp_path, SegmentsConfig(segment_rows=10))
    tables.append("events", events(*[("ann", "a", hour) for hour in range(35)]))
    assert [pl.read_parquet(p).height for p in parquet(tmp_path)] == [10, 10, 10, 5]


def test_files_out_of_range_are_not_looked_at(tmp_path):
    tables = Segments(tmp_path)
    tables.append("events", events(("ann", "a", 0)))
    tables.append("events", events(("ann", "a", 100)))
    parquet(tmp_path)[0].write_bytes(b"broken")
    assert tables.append("events", events(("ann", "a", 100))).known == 1
    with pytest.raises(StoreError, match=r"00000001\.parquet: has 6 bytes, expected"):
        tables.append("events", events(("ann", "a", 0)))


# Locks


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path):
    tables = Segments(tmp_path, SegmentsConfig(lock_wait=0.05))
    with locked(tmp_path / ".lock"), pytest.raises(StoreError, match=f"process {os.getpid()}"):
        tables.append("events", events(("ann", "a", 0)))
    assert tables.append("events", events(("ann", "a", 0))).new == 1


def test_reading_needs_no_lock(tmp_path):
    tables = prepared(tmp_path)
    with locked(tmp_path / ".lock"):
        assert tables.read("events").collect().height == 3


def test_a_dead_writer_holds_nothing(tmp_path):
    code = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from penchant.store.lock import locked
        with locked(Path({str(tmp_path)!r}) / ".lock"):
            os.kill(os.getpid(), 9)
    """)
    env = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == -9
    tables = Segments(tmp_path, SegmentsConfig(lock_wait=0))
    assert tables.append("events", events(("ann", "a", 0))).new == 1


def test_writers_side_by_side_lose_nothing(tmp_path):
    def write(who):
        tables = Segments(tmp_path, SegmentsConfig(lock_wait=30, fan=4))
        for hour in range(6):
            tables.append("events", events((who, "a", hour), ("all", "a", hour)))

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Segments(tmp_path).rows("events") == len(rows_of(Segments(tmp_path), "events")) == 30


# What goes wrong


def test_a_full_disk_changes_nothing(tmp_path):
    """A real refusal by the system: no file of this process may grow past 2,000 bytes."""
    prepared(tmp_path)
    code = textwrap.dedent(f"""
        import resource
        import numpy as np, polars as pl
        from penchant.errors import StoreError
        from penchant.store.segments import Segments
        tables = Segments({str(tmp_path)!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        noise = np.random.default_rng(0).random(5000)
        rows = pl.DataFrame({{"user_id": noise, "item_id": noise}})
        try:
            tables.append("exposures", rows)
        except StoreError as error:
            print(error)
    """)
    env = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=env, text=True, capture_output=True)
    assert "Free some space" in done.stdout, done.stdout + done.stderr
    assert rows_of(Segments(tmp_path), "exposures") == []
    assert len(rows_of(Segments(tmp_path), "events")) == 3
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "Free some space"),
        (OSError(30, "Read-only file system"), "mounted for writing"),
        (OSError(2, "No such file"), "moved or removed"),
        (OSError(5, "Input/output error"), "refused"),
        (pl.exceptions.ComputeError("parquet: No space (os error 28)"), "Free some space"),
    ],
)
def test_refusals_come_with_advice(tmp_path, error, said):
    with pytest.raises(StoreError, match=said), files.guarded(tmp_path):
        raise error


def test_other_errors_are_not_taken_for_the_disk(tmp_path):
    with pytest.raises(pl.exceptions.ComputeError), files.guarded(tmp_path):
        raise pl.exceptions.ComputeError("something else")


def test_a_missing_file_is_named(tmp_path):
    tables = prepared(tmp_path)
    parquet(tmp_path)[0].unlink()
    with pytest.raises(StoreError, match=r"events-00000001\.parquet: is missing"):
        tables.read("events")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format": 1}', "cannot be read"),
        ('{"format": 99}', "newer version"),
    ],
)
def test_a_broken_manifest_is_named(tmp_path, text, said):
    tables = prepared(tmp_path)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=said):
        tables.read("events")


@pytest.mark.parametrize("wrong", [{"segment_rows": 0}, {"fan": 1}, {"lock_wait": -1}])
def test_settings_are_checked(wrong):
    with pytest.raises(ConfigError):
        SegmentsConfig(**wrong)
