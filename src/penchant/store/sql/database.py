"""A database opened by URL: its connections, its transactions, and its errors in plain words.

SQLite: a write-ahead log; an acknowledged write is on the disk (synchronous=FULL); what is deleted
is overwritten (secure_delete); a new file can be read by its owner alone. PostgreSQL: by psycopg,
connections checked before use. Writers take turns on both, so what one of them wrote is seen before
the next one begins.
"""

import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from penchant.errors import MissingExtraError, StoreError
from penchant.store.config import without_password
from penchant.store.files import private, size
from penchant.store.sql.migrate import NEWEST, migrate, version

TURN: Final = 7_164_211_906_115_523
"""The number of the advisory lock that writers of one PostgreSQL database take."""

CACHE: Final = 32_768
"""Kilobytes of pages that a connection to SQLite keeps at most."""
LARGE_CACHE: Final = 524_288
"""The same while much is written."""
SORTING_CACHE: Final = 4_096
"""The same while it sorts much: pieces of this size go to a file without a name, and are sorted by
threads of its own; in one piece they would be sorted by one, and stay in memory."""
SORTERS: Final = 2
"""Such threads, at most."""

PATIENCE: Final = 2.0
"""Seconds that readers are waited for, at most, until the log can be emptied."""
_MOMENT: Final = 0.02
"""Seconds of these at a time that writers wait too; between two they have twice as long."""

