"""What changed, in the order in which it became visible: writers take turns, so numbers do too."""

from typing import Final

from sqlalchemy import Connection

from penchant.store.sql.ids import rows_of, run
from penchant.store.sql.schema import CHANGE
from penchant.store.tables import Change, Kind

NEWEST: Final = "SELECT max(seq) FROM change"
_COLUMNS: Final = ", ".join(f'"{column.name}"' for column in CHANGE.columns)


def note(connection: Connection, kind: str, first: int = 0, last: int = 0, rows: int = 0) -> None:
    """Put a change down, inside the transaction that makes it."""
    said = f"{latest(connection) + 1:d}, '{kind}', {first:d}, {last:d}, {rows:d}"
    run(connection, f"INSERT INTO change ({_COLUMNS}) VALUES ({said})")


def latest(connection: Connection) -> int:
    """The number of the newest change; 0: none."""
    newest: int | None = rows_of(connection, NEWEST)[0][0]
    return newest or 0


def since(connection: Connection, after: int) -> list[Change]:
    """The changes behind a number, oldest first."""
    asked = f"SELECT {_COLUMNS} FROM change WHERE seq > {after:d} ORDER BY seq"
    return [Change(*row) for row in rows_of(connection, asked)]


def last_number(connection: Connection, kind: Kind) -> int:
    """The highest running number that a kind ever had."""
    asked = f"SELECT max(last) FROM change WHERE kind = '{kind}'"
    last: int | None = rows_of(connection, asked)[0][0]
    return last or 0
