"""Taking a person out of every table."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, delete, or_, select, update

from penchant.store.sql.schema import RELATION, TABLES, USER_KEY


def forget(connection: Connection, user_id: str) -> int:
    """Remove every row of a user, and the id itself; how many rows there were."""
    code = connection.execute(select(USER_KEY.c.row).where(USER_KEY.c.user_id == user_id)).scalar()
    if code is None:
        return 0
    gone = 0
    for kind, table in TABLES.items():
        if kind != "items":
            mine = _mine(kind, code)
            connection.execute(update(table).where(mine).values(_nothing(table)))
            gone += connection.execute(delete(table).where(mine)).rowcount
    connection.execute(delete(USER_KEY).where(USER_KEY.c.row == code))
    return gone


def _nothing(table: Table) -> dict[str, None]:
    """No texts: SQLite, when rows are taken out of a page, moves those that are left, of which some
    go next, and what it moved away from is not overwritten."""
    return {name: None for name, column in table.columns.items() if isinstance(column.type, Text)}


def _mine(kind: Any, code: int) -> ColumnElement[bool]:
    if kind == "relations":
        return or_(RELATION.c.source == code, RELATION.c.target == code)
    mine: ColumnElement[bool] = TABLES[kind].c.user == code
    return mine
