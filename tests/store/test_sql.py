"""The SQL store on SQLite and PostgreSQL: the contract, equality with a plain model, every type of
value there and back, migrations, and SQL that people may write."""

import math
import shutil
import sqlite3
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from penchant.errors import StoreError
from penchant.store.memory import MemoryTables
from penchant.store.sql import database, ids, log, migrate, reading
from penchant.store.sql import tables as sql_tables
from penchant.store.sql.database import Database
from penchant.store.sql.schema import METADATA
from penchant.store.sql.tables import SqlTables
from penchant.store.tables import KINDS
from penchant.testing.stores import TablesContract, events, rows_of

FROZEN = Path(__file__).parent / "frozen"


def sqlite_url(folder):
    return f"sqlite:///{folder / 'shop.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A URL of an empty database, on each sort in turn."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return request.getfixturevalue("postgres_url")


class TestSqlite(TablesContract):
    def open(self, folder):
        return SqlTables(Database(sqlite_url(folder)))


class TestSqliteInPieces(TablesContract):
    """The same two rows at a time, with indexes that are built when rows are in."""

    @pytest.fixture(autouse=True)
    def tiny(self, monkeypatch):
        monkeypatch.setattr(log, "CHUNK", 2)
        monkeypatch.setattr(log, "CELLS", 20)
        monkeypatch.setattr(log, "LATER", 1)
        monkeypatch.setattr(reading, "PIECE", 2)
        monkeypatch.setattr(ids, "SOME", 1)

    def open(self, folder):
        return SqlTables(Database(sqlite_url(folder)))


class TestPostgres(TablesContract):
    @pytest.fixture(autouse=True)
    def server(self, postgres_url):
        self.url = postgres_url

    def open(self, folder):
        return SqlTables(Database(self.url))


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
            known = old is not None and (old == said or kind not in self.KEYS)
            fate = "new" if old is None else "known" if known else "replaced"
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
            owners = ("user_id", "source", "target")
            mine = [k for k, r in rows.items() if user in (r.get(name) for name in owners)]
            gone += len(mine)
            for key in mine:
                del rows[key]
        return gone


def as_set(rows):
    return sorted(
        repr(sorted((k, v * 1.0 if k == "value" else v) for k, v in r.items())) for r in rows
    )


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "shop.db"
    Database(f"sqlite:///{path}").close()
    return path


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ACTION, max_size=9))
def test_any_sequence_equals_a_plain_model(empty_store, tmp_path, actions):
    shutil.copy(empty_store, tmp_path / "shop.db")
    database = Database(sqlite_url(tmp_path))
    stores, model = [SqlTables(database), MemoryTables()], Model()
    try:
        for verb, what in actions:
            if verb == "forget":
                assert [s.forget(what) for s in stores] == [model.forget(what)] * 2
                continue
            receipts = [s.append(verb, frame(what)) for s in stores]
            expected = model.append(verb, what)
            for receipt in receipts:
                assert {k: getattr(receipt, k) for k in expected} == expected
            assert receipts[0].report().to_json() == receipts[1].report().to_json()
        for kind in KINDS:
            expected = as_set(model.rows[kind].values())
            assert as_set(rows_of(stores[0], kind)) == expected
            assert stores[0].rows(kind) == len(expected)
            assert stores[0].read(kind).collect().equals(stores[1].read(kind).collect())
        told = [[(one.seq, one.kind, one.rows) for one in s.changes(0)] for s in stores]
        assert told[0] == told[1]  # numbers of rows may have gaps in SQL
    finally:
        database.close()


# Every value comes back

MOMENT = datetime(2024, 5, 1, 12, 0, 0, 1, tzinfo=UTC)
VALUES = {
    "text": ["", 'ß😀"\\\n\t,', "a\0b"],
    "whole": [-(2**63), 2**63 - 1, 2**53 + 1],
    "number": [0.1, -0.0, 5e-324],
    "odd": [math.nan, math.inf, 1.5],
    "flag": [True, False, None],
    "day": [date(1900, 1, 1), date(2024, 5, 1), None],
    "at": [MOMENT, None, datetime(1600, 1, 1, tzinfo=UTC)],
    "clock": [time(23, 59, 59, 999_999), None, time(0)],
    "span": [timedelta(microseconds=-1), timedelta(days=4), None],
    "raw": [b"\x00\xff", b"", None],
    "tags": [["x", None], [], None],
    "days": [[date(2024, 1, 1)], None, []],
    "group": [{"cm": 1.5, "at": MOMENT}, {"cm": None, "at": None}, None],
    "nothing": [None, None, None],
    "value": [math.nan, 0.1, None],
    "session_id": ["s\0", "s", None],
    "position": [2**53 + 1, 0, None],
}


