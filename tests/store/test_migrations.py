"""Stores that earlier versions filled are opened, brought to today's tables, and go on: all that
was in them is there, on SQLite and on PostgreSQL.

What they were filled with stands in `frozen/shop.py`, what those versions wrote in
`frozen/shop-NNNN.sql`.
"""

import importlib.util
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import create_engine, text

from penchant.store.audit import Wanted
from penchant.store.memory import MemoryTables
from penchant.store.sql import database, migrate, versions
from penchant.store.sql.audit import SqlAudit
from penchant.store.sql.database import Database
from penchant.store.sql.keys import SqlKeys
from penchant.store.sql.schema import METADATA
from penchant.store.sql.tables import SqlTables
from penchant.store.tables import KEYS, KINDS, PERSON

FROZEN = Path(__file__).parent / "frozen"
STEPS = sorted(path.stem[1:5] for path in migrate.FOLDER.glob("v*.py"))
FIRST = ("user_key", "item_key", "event_name")
"""Tables that others name rows of."""


def loaded():
    spec = importlib.util.spec_from_file_location("frozen_shop", FROZEN / "shop.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shop = loaded()


def thawed(step, file):
    """The store that step wrote, in a file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((FROZEN / f"shop-{step}.sql").read_text(encoding="utf-8"))
    return f"sqlite:///{file}"


def moved(file, url, step, monkeypatch):
    """The same rows in the tables of that step in PostgreSQL."""
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "NEWEST", step)
        patch.setattr(database, "NEWEST", step)
        there = Database(url)
    with closing(sqlite3.connect(file)) as here, there.writing() as connection:
        here.row_factory = sqlite3.Row
        asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = {name for (name,) in here.execute(asked)} - {"alembic_version"}
        for name in [*FIRST, *sorted(names - {*FIRST})]:
            for row in here.execute(f'SELECT * FROM "{name}"'):
                said = dict(row)
                columns = ", ".join(f'"{column}"' for column in said)
                values = ", ".join(f":{column}" for column in said)
                connection.execute(
                    text(f'INSERT INTO "{name}" ({columns}) VALUES ({values})'), said
                )
        for name, last in here.execute("SELECT name, seq FROM sqlite_sequence"):
            asked = f"SELECT setval(pg_get_serial_sequence('{name}', 'row'), {last})"
            connection.execute(text(asked))
    there.close()
    return url


@pytest.fixture(params=STEPS)
def step(request):
    return request.param


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, step, tmp_path, monkeypatch):
    """A store as that step left it."""
    url = thawed(step, tmp_path / "shop.db")
    if request.param == "sqlite":
        return url
    server = request.getfixturevalue("postgres_url")
    return moved(tmp_path / "shop.db", server, step, monkeypatch)


@pytest.fixture(scope="module")
def plain():
    """What must be there, in memory."""
    tables = MemoryTables()
    shop.put_rows(tables)
    return tables


def told(changes):
    """What is the same in every store: numbers of rows may have gaps in SQL."""
    return [(one.seq, one.kind, one.rows) for one in changes if one.kind != "model"]


def test_there_is_a_store_of_every_step_as_it_was():
    assert [path.stem[5:] for path in sorted(FROZEN.glob("shop-*.sql"))] == STEPS
    for step in STEPS:
        lines = (FROZEN / f"shop-{step}.sql").read_text(encoding="utf-8")
        assert f"INSERT INTO \"alembic_version\" VALUES('{step}');" in lines


def test_it_is_as_the_code_of_that_step_left_it(url, step, plain):
    """Before it is opened: else nothing would be brought over."""
    engine = create_engine(database.parsed(url))
    try:
        with engine.connect() as connection:
            assert migrate.version(connection) == step
            held = connection.execute(text("SELECT count(*) FROM event")).scalar()
    finally:
        engine.dispose()
    assert held == plain.read("events").collect().height > 30


def test_every_row_is_read_as_it_was_put_in(url, plain):
    tables = SqlTables(Database(url))
    with tables.database.reading() as connection:
        assert migrate.version(connection) == migrate.NEWEST
    for kind in KINDS:
        found, wanted = tables.read(kind).collect(), plain.read(kind).collect()
        assert wanted.height > 0
        assert found.schema == wanted.schema, kind
        assert found.equals(wanted), kind
        assert tables.rows(kind) == wanted.height
        assert tables.between(kind, 1, tables.last(kind)).equals(wanted)
        if kind in PERSON:
            mine = tables.people(kind, ["zoë/1", "ann", shop.GONE])
            assert mine.equals(plain.people(kind, ["zoë/1", "ann", shop.GONE]))
    with tables.database.reading() as connection:
        for view, kind in (("events", "events"), ("exposures", "exposures")):
            people = connection.execute(text(f"SELECT user_id FROM {view} ORDER BY seq")).scalars()
            assert list(people) == plain.read(kind).collect()["user_id"].to_list()


def test_what_changed_is_told_from_any_change_on(url, plain):
    tables = SqlTables(Database(url))
    assert tables.latest() == plain.latest() + len(shop.VERSIONS) + 1
    for seen in range(plain.latest() + 1):
        assert told(tables.changes(seen)) == told(plain.changes(seen))
    assert [one.kind for one in tables.changes(plain.latest())] == ["model"] * 3


def test_keys_acts_and_versions_are_there(url):
    store = Database(url)
    assert tuple(SqlKeys(store).list()) == shop.KEYS
    assert SqlKeys(store).find("c" * 64) == shop.KEYS[2]
    assert tuple(SqlAudit(store).read()) == shop.ACTS
    assert [kept.number for kept in SqlAudit(store).newest(Wanted(action="export"))] == [2]
    with store.reading() as connection:
        names = versions.names(connection)
        assert tuple(versions.manifest(connection, name) for name in names) == shop.VERSIONS
        assert versions.served(connection) == ["0001"]


def test_what_comes_again_is_known_and_what_is_new_goes_on(url, plain):
    """By the hashes that were brought over, and by numbers behind those that were given."""
    tables, other = SqlTables(Database(url)), MemoryTables()
    shop.put_rows(other)
    for kind, rows in (*shop.APPENDED, *shop.LATE):
        stays = rows.filter(pl.col("user_id") != shop.GONE) if kind not in KEYS else rows.clear()
        receipt = tables.append(kind, stays)
        assert (receipt.new, receipt.known) == (0, stays.height), kind
    assert told(tables.changes(0)) == told(plain.changes(0))
    more = shop.frame(*(shop.event(n, user_id="new", event_id=f"new-{n}") for n in range(3)))
    for store in (tables, other):
        assert store.append("events", more).new == 3
        assert store.append("items", shop.frame(shop.item(3, title="Again"))).replaced == 1
        store.append("events", shop.frame(shop.event(50)))
    assert tables.forget("ann") == other.forget("ann") > 20
    for kind in KINDS:
        assert tables.read(kind).collect().equals(other.read(kind).collect()), kind
    numbers = [one.seq for one in tables.changes(plain.latest() + 3)]
    assert numbers == list(range(plain.latest() + 4, plain.latest() + 8))


@pytest.mark.filterwarnings("ignore::UserWarning")  # indexes on expressions cannot be compared
def test_its_tables_are_those_of_a_new_store(url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with Database(url).reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
