"""A small shop, as the code of any version puts it into a store; and what it wrote then.

`shop-NNNN.sql` is what the code wrote whose newest step was NNNN, and stays as it is. With a new
step comes a new one:

    PYTHONPATH=src python tests/store/frozen/shop.py tests/store/frozen/shop-0004.sql

It speaks to the store alone, in words that every version knew.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from penchant.store.sql import versions
from penchant.store.sql.audit import Entry, SqlAudit
from penchant.store.sql.database import Database
from penchant.store.sql.keys import Key, SqlKeys
from penchant.store.sql.tables import SqlTables

START = datetime(2024, 1, 1, 8, tzinfo=UTC)
PEOPLE = ("ann", "bob", "cy", "zoë/1", "gone")
GONE = "gone"
KINDS_OF_EVENTS = ("view", "cart", "purchase", "rating")


def moment(hours):
    """So many hours after the shop opened, and a little more."""
    return START + timedelta(hours=hours, microseconds=hours)


def frame(*rows):
    """Rows as a table; what a row does not say is empty."""
    return pl.DataFrame(list(rows), infer_schema_length=None)


def event(n, **more):
    """The n-th event: some have an id of their sender's, a value, a session, more."""
    row = {
        "user_id": PEOPLE[n % 5],
        "item_id": f"i{n * 7 % 11:02}",
        "timestamp": moment(3 * n),
        "event": KINDS_OF_EVENTS[n % 4],
        "value": (n % 9) / 2 if n % 4 > 1 else None,
        "session_id": f"s{n // 4}" if n % 3 else None,
        "event_id": f"order-{n}" if n % 4 == 2 else None,
        "device": ("phone", "tablet", None)[n % 3],
        "quantity": n % 4 or None,
        "gift": n % 2 == 0 if n % 5 else None,
        "tags": ["new", 'a "b", c'][: n % 3] if n % 2 else None,
    }
    return row | more


def item(n, **more):
    """The n-th item of the catalogue."""
    row = {
        "item_id": f"i{n:02}",
        "title": f"A kettle of {n} litres" if n % 2 else f"Wasserkocher für {n} Tassen",
        "category": ["Kitchen", "Kettles" if n % 2 else "Töpfe"],
        "price": 9.9 + n if n % 3 else None,
        "available": n % 4 > 0,
        "since": START.date() + timedelta(days=n),
        "size": {"cm": n / 4, "box": f"b{n}"},
    }
    return row | more


def shown(n):
    """The n-th item that was shown: a list of four in each."""
    return {
        "user_id": PEOPLE[n // 4 % 5],
        "item_id": f"i{n % 11:02}",
        "timestamp": moment(n // 4),
        "position": n % 4 + 1,
        "list_id": f"list-{n // 4}",
        "event_id": f"shown-{n}" if n // 4 % 2 else None,
    }


SAID = (
    {"user_id": "ann", "event": "more", "interest": "Kitchen", "timestamp": moment(50)},
    {"user_id": "ann", "event": "never", "item_id": "i03", "timestamp": moment(51)},
    {"user_id": "cy", "event": "less", "interest": "Töpfe", "timestamp": moment(52),
     "event_id": "word-1"},
    {"user_id": GONE, "event": "more", "item_id": "i01", "timestamp": moment(53)},
    {"user_id": "ann", "event": "clear", "interest": "Kitchen", "timestamp": moment(54)},
)  # fmt: skip

APPENDED = (
    ("items", frame(*map(item, range(11)))),
    ("users", frame(*({"user_id": u, "age": 20, "city": "Århus"} for u in PEOPLE))),
    ("events", frame(*map(event, range(30)))),
    *(("events", frame(event(n))) for n in range(30, 36)),  # one by one
    ("relations", frame(
        {"source": "ann", "target": "bob", "relation": "follows", "timestamp": moment(1)},
        {"source": "bob", "target": GONE, "relation": "friend", "timestamp": None},
        {"source": "cy", "target": "zoë/1", "relation": None, "timestamp": moment(2)},
    )),
    ("exposures", frame(*map(shown, range(24)))),
    ("feedback", frame(*SAID[:4])),
    ("feedback", frame(SAID[4])),
    ("items", frame(item(3, price=1.5, title=None, brand="Ada"), item(11))),  # one is replaced
    ("users", frame({"user_id": "bob", "age": 41, "city": None})),
    ("events", frame(*(event(n, quantity=n / 4) for n in range(36, 40)))),  # of a wider type
)  # fmt: skip
LATE = (
    ("events", frame(event(40, user_id="ann"))),
    ("events", frame(event(41, user_id="bob"))),
    ("relations", frame({"source": "zoë/1", "target": "ann", "relation": "follows"})),
)
"""What came after somebody was forgotten."""

KEYS = (
    Key("1", "shop", "a" * 64, ("ingest", "read"), moment(1), used=moment(70)),
    Key("2", "office", "b" * 64, ("admin",), moment(2), moment(2000), revoked=moment(60)),
    Key("3", "report", "c" * 64, ("read",), moment(3), rate=2.5),
)
ACTS = (
    Entry(moment(10), "2", "fit"),
    Entry(moment(20), "2", "export", "sha256:" + "1" * 64),
    Entry(moment(30), "local", "forget", "sha256:" + "2" * 64, {"rows": 12}),
)
VERSIONS = (
    {"version": "0001", "created": "2024-01-02T08:00:00+00:00", "format": 3, "files": {}},
    {"version": "0002", "created": "2024-01-03T08:00:00+00:00", "format": 4, "files": {},
     "metrics": {"held_out": {"ndcg@10": 0.25}}, "summary": {"events": 30}},
)  # fmt: skip


def put_rows(tables):
    """All that was put in, and somebody forgotten; on any store of tables."""
    for kind, rows in APPENDED:
        tables.append(kind, rows)
    tables.forget(GONE)
    for kind, rows in LATE:
        tables.append(kind, rows)


def put_rest(database):
    """Keys, acts and versions of the model, of which the second one was rolled back."""
    keys, log = SqlKeys(database), SqlAudit(database)
    for key in KEYS:
        keys.add(key)
    keys.touch("1", KEYS[0].used)
    keys.revoke("2", KEYS[1].revoked)
    for act in ACTS:
        log.append(act)
    with database.writing() as connection:
        for about in VERSIONS:
            versions.add(connection, about["version"], about)
            versions.promote(connection, about["version"], about["created"], "promote")
        versions.promote(connection, "0001", "2024-01-04T08:00:00+00:00", "rollback")


def write(path):
    """The shop in a new SQLite database, as lines of SQL."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.db"
        database = Database(f"sqlite:///{file}")
        put_rows(SqlTables(database))
        put_rest(database)
        database.close()
        with closing(sqlite3.connect(file)) as connection:
            lines = "".join(f"{line}\n" for line in connection.iterdump())
    path.write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