@pytest.mark.parametrize("kind", ["events", "exposures", "feedback", "users", "items"])
def test_every_value_comes_back(url, kind):
    rows = events(("ann", "a", 0), ("bob", "b", 1), ("cy", "c", 2)).with_columns(
        pl.Series(name, values, strict=False) for name, values in VALUES.items()
    )
    tables = SqlTables(Database(url))
    assert tables.append(kind, rows).new == 3
    found = tables.read(kind).collect()
    assert found.equals(rows.cast(dict(found.schema))), found
    assert {n: d for n, d in found.schema.items() if d != rows.schema[n]} == {}
    assert tables.append(kind, rows).known == 3
    copysign = [math.copysign(1, v) for v in found["number"]]
    assert copysign == [1, -1, 1]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=30))
def test_numbers_come_back_to_the_last_bit(empty_store, tmp_path, numbers):
    shutil.copy(empty_store, tmp_path / "shop.db")
    database = Database(sqlite_url(tmp_path))
    rows = pl.DataFrame({"user_id": "ann", "item_id": "a", "value": numbers, "other": numbers})
    rows = rows.with_row_index("n")
    SqlTables(database).append("events", rows)
    found = SqlTables(database).read("events").collect()
    database.close()
    assert [v.hex() for v in found["other"]] == [v.hex() for v in numbers]
    assert found["value"].to_list() == numbers  # SQLite knows no -0.0: it is 0.0


def test_what_came_in_one_type_is_read_in_another(url):
    tables = SqlTables(Database(url))
    came = [
        {"value": 1, "shop": True, "day": date(2024, 1, 1), "tags": [1]},
        {"value": 1.5, "shop": 2, "day": MOMENT, "tags": [1.5]},
        {"value": "much", "shop": 2.5, "day": None, "tags": ["x"]},
    ]
    for n, more in enumerate(came):
        tables.append("events", events(("ann", "a", n), **more))
    found = tables.read("events").collect()
    assert found["shop"].to_list() == [1.0, 2.0, 2.5]
    assert found["day"].to_list() == [datetime(2024, 1, 1, tzinfo=UTC), MOMENT, None]
    assert found["tags"].to_list() == [["1"], ["1.5"], ["x"]]
    assert found["value"].to_list() == ["1.0", "1.5", "much"]
    assert [
        tables.append("events", events(("ann", "a", n), **came[n])).known for n in range(3)
    ] == [1] * 3


@pytest.mark.parametrize("bad", [[[math.nan]], [[b"x"]], [{"x": math.inf}]])
def test_what_json_cannot_hold_is_refused_by_its_name(tmp_path, bad):
    tables = SqlTables(Database(sqlite_url(tmp_path)))
    with pytest.raises(StoreError, match=r"events\.thing: .* cannot be kept"):
        tables.append("events", events(("ann", "a", 0)).with_columns(thing=pl.Series(bad)))
    with pytest.raises(StoreError, match=r"events\.user_id: 1 of 1 values hold a NUL"):
        tables.append("events", events(("a\0b", "a", 0)))
    assert tables.latest() == 0


# Many at once, and few


def test_a_large_import_equals_a_small_one(tmp_path, monkeypatch):
    """First import, its twins within, and a second one: the same on every way in."""
    rows = events(*[(f"u{n % 7}", f"i{n % 5}", n % 40) for n in range(300)], event_id=None)
    rows = rows.with_columns(event_id=pl.when(pl.int_range(300) % 3 == 0).then(pl.lit("x")))
    counts, found = [], []
    for later in (1, 10**9):
        monkeypatch.setattr(log, "LATER", later)
        tables = SqlTables(Database(f"sqlite:///{tmp_path / str(later)}.db"))
        receipts = [tables.append("events", part) for part in (rows[:200], rows)]
        counts.append([(r.new, r.known, r.report().to_json()) for r in receipts])
        found.append(tables.read("events").collect())
        with tables.database.reading() as connection:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'index'"))
            assert {"event_same", "event_named"} <= set(names.scalars())
    assert counts[0] == counts[1]
    assert found[0].equals(found[1])


