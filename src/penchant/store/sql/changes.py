"""What changed, in the order in which it became visible: writers take turns, so numbers do too."""

from sqlalchemy import Connection, func, insert, select

from penchant.store.sql.schema import CHANGE
from penchant.store.tables import Change


def note(connection: Connection, kind: str, first: int = 0, last: int = 0, rows: int = 0) -> None:
    """Put a change down, inside the transaction that makes it."""
    values = {"kind": kind, "first": first, "last": last, "rows": rows}
    connection.execute(insert(CHANGE).values(seq=latest(connection) + 1, **values))


def latest(connection: Connection) -> int:
    """The number of the newest change; 0: none."""
    return connection.execute(select(func.max(CHANGE.c.seq))).scalar() or 0


def since(connection: Connection, after: int) -> list[Change]:
    """The changes behind a number, oldest first."""
    asked = select(CHANGE).where(CHANGE.c.seq > after).order_by(CHANGE.c.seq)
    return [Change(*row) for row in connection.execute(asked)]


def last_number(connection: Connection, kind: str) -> int:
    """The highest running number that a kind ever had."""
    asked = select(func.max(CHANGE.c.last)).where(CHANGE.c.kind == kind)
    return connection.execute(asked).scalar() or 0
