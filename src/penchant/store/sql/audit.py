"""What was done by whom, kept for those who must answer for it."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from penchant.clock import micros, when
from penchant.store.audit import ALL, Entry, Kept, Wanted
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
        return [_entry(row) for row in found]

    def newest(self, wanted: Wanted = ALL, limit: int = 100) -> Sequence[Kept]:
        """The newest of some acts, newest first."""
        asked = select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
        if wanted.since is not None:
            asked = asked.where(AUDIT.c.time >= micros(wanted.since))
        if wanted.action is not None:
            asked = asked.where(AUDIT.c.action == wanted.action)
        if wanted.subject is not None:
            asked = asked.where(AUDIT.c.subject == wanted.subject)
        if wanted.before is not None:
            asked = asked.where(AUDIT.c.seq < wanted.before)
        with self._database.reading() as connection:
            found = connection.execute(asked).all()
        return [Kept(row.seq, _entry(row)) for row in found]


def note(connection: Connection, entry: Entry) -> None:
    """Put an act down, inside the transaction that does it."""
    row = vars(entry) | {"time": micros(entry.time), "detail": json.dumps(dict(entry.detail))}
    seq = connection.execute(select(func.max(AUDIT.c.seq))).scalar() or 0
    connection.execute(insert(AUDIT).values(seq=seq + 1, **row))


def _entry(row: Row[Any]) -> Entry:
    return Entry(when(row.time), row.actor, row.action, row.subject, json.loads(row.detail))
