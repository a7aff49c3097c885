"""What changed, in the order in which it became visible: writers take turns, so numbers do too.

Events that are posted one by one would leave a row of `change` each, for ever. So appends of one
row each that follow each other, in their numbers too, stand in one row: its `changes` says how many
they are, and every one of them can be read from it.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection

from penchant.store.sql.ids import rows_of, run
from penchant.store.tables import Change, Kind

NEWEST: Final = "SELECT max(seq) FROM change"
_COLUMNS: Final = 'seq, kind, "first", "last", "rows", changes'
_GONE: Final = "SELECT max(seq) FROM change WHERE kind = 'forget'"
_LAST: Final = f"SELECT {_COLUMNS} FROM change ORDER BY seq DESC LIMIT 1"


def note(connection: Connection, kind: str, first: int = 0, last: int = 0, rows: int = 0) -> None:
    """Put a change down, inside the transaction that makes it."""
    before = rows_of(connection, _LAST)
    seq = before[0][0] if before else 0
    if before and rows == 1 and _goes_on(before[0], kind, first):
        more = f'seq = seq + 1, "last" = {last:d}, "rows" = "rows" + 1, changes = changes + 1'
        run(connection, f"UPDATE change SET {more} WHERE seq = {seq:d}")
    else:
        said = f"{seq + 1:d}, '{kind}', {first:d}, {last:d}, {rows:d}, 1"
        run(connection, f"INSERT INTO change ({_COLUMNS}) VALUES ({said})")


def latest(connection: Connection) -> int:
    """The number of the newest change; 0: none."""
    newest: int | None = rows_of(connection, NEWEST)[0][0]
    return newest or 0


def forgotten(connection: Connection) -> int:
    """The number of the newest change that took somebody out; 0: none."""
    newest: int | None = rows_of(connection, _GONE)[0][0]
    return newest or 0


def behind(after: int) -> str:
    """What asks for the rows that tell of the changes behind a number."""
    return f"SELECT {_COLUMNS} FROM change WHERE seq > {after:d} ORDER BY seq"


def told(rows: Iterable[tuple[Any, ...]], after: int) -> list[Change]:
    """The changes behind a number that those rows tell of, oldest first."""
    return list(chain.from_iterable(_each(after, *row) for row in rows))


def last_number(connection: Connection, kind: Kind) -> int:
    """The highest running number that a kind ever had."""
    asked = f"SELECT max(last) FROM change WHERE kind = '{kind}'"
    last: int | None = rows_of(connection, asked)[0][0]
    return last or 0


def _goes_on(before: tuple[Any, ...], kind: str, first: int) -> bool:
    """Whether a row that came alone follows others that came alone."""
    _, its_kind, _, its_last, rows, changes = before
    return bool(its_kind == kind and rows == changes and its_last + 1 == first)


def _each(
    after: int, seq: int, kind: str, first: int, last: int, rows: int, changes: int
) -> Iterator[Change]:
    """The changes behind a number that one row of the table tells of."""
    if changes == 1:
        yield Change(seq, kind, first, last, rows)
        return
    begin = seq - changes + 1
    for each in range(max(begin, after + 1), seq + 1):
        number = first + each - begin
        yield Change(each, kind, number, number, 1)