def test_a_large_import_behind_a_smaller_one_equals_a_small_one(tmp_path, monkeypatch):
    """Known rows among those that nobody looked for count as known; an import of known ones, and
    one that is smaller than what is there, put each row in its place."""
    monkeypatch.setattr(log, "SAMPLE", 3)
    old = events(*[(f"u{n % 7}", f"i{n % 5}", n) for n in range(60)], event_id=None)
    some = events(*[(f"v{n % 7}", f"i{n % 5}", n) for n in range(80)], event_id=None)
    named_ = events(*[("w", "a", n) for n in range(150)], event_id=None)
    named_ = named_.with_columns(event_id=pl.format("n{}", pl.int_range(150)))
    new = pl.concat([some[:30], old[7:9], some[30:], old[20:21]])
    filled, plain, found = [], log.Log._fill, []
    monkeypatch.setattr(log.Log, "_fill", lambda *of: (filled.append(len(of[1])), plain(*of)))
    for later in (1, 10**9):
        monkeypatch.setattr(log, "LATER", later)
        tables = SqlTables(Database(f"sqlite:///{tmp_path / str(later)}.db"))
        receipts = [tables.append("events", t) for t in (old, new, old, named_, named_, some[:5])]
        assert [r.new for r in receipts] == [60, 80, 0, 150, 0, 0]
        found.append(tables.read("events").collect())
    assert filled == [60, 83, 150]
    assert found[0].equals(found[1])


def test_a_large_import_leaves_its_connection_as_it_was(tmp_path, monkeypatch):
    tables = SqlTables(Database(sqlite_url(tmp_path)))
    before = memory_of(tables.database)
    monkeypatch.setattr(sql_tables, "LARGE", 1)
    monkeypatch.setattr(log, "LATER", 1)
    tables.append("events", events(*[(f"u{n}", "a", n) for n in range(10)]))
    assert tables.rows("events") == 10
    assert memory_of(tables.database) == before


def memory_of(store):
    """What a connection keeps, sorts in files (1) or in memory (2), and by how many threads."""
    with store.bare() as bare:
        asked = ("cache_size", "temp_store", "threads")
        return [bare.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]


def test_the_rows_of_one_user_are_found_by_an_index(tmp_path):
    tables = SqlTables(Database(sqlite_url(tmp_path)))
    with tables.database.reading() as connection:
        for table in ("event", "exposure", "feedback"):
            asked = f'EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE "user" IN (1, 2)'
            assert f"{table}_same" in str(connection.execute(text(asked)).all())
        asked = "EXPLAIN QUERY PLAN SELECT max(seq) FROM change"
        assert "SCAN" not in str(connection.execute(text(asked)).all()).replace("SEARCH", "")


@pytest.mark.parametrize("few", [True, False])
def test_a_few_names_among_many_are_asked_for_alone(url, monkeypatch, few):
    """And where most are needed, all come at once; what is read is the same."""
    tables = SqlTables(Database(url))
    rows = events(*[(f"u{n}", "a", n) for n in range(60)])
    tables.append("events", rows)
    monkeypatch.setattr(ids, "SOME", 3)
    fetched, plain = [], ids.rows_of

    def counted(connection, statement, values=None):
        found = plain(connection, statement, values)
        fetched.append((statement, len(found)))
        return found

    monkeypatch.setattr(ids, "rows_of", counted)
    last = 5 if few else 40
    found = tables.between("events", 1, last)
    assert found["user_id"].to_list() == rows["user_id"].to_list()[:last]
    assert max(n for _, n in fetched) == (3 if few else 60)


def test_two_on_one_store_learn_of_each_other(url):
    one, other = SqlTables(Database(url)), SqlTables(Database(url))
    one.append("events", events(("ann", "a", 0)))
    assert other.latest() == 1
    other.append("events", events(("bob", "b", 0), shop="north"))
    (change,) = one.changes(1)
    assert one.between("events", change.first, change.last)["shop"].to_list() == ["north"]
    one.database.close()
    again = SqlTables(Database(url))
    assert (again.latest(), again.rows("events")) == (2, 2)


def test_events_one_by_one_leave_one_row_of_changes(url):
    """And every change is told, also to who has seen a part of them."""
    tables, plain = SqlTables(Database(url)), MemoryTables()
    for store in (tables, plain):
        for n in range(6):
            store.append("events", events(("ann", "a", n)))
        store.append("events", events(("ann", "a", 0)))  # known: no change
        store.append("items", pl.DataFrame({"item_id": ["a"], "price": [1]}))
        store.append("events", events(("bob", "a", 7)))
        store.append("events", events(("bob", "a", 8)))
        store.append("events", events(("bob", "a", 9), ("cy", "a", 9)))
        store.forget("cy")
        store.append("events", events(("bob", "b", 9)))
    for seen in range(14):
        assert list(tables.changes(seen)) == list(plain.changes(seen))
    with tables.database.reading() as connection:
        asked = "SELECT kind, rows, changes FROM change ORDER BY seq"
        assert [tuple(row) for row in connection.exec_driver_sql(asked)] == [
            ("events", 6, 6), ("items", 1, 1), ("events", 2, 2), ("events", 2, 1),
            ("forget", 1, 1), ("events", 1, 1),
        ]  # fmt: skip
    assert tables.latest() == plain.latest() == 12


