"""What the SQL store survives: kill -9, writers side by side, a full disk; who is forgotten leaves
no byte; errors say what to do and never a password."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from penchant.errors import CopiesLeftError, MissingExtraError, StoreError
from penchant.store import files
from penchant.store.audit import Entry
from penchant.store.sql import audit, changes, ids
from penchant.store.sql.database import Database, parsed
from penchant.store.sql.tables import SqlTables
from penchant.testing.stores import events, rows_of

ERASURE = Entry(datetime(2024, 5, 1, tzinfo=UTC), "1", "forget", "hash")
ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(Path(files.__file__).parents[2]),
    "POLARS_MAX_THREADS": "1",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "shop.db"


def opened(file, **more):
    return SqlTables(Database(f"sqlite:///{file}", **more))


def python(code, *words):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *words],
        stdout=subprocess.PIPE, env=ENVIRONMENT, text=True,
    )  # fmt: skip


# Crashes

WRITER = """
import sys
from penchant.store.sql.database import Database
from penchant.store.sql.tables import SqlTables
from penchant.testing.stores import events
tables, start = SqlTables(Database(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
for n in range(start, start + 100_000):
    tables.append("events", events(*[("u", f"i{n}", n * 10 + k) for k in range(10)]))
    print(n, flush=True)
"""


def test_acknowledged_appends_survive_kill_9(file):
    draw, acknowledged = random.Random(1), []
    for attempt in range(3):
        with python(WRITER, f"sqlite:///{file}", str(attempt * 1000)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(draw.uniform(0.05, 0.5))
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().splitlines(keepends=True)
        acknowledged += [int(line) for line in lines if line.endswith("\n")]
        tables = opened(file)
        sizes = dict(tables.read("events").collect().group_by("item_id").len().iter_rows())
        assert set(sizes.values()) <= {10}, "half a batch was read"
        assert {f"i{n}" for n in acknowledged} <= set(sizes)
        assert len(sizes) <= len(acknowledged) + attempt + 1  # one may be there, unheard
        assert sum(change.rows for change in tables.changes(0)) == 10 * len(sizes)
        tables.database.close()
    assert acknowledged
    batch = events(("u", "last", 0))
    again = opened(file)
    assert (again.append("events", batch).new, again.append("events", batch).known) == (1, 1)


def test_what_is_acknowledged_is_on_the_disk(file):
    with opened(file).database.bare() as connection:
        asked = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in
                 ("journal_mode", "synchronous", "secure_delete", "foreign_keys")}  # fmt: skip
    assert asked == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


@pytest.mark.parametrize("kind", ["events", "users"])
def test_an_append_that_fails_half_way_leaves_nothing(url, kind, monkeypatch):
    from penchant.store.sql import changes

    tables = SqlTables(Database(url))
    tables.append(kind, events(("ann", "a", 0)))
    before = tables.read(kind).collect()

    def refuse(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(changes, "note", refuse)
        tables.append(kind, events(("ann", "b", 1), ("new", "b", 1), shop="north"))
    assert tables.read(kind).collect().equals(before)
    assert tables.latest() == 1
    assert tables.append(kind, events(("new", "b", 1))).new == 1


# Writers side by side

SENDER = """
import sys
from penchant.store.sql.database import Database
from penchant.store.sql.tables import SqlTables
from penchant.testing.stores import events
tables = SqlTables(Database(sys.stdin.readline().strip()))
print("ready", flush=True)
sys.stdin.readline()
new = 0
for n in range(15):
    said = [(f"u{k}", f"i{n}", k) for k in range(20)]
    new += tables.append("events", events(*said, event_id=None)).new
print(new)
"""


def test_two_processes_that_send_the_same_count_it_once(url):
    """The URL goes by standard input: a command line can be read by everybody."""
    SqlTables(Database(url))
    senders = [
        subprocess.Popen(
            [sys.executable, "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=ENVIRONMENT, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for sender in senders:
        sender.stdin.write(f"{url}\n")
        sender.stdin.flush()
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    told = [sender.communicate("go\n")[0] for sender in senders]
    assert sum(int(new) for new in told) == 300
    tables = SqlTables(Database(url))
    assert tables.rows("events") == 300
    assert sum(change.rows for change in tables.changes(0)) == 300


def test_threads_on_one_store_lose_nothing(url):
    tables = SqlTables(Database(url))
    new, seen = [], []

    def write(who):
        for hour in range(6):
            new.append(tables.append("events", events((who, "a", hour), ("all", "a", hour))).new)
            seen.append(tables.latest())

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new) == tables.rows("events") == 30
    spans = [range(c.first, c.last + 1) for c in tables.changes(0)]
    assert [c.seq for c in tables.changes(0)] == list(range(1, max(seen) + 1))
    assert all(a[-1] < b[0] for a, b in pairwise(spans))


def test_a_reader_sees_one_moment_while_others_write(url):
    tables, other = SqlTables(Database(url)), SqlTables(Database(url))
    tables.append("events", events(("ann", "a", 0)))
    with tables.database.reading() as connection:
        first = connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        other.append("events", events(("bob", "b", 0)))
        assert connection.exec_driver_sql("SELECT count(*) FROM event").scalar() == first == 1
    assert tables.rows("events") == 2


def test_a_snapshot_has_nothing_that_came_after_its_change(url, monkeypatch):
    """A fit that learned from it would else be told of it once more."""
    tables, other = SqlTables(Database(url)), SqlTables(Database(url))
    tables.append("events", events(("ann", "a", 0)))
    latest = changes.latest

    def slow(connection):
        found = latest(connection)
        other.append("events", events(("bob", "b", 1)))
        return found

    monkeypatch.setattr(changes, "latest", slow)
    change, found = tables.snapshot(("events",))
    assert (change, found["events"].collect()["user_id"].to_list()) == (1, ["ann"])
    assert tables.rows("events") == 2


def test_a_second_writer_is_told(url):
    tables = SqlTables(Database(url))
    waits = SqlTables(Database(url, wait=0.05))
    with tables.database.writing():
        assert waits.rows("events") == 0  # reading needs no turn
        with pytest.raises(StoreError, match="another writer holds the store"):
            waits.append("events", events(("ann", "a", 0)))
    assert waits.append("events", events(("ann", "a", 0))).new == 1


def test_a_store_is_opened_while_somebody_writes(url):
    tables = SqlTables(Database(url))
    tables.append("events", events(("ann", "a", 0)))
    with tables.database.writing():
        assert SqlTables(Database(url, wait=0.05)).rows("events") == 1


def test_many_open_a_new_store_at_once(url):
    made = []
    threads = [threading.Thread(target=lambda: made.append(Database(url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert SqlTables(made[0]).append("events", events(("ann", "a", 0))).new == 1


@pytest.mark.parametrize("seconds", [0.3, 5.0])
def test_a_new_file_that_somebody_else_is_opening_is_waited_for(tmp_path, seconds):
    """SQLite refuses at once to keep another kind of journal while somebody writes."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(seconds, other.execute, ("COMMIT",))
        done.start()
        if seconds < 1:
            assert SqlTables(Database(f"sqlite:///{path}")).latest() == 0
        else:
            with pytest.raises(StoreError, match="another writer holds the store"):
                Database(f"sqlite:///{path}", wait=0.05)
        done.cancel()
        done.join()


def test_more_readers_than_connections_are_told(postgres_url):
    tables = SqlTables(Database(postgres_url, wait=0.05))
    with ExitStack() as readers:
        for _ in range(20):
            readers.enter_context(tables.database.reading())
        with pytest.raises(StoreError, match="all connections"):
            tables.latest()
    assert tables.latest() == 0


# Forgetting


def test_who_is_forgotten_leaves_no_byte(file):
    tables = opened(file)
    said = [("ann-secret", f"i{n}", n) for n in range(300)] + [("bob", "b", n) for n in range(300)]
    tables.append("events", events(*said, shop="ann-secret-shop"))
    tables.append("events", events(("ann-secret", "b", 0), event_id="ann-secret-1"))
    tables.append("relations", pl.DataFrame({"source": ["bob"], "target": ["ann-secret"]}))
    for age in range(5):
        tables.append("users", pl.DataFrame({"user_id": ["ann-secret"], "age": [f"secret {age}"]}))
    tables.append("users", pl.DataFrame({"user_id": ["ann-secret"], "more": ["secret " * 2000]}))
    tables.append("events", events(("bob", "b", 999), shop="another shop"))
    assert b"ann-secret" in b"".join(p.read_bytes() for p in file.parent.iterdir())
    assert tables.forget("ann-secret") == 301 + 1 + 1
    for path in file.parent.iterdir():
        told = path.read_bytes().replace(b"ann-secret-shop", b"")  # bob's rows say it too
        assert b"ann-secret" not in told, path
        assert b"secret 4" not in told, path
    assert tables.rows("events") == 301
    with tables.database.reading() as connection:
        names = connection.exec_driver_sql("SELECT user_id FROM user_key").scalars().all()
    assert names == ["bob"]
    assert tables.changes(0)[-1].kind == "forget"


def test_a_reader_that_holds_the_log_is_told_of(file):
    tables = opened(file, wait=0.05)
    tables.append("events", events(("ann-secret", "a", 0)))
    with tables.database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        with pytest.raises(CopiesLeftError, match=r"rows are gone.*Forget once more") as caught:
            opened(file, wait=0.05).forget("ann-secret", ERASURE)
        assert caught.value.rows == 1
    assert [act.detail for act in tables.audit.read()] == [{"rows": 1}], "it did happen"
    assert tables.rows("events") == 0
    assert b"ann-secret" in b"".join(p.read_bytes() for p in file.parent.iterdir())
    assert tables.forget("ann-secret") == 0
    assert b"ann-secret" not in b"".join(p.read_bytes() for p in file.parent.iterdir())


def test_who_waits_for_a_reader_to_let_go_of_the_log_lets_others_write(file):
    tables, gone = opened(file), []
    tables.append("events", events(("ann", "a", 0)))

    def forget():
        with pytest.raises(CopiesLeftError):
            opened(file).forget("ann")
        gone.append("ann")

    with tables.database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        other, thread, hour = opened(file, wait=2.0), threading.Thread(target=forget), 1
        thread.start()
        while not gone:
            assert other.append("events", events(("bob", "b", hour))).new == 1
            hour += 1
        thread.join()
    assert tables.rows("events") == hour - 1


def test_an_erasure_that_is_not_put_down_does_not_happen(url, monkeypatch):
    tables = SqlTables(Database(url))
    tables.append("events", events(("ann", "a", 0)))

    def refuse(*args):
        raise StoreError("no more room")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="no more room"):
        patch.setattr(audit, "note", refuse)
        tables.forget("ann", ERASURE)
    assert (tables.rows("events"), tables.latest(), tables.audit.read()) == (1, 1, [])


# What goes wrong


def test_a_full_disk_changes_nothing(file):
    """A real refusal by the system: no file of this process may grow past 400 kB."""
    tables = opened(file)
    tables.append("events", events(("ann", "a", 0)))
    tables.database.close()
    code = f"""
        import resource
        import numpy as np, polars as pl
        from penchant.errors import StoreError
        from penchant.store.sql.database import Database
        from penchant.store.sql.tables import SqlTables
        tables = SqlTables(Database("sqlite:///{file}"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        noise = np.random.default_rng(0).random(20_000)
        try:
            tables.append("exposures", pl.DataFrame({{"user_id": noise, "item_id": noise}}))
        except StoreError as error:
            print(error)
    """
    with python(code) as process:
        assert "Free some space" in process.stdout.read()
    again = opened(file)
    assert rows_of(again, "exposures") == [] and len(rows_of(again, "events")) == 1
    assert again.append("exposures", events(("ann", "a", 0))).new == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"unable to open.*Check who owns"):
        opened(tmp_path / "nowhere" / "shop.db")


