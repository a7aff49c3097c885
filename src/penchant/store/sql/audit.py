"""What was done by whom, kept for those who must answer for it."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from penchant.clock import micros, when
from penchant.store.audit import Entry
from penchant.store.sql.database import Database
from penchant.store.sql.schema import AUDIT


class SqlAudit:
    """Acts in a database, numbered as they came; none is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: Entry) -> None:
        """Keep one act."""
        with self._database.writing() as connection:
            note(connection, entry)

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Acts in the order they came, from behind a number on."""
        asked = select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(limit)
        with self._database.reading() as connection:
            found = connection.execute(asked).all()
        return [
            Entry(when(row.time), row.actor, row.action, row.subject, json.loads(row.detail))
            for row in found
        ]


def note(connection: Connection, entry: Entry) -> None:
    """Put an act down, inside the transaction that does it."""
    row = vars(entry) | {"time": micros(entry.time), "detail": json.dumps(dict(entry.detail))}
    seq = connection.execute(select(func.max(AUDIT.c.seq))).scalar() or 0
    connection.execute(insert(AUDIT).values(seq=seq + 1, **row))