# Migrations


@pytest.mark.filterwarnings("ignore::UserWarning")  # indexes on expressions cannot be compared
def test_the_steps_lead_to_the_tables_of_today(url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with Database(url).reading() as connection:
        assert migrate.version(connection) == migrate.NEWEST
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_step_is_the_last_one():
    names = sorted(p.stem for p in migrate.FOLDER.glob("v*.py"))
    assert names[-1].startswith(f"v{migrate.NEWEST}_")
    assert [int(name[1:5]) for name in names] == list(range(1, len(names) + 1))


def test_a_store_of_the_first_version_is_opened_and_goes_on(tmp_path):
    """`frozen/0001.sql` was written by version 0001, and stays as it is."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.executescript((FROZEN / "0001.sql").read_text(encoding="utf-8"))
    connection.close()
    tables = SqlTables(Database(sqlite_url(tmp_path)))
    found = tables.read("events").collect()
    assert found["user_id"].to_list() == ["ann", "bob", "ann"]
    assert found["value"].to_list() == [None, 4.5, None]
    assert found["device"].to_list() == [None, None, "phone"]
    assert rows_of(tables, "items")[-1] == {"item_id": "a", "title": "A", "tags": ["x", "y"]}
    assert rows_of(tables, "relations") == [{"source": "ann", "target": "bob"}]
    again = tables.append("events", events(("ann", "a", 0), ("cy", "a", 0)))
    assert (again.new, again.known) == (1, 1)
    assert tables.append("events", events(("x", "x", 9), event_id="e1")).known == 1
    assert tables.changes(tables.latest() - 1)[0].seq == tables.latest()


def test_rows_of_the_first_version_are_told_apart_from_what_comes(url, monkeypatch):
    """16 bytes of a hash, of the row or of its event_id, became a number and bytes."""
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "NEWEST", "0001")
        patch.setattr(database, "NEWEST", "0001")
        first = Database(url)
    with first.writing() as connection:
        for line in (
            "INSERT INTO user_key (user_id) VALUES ('bob')",
            "INSERT INTO item_key (item_id) VALUES ('b')",
            *(
                f"INSERT INTO column_type VALUES ('events', '{name}', {n}, '\"text\"')"
                for n, name in enumerate(("user_id", "item_id", "event_id"))
            ),
        ):
            connection.exec_driver_sql(line)
        asked = text(
            'INSERT INTO event (seq, "user", item, event_id, same) VALUES (:seq, 1, 1, :id, :same)'
        )
        for seq, id_, same in (
            (1, None, "fde6dd9ece59a6642302a9e66236897e"),
            (2, "x", "1fdb5dbb3c6ca86c09f374f8bf9fda25"),
        ):
            same = bytes.fromhex(same)
            connection.execute(asked, {"seq": seq, "id": id_, "same": same})
        connection.exec_driver_sql("INSERT INTO change VALUES (1, 'events', 1, 2, 2)")
    first.close()
    tables = SqlTables(Database(url))
    rows = {"user_id": ["bob", "bob", "ann"], "item_id": ["b", "b", "b"]}
    came = pl.DataFrame({**rows, "event_id": [None, "x", "x"]})
    assert tables.read("events").collect().equals(came[:2])
    assert tables.append("events", came).known == 3


def test_a_newer_store_is_not_touched(tmp_path):
    Database(sqlite_url(tmp_path)).close()
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=r"version 9999, from a newer penchant.*Upgrade"):
        Database(sqlite_url(tmp_path))


def test_a_database_of_something_else_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE thesis (chapter)")
    connection.close()
    with pytest.raises(StoreError, match=r"other tables \(thesis\)"):
        Database(sqlite_url(tmp_path))


# SQL that people write


def test_views_spell_everything_out(url):
    tables = SqlTables(Database(url))
    tables.append("events", events(("ann", "a", 1), value=2.0, device="phone"))
    tables.append("exposures", events(("ann", "a", 2)).drop("event").with_columns(position=3))
    with tables.database.reading() as connection:
        event = connection.execute(text("SELECT * FROM events")).mappings().one()
        shown = connection.execute(text("SELECT * FROM exposures")).mappings().one()
    assert (event["user_id"], event["item_id"], event["event"], event["value"]) == (
        "ann",
        "a",
        "view",
        2,
    )
    assert str(event["timestamp"]).startswith("2024-01-01 01:00:00")
    assert event["more"] == '{"device":"phone"}'
    assert (shown["user_id"], shown["position"]) == ("ann", 3)
