"""The type of every column that was ever met, by kind: what rows look like when they are read."""

import json
from functools import lru_cache

from sqlalchemy import Connection, delete, insert

from penchant.store.dtypes import Types, from_json, to_json
from penchant.store.sql.ids import rows_of
from penchant.store.sql.schema import COLUMN_TYPE
from penchant.store.tables import Kind


def types_of(connection: Connection, kind: Kind) -> Types:
    """The columns of a kind in the order they were met."""
    asked = f"SELECT name, dtype FROM column_type WHERE kind = '{kind}' ORDER BY place"
    found = rows_of(connection, asked)
    return dict(_types(tuple(found)))


@lru_cache(64)
def _types(found: tuple[tuple[str, str], ...]) -> Types:
    return from_json({name: json.loads(dtype) for name, dtype in found})


def note_types(connection: Connection, kind: Kind, types: Types) -> None:
    """Put the columns of a kind in the place of those that were there."""
    rows = [
        {"kind": kind, "name": name, "place": place, "dtype": json.dumps(dtype)}
        for place, (name, dtype) in enumerate(to_json(types).items())
    ]
    connection.execute(delete(COLUMN_TYPE).where(COLUMN_TYPE.c.kind == kind))
    connection.execute(insert(COLUMN_TYPE), rows)
