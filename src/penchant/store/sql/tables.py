"""Tables in a SQL database: what `Tables` promises, on SQLite and PostgreSQL alike."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

import polars as pl
from sqlalchemy import Connection, func, select

from penchant.errors import CopiesLeftError, StoreError
from penchant.store.audit import AuditLog, Entry
from penchant.store.dtypes import Types
from penchant.store.rows import Arrival, arrive, empty, upsert
from penchant.store.sql import audit, changes
from penchant.store.sql.columns import note_types, types_of
from penchant.store.sql.database import Database
from penchant.store.sql.forgetting import forget
from penchant.store.sql.ids import Codes, Met, rows_of
from penchant.store.sql.keyed import Keyed
from penchant.store.sql.layout import KEYED
from penchant.store.sql.log import Log
from penchant.store.sql.reading import Reader
from penchant.store.sql.schema import TABLES
from penchant.store.tables import KEYS, Change, Kind, Receipt, known_kind, person_of

MOST: Final = 1_000_000
"""Names that are remembered: some hundred bytes each."""
LARGE: Final = 50_000
"""Rows that are worth more memory while they are written."""


class SqlTables:
    """Events, items, users, relations, exposures and feedback in a database (see `Tables`)."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.audit: AuditLog = audit.SqlAudit(database)
        self._met: dict[str, Met] = {}

    def append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Put rows in, all or none; once the receipt is returned they survive a loss of power.

        Raises:
            SchemaError: a column that the kind needs is missing or has empty cells.
            StoreError: another writer holds the store, or it cannot be written.
        """
        with self.database.writing(large=frame.height >= LARGE) as connection:
            return _put(connection, known_kind(kind), frame)

    def append_unless_forgotten(
        self, kind: Kind, frame: pl.DataFrame, since: int
    ) -> Receipt | None:
        """Put rows in, unless somebody was forgotten since the change of that number, in one
        transaction (see `Tables.append_unless_forgotten`)."""
        with self.database.writing(large=frame.height >= LARGE) as connection:
            if changes.forgotten(connection) > since:
                return None
            return _put(connection, known_kind(kind), frame)

    def read(self, kind: Kind) -> pl.LazyFrame:
        """All rows of a kind, each once, in the order they came; read at once, of one moment."""
        with self.database.reading() as connection:
            return self._whole(connection, known_kind(kind))

    def snapshot(self, kinds: Sequence[Kind]) -> tuple[int, dict[Kind, pl.LazyFrame]]:
        """The newest change, and all rows of some kinds as they were right after it."""
        with self.database.reading() as connection:
            change = changes.latest(connection)
            return change, {kind: self._whole(connection, known_kind(kind)) for kind in kinds}

    def _whole(self, connection: Connection, kind: Kind) -> pl.LazyFrame:
        types = types_of(connection, kind)
        if not types:
            return empty(kind, types).lazy()
        return Reader(connection, kind, types, self._known()).span().lazy()

    def forget(self, user_id: str, act: Entry | None = None) -> int:
        """Remove every row of a user and the id itself; says how many rows there were. An `act`
        goes into the audit log in the same transaction.

        In SQLite the bytes are overwritten, in the file and in its log; in PostgreSQL they go with
        the next VACUUM.

        Raises:
            StoreError: another writer holds the store.
            CopiesLeftError: the rows are gone, but a reader holds the log of SQLite.
        """
        with self.database.writing() as connection:
            gone = forget(connection, user_id)
            if gone:
                changes.note(connection, "forget", rows=gone)
            if act is not None:
                audit.note(connection, act.counted(gone))
        try:
            self.database.scrub()
        except StoreError as error:
            raise CopiesLeftError(
                f"{gone} rows are gone, but copies of them may still stand in the log of SQLite "
                f"({error}). Forget once more when it has finished",
                gone,
            ) from None
        return gone

    def people(self, kind: Kind, user_ids: Sequence[str], last: int | None = None) -> pl.DataFrame:
        """Rows of some users, as `read` has them (see `Tables.people`)."""
        person_of(known_kind(kind))
        with self.database.reading() as connection:
            if not (types := types_of(connection, kind)):
                return empty(kind, types)
            ids = list(dict.fromkeys(user_ids))
            codes = Codes(connection).of(KEYED["user"], ids)
            met: Met = dict(zip(codes, ids, strict=True))
            known = {KEYED["user"].name: met} | self._known()
            column = "source" if kind == "relations" else "user"
            some = [code for code in codes if code is not None]
            return Reader(connection, kind, types, known).some(column, some, last)

    def between(
        self, kind: Kind, first: int, last: int, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """Rows of a kind by their running numbers, inclusive (see `Tables.between`)."""
        kind = known_kind(kind)
        with self.database.reading() as connection:
            if not (types := types_of(connection, kind)):
                return empty(kind, types)
            some = {n: t for n, t in types.items() if columns is None or n in columns}
            return Reader(connection, kind, some, self._known()).span(first - 1, last)

    def _known(self) -> dict[str, Met]:
        """Names of items and events that were met before, which never change, as far as there is
        room for them."""
        if sum(map(len, self._met.values())) > MOST:
            self._met = {}
        return {KEYED[holds].name: self._met.setdefault(holds, {}) for holds in ("item", "event")}

    def last(self, kind: Kind) -> int:
        """The highest running number that a row of a kind ever had (0: none)."""
        with self.database.reading() as connection:
            return changes.last_number(connection, known_kind(kind))

    def changes(self, after: int) -> Sequence[Change]:
        """What changed since the change of that number, oldest first."""
        if self.database.sqlite:
            with self.database.bare() as bare:
                return changes.told(bare.execute(changes.behind(after)).fetchall(), after)
        with self.database.reading() as connection:
            return changes.told(rows_of(connection, changes.behind(after)), after)

    def latest(self) -> int:
        """The number of the newest change (0: none)."""
        if self.database.sqlite:  # asked before every answer; a transaction costs more than it
            with self.database.bare() as bare:
                return int(bare.execute(changes.NEWEST).fetchone()[0] or 0)
        with self.database.reading() as connection:
            return changes.latest(connection)

    def rows(self, kind: Kind) -> int:
        """How many rows of a kind there are, without reading them."""
        table = TABLES[known_kind(kind)]
        with self.database.reading() as connection:
            counted: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
            return counted


def _put(connection: Connection, kind: Kind, frame: pl.DataFrame) -> Receipt:
    """Rows in, and what that changes put down."""
    known = types_of(connection, kind)
    came = arrive(kind, frame, known)
    put = _upserted if kind in KEYS else _logged
    receipt, first, last, rows = put(connection, came, known)
    if rows:
        if list(came.types.items()) != list(known.items()):
            note_types(connection, kind, came.types)
        changes.note(connection, kind, first, last, rows)
    return receipt


Put = tuple[Receipt, int, int, int]
"""What was put in: the receipt, the first and last number of the rows written, how many."""


def _logged(connection: Connection, came: Arrival, known: Types) -> Put:
    last = changes.last_number(connection, came.kind)
    log = Log(connection, came.kind, came.types, came.notes)
    first, newest, new = log.append(came.rows, last)
    receipt = Receipt(came.kind, new, came.rows.height - new, notes=came.notes)
    return receipt, first, newest, new


def _upserted(connection: Connection, came: Arrival, known: Types) -> Put:
    last = changes.last_number(connection, came.kind)
    keyed = Keyed(connection, came.kind)
    intake = upsert(came, partial(keyed.stored, known=known))
    first, newest = keyed.write(intake, known, last)
    return intake.receipt(came.kind), first, newest, intake.rows.height