_HEARD: Final = {
    "connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}  # fmt: skip
"""A server that fell silent (its machine is off, a cable is out) is given up after some 25 seconds,
not after the hours that TCP would wait; what the URL says of these counts instead."""

_SORTED: Final = "temp_store = MEMORY"  # what is sorted on the way stays out of files
_EXPECTED: Final = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_NAMES: Final = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_DRIVERS: Final = {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}


class Database:
    """An open database, brought to today's tables; made where there is none (SQLite).

    `wait`: seconds to wait for another writer.

    Raises:
        StoreError: it is no URL of a known database, cannot be reached, or is from a newer version.
        MissingExtraError: the driver of PostgreSQL is not installed.
    """

    def __init__(self, url: str | URL, wait: float = 30.0) -> None:
        self._url = parsed(url)
        self.name = without_password(self._url.render_as_string())
        self.sqlite = self._url.get_backend_name() == "sqlite"
        self._wait = wait
        self._engine = _engine(self._url, wait)
        _listen(self._engine, self.sqlite, wait)
        self._writer = self._engine.execution_options(writes=True)
        weakref.finalize(self, self._engine.dispose)
        if self.file is not None:
            with suppress(OSError):  # it is there, or SQLite says what is wrong
                private(self.file).close()
        with self.reading() as connection:
            found = version(connection)
        if found != NEWEST:  # else nobody has to wait for a writer to open it
            with self.writing() as connection:
                migrate(connection, self.name)

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self._url.database) if self.sqlite and self._url.database else None

    @property
    def login(self) -> str:
        """The URL as PostgreSQL's own tools take it, without the password, which they ask for."""
        url = self._url
        name, where = url.get_backend_name(), (url.host, url.port, url.database)
        return URL.create(name, url.username, None, *where).render_as_string()

    def bytes(self) -> int:
        """How much room the database takes on its disk."""
        if self.file is not None:
            return sum(size(self.file.with_name(self.file.name + end)) for end in ("", "-wal"))
        with self.reading() as connection:
            asked = "SELECT pg_database_size(current_database())"
            return int(connection.exec_driver_sql(asked).scalar() or 0)

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the database as it is when it first looks, whatever comes."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, large: bool = False) -> Iterator[Connection]:
        """A transaction of the one writer; durable when it ends, undone when it raises.

        `large`: much will be written, so that more memory is worth its while (SQLite).
        """
        roomy = large and self.sqlite
        with (
            self._told(),
            self._writer.connect() as connection,
            _roomy(connection) if roomy else nullcontext(),
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def bare(self) -> Iterator[Any]:
        """A connection of the driver, outside of any transaction."""
        with self._told():
            connection = self._engine.raw_connection()
            try:
                yield connection.driver_connection
            finally:
                connection.close()

    def scrub(self) -> None:
        """SQLite: empty the write-ahead log, in which deleted rows may still stand.

        Raises:
            StoreError: somebody reads, or writes, for longer than `PATIENCE` (or `wait`).
        """
        until = time.monotonic() + min(self._wait, PATIENCE)
        while self.sqlite and not self._emptied():
            if time.monotonic() >= until:
                raise StoreError(f"{self.name}: another process holds the log of the database")
            time.sleep(2 * _MOMENT)

    def _emptied(self) -> bool:
        """Whether the log could be emptied in a moment."""
        with self.bare() as connection:
            connection.execute(f"PRAGMA busy_timeout = {round(_MOMENT * 1000)}")
            try:
                (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {round(self._wait * 1000)}")
        return not busy

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the driver says, without the statement and its values: they may name people."""
        try:
            yield
        except DBAPIError as error:
            lost = error.connection_invalidated
            raise StoreError(_advice(self.name, error.orig or error, lost)) from None
        except self._engine.dialect.loaded_dbapi.Error as error:  # where a driver is spoken to
            lost = self._engine.dialect.is_disconnect(error, None, None)
            raise StoreError(_advice(self.name, error, lost)) from None
        except PoolTimeout:
            raise StoreError(
                f"{self.name}: all connections to the database are in use; try again, or set "
                "store.wait higher"
            ) from None


@contextmanager
def _roomy(connection: Connection) -> Iterator[None]:
    """More pages in memory: rows land all over an index, which else is read again and again. What
    is sorted, which is numbers and hashes, may go through files."""
    driver: Any = connection.connection.driver_connection
    for line in (f"cache_size = {-LARGE_CACHE}", "temp_store = FILE", f"threads = {SORTERS}"):
        driver.execute(f"PRAGMA {line}")
    try:
        yield
    finally:
        for line in (f"cache_size = {-CACHE}", _SORTED, "threads = 0"):
            driver.execute(f"PRAGMA {line}")


def parsed(url: str | URL) -> URL:
    """The URL with the driver that Penchant uses.

    >>> parsed("postgresql://ann:secret@db/shop")
    postgresql+psycopg://ann:***@db/shop

    Raises:
        StoreError: it is no URL, or of another database.
    """
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"store.url: what came is not a URL of a database; {_EXPECTED}") from None
    made = made.set(drivername=_NAMES.get(made.drivername, made.drivername))
    if made.drivername not in _DRIVERS:
        raise StoreError(
            f"store.url: {made.drivername!r} is not a database known here; {_EXPECTED}"
        )
    if made.get_backend_name() == "sqlite" and made.database in (None, "", ":memory:"):
        raise StoreError(f"store.url: a SQLite database needs a file; {_EXPECTED}")
    return made


def _engine(url: URL, wait: float) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            return create_engine(
                url, hide_parameters=True, max_overflow=-1, connect_args={"timeout": wait}
            )
        return create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=10,
            pool_timeout=wait,
            connect_args={k: v for k, v in _HEARD.items() if k not in url.query},
        )
    except (ImportError, NoSuchModuleError):
        raise MissingExtraError(
            "PostgreSQL needs psycopg, and it is not installed. "
            "Run: pip install 'penchant[postgres]'"
        ) from None


def _listen(engine: Engine, sqlite: bool, wait: float) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        if sqlite:
            _settle(connection, wait)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = bool(connection.get_execution_options().get("writes"))
        driver: Any = connection.connection.driver_connection
        if sqlite:
            driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        elif writes:
            driver.execute(f"SET LOCAL lock_timeout = {round(wait * 1000)}")
            driver.execute(f"SELECT pg_advisory_xact_lock({TURN})")
        else:
            driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _settle(connection: Any, wait: float) -> None:
    connection.isolation_level = None  # transactions begin where it is said, nowhere else
    _write_ahead(connection, wait)
    for line in (
        "synchronous = FULL",
        "secure_delete = ON",
        "foreign_keys = ON",
        _SORTED,
        f"cache_size = {-CACHE}",
    ):
        connection.execute(f"PRAGMA {line}")


def _write_ahead(connection: Any, wait: float) -> None:
    """Keep a write-ahead log. While another process does the same with a new file, SQLite refuses
    at once where it would else wait."""
    until = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(_MOMENT)


def _advice(name: str, error: BaseException, lost: bool) -> str:
    """What happened and what to do; never the statement or its values. `lost`: the connection."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    low = said.lower()
    if "locked" in low or "lock timeout" in low:
        return (
            f"{name}: another writer holds the store ({said}). Wait until it has finished, then "
            "try again, or set store.wait higher"
        )
    if "disk is full" in low or "no space" in low or "disk i/o" in low:
        return (
            f"{name}: could not be written ({said}); what was there before is unchanged. Free some "
            "space on this disk, or move the workspace, then try again"
        )
    if "readonly" in low or "read-only" in low or "unable to open" in low:
        return (
            f"{name}: could not be opened for writing ({said}). Check who owns the folder and that "
            "its disk is mounted for writing, or use another one"
        )
    if "not a database" in low or "malformed" in low:
        return f"{name}: the file is damaged ({said}). Restore it: `penchant restore FILE`"
    if lost or "connect" in low or "resolve" in low or "password" in low:
        return (
            f"{name}: the database cannot be reached ({said}). Check that it runs, and store.url "
            "or PENCHANT_STORE"
        )
    return f"{name}: the database refused ({said})"