def test_a_file_that_is_no_database_is_named(file):
    file.write_bytes(b"thesis" * 1000)
    with pytest.raises(StoreError, match="the file is damaged"):
        opened(file)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("shop.db", "not a URL"),
        ("", "not a URL"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://ann:secret-word@db/shop", "'mysql' is not a database known here"),
        ("://ann:secret-word@db", "not a URL"),
    ],
)
def test_what_is_no_url_is_told_without_its_password(url, said):
    with pytest.raises(StoreError, match=said) as caught:
        Database(url)
    assert "expected sqlite:///FILE or postgresql://" in str(caught.value)
    assert "secret-word" not in str(caught.value)


def test_a_password_is_shown_nowhere(postgres_url):
    from penchant.config import Config
    from penchant.store.config import StoreConfig

    word = postgres_url.split(":")[2].split("@")[0]
    database = Database(postgres_url)
    config: Config = StoreConfig(url=postgres_url)
    shown = [repr(database), database.name, repr(config), config.model_dump_json()]
    shown += [str(config), config.to_toml(), repr(database._engine)]
    assert not [text for text in shown if word in text]
    assert config.but(wait=1).url == postgres_url  # it is not lost either
    wrong = postgres_url.replace(word, "a-wrong-word")
    with pytest.raises(StoreError, match=r"cannot be reached.*PENCHANT_STORE") as caught:
        Database(wrong)
    assert "a-wrong-word" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_a_server_that_is_not_there_is_told_of():
    with pytest.raises(StoreError, match=r"ann:\*\*\*@127\.0\.0\.1:9/shop.*cannot be reached"):
        Database("postgresql://ann:secret-word@127.0.0.1:9/shop")
    with pytest.raises(StoreError, match=r"password=\*\*\*.*cannot be reached") as told:
        Database("postgresql://127.0.0.1:9/shop?user=ann&password=secret-word")
    assert "secret-word" not in str(told.value)


def test_a_connection_that_is_cut_is_told_of_and_the_next_one_works(postgres_url):
    tables, other = SqlTables(Database(postgres_url)), Database(postgres_url)
    tables.append("events", events(("ann", "a", 0)))
    with (
        pytest.raises(StoreError, match="cannot be reached"),
        tables.database.reading() as connection,
    ):
        ((process,),) = ids.rows_of(connection, "SELECT pg_backend_pid()")
        with other.writing() as killer:
            ids.rows_of(killer, f"SELECT pg_terminate_backend({process})")
        ids.rows_of(connection, "SELECT 1")
    assert tables.latest() == 1
    assert tables.append("events", events(("ann", "a", 1))).new == 1


def test_without_its_driver_the_install_line_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[postgres\]'"):
        Database("postgresql://db/shop")


def test_an_error_names_nobody(file):
    tables = opened(file)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE event_name")
    connection.close()
    with pytest.raises(StoreError, match="refused") as caught:
        tables.append("events", events(("ann-secret", "a", 0)))
    assert "ann-secret" not in str(caught.value)


def test_short_names_of_postgresql_are_understood():
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        assert parsed(f"{name}://db/shop").drivername == "postgresql+psycopg"
