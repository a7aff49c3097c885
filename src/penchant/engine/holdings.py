"""What an engine holds as it was put in: items, people's rows, and lists that were shown."""

from abc import ABC
from typing import Any

import polars as pl

from penchant.data import columns as c
from penchant.data.ids import Id, id_of
from penchant.data.vocabulary import near
from penchant.engine.config import EngineConfig
from penchant.errors import UnknownIdError, did_you_mean
from penchant.store.memory import whose
from penchant.store.tables import KINDS, OWNERS, Kind, Receipt, Tables
from penchant.store.workspace import Workspace


class Holdings(ABC):
    """The part of an engine that is asked what it was told."""

    workspace: Workspace | None
    tables: Tables
    config: EngineConfig
    _shelf: tuple[int, pl.DataFrame | None] = (0, None)

    def item(self, item_id: Id) -> dict[str, Any]:
        """What is stored of one item.

        Raises:
            UnknownIdError: there is no such item.
        """
        item, items = id_of(item_id, "item_id"), self._shelved()
        if items.width and (found := items.filter(pl.col(c.ITEM) == item)).height:
            return filled(found)[0]
        hint = did_you_mean(item, near(item, items[c.ITEM])) if items.width else ""
        raise UnknownIdError(f"item {item!r}: there is none.{hint}")

    def items(self, after: Id | None = None, n: int = 100) -> list[dict[str, Any]]:
        """What is stored of n items, in the order of their ids, from the one after some id on."""
        items = self._shelved()
        if not items.width:
            return []
        if after is not None:
            items = items.filter(pl.col(c.ITEM) > id_of(after, "after"))
        return filled(items.sort(c.ITEM).head(n))

    def _shelved(self) -> pl.DataFrame:
        """The table of items; read again when some came."""
        seen, table = self._shelf
        latest = self.tables.latest()
        if latest != seen or table is None:
            if table is None or any(ch.kind == "items" for ch in self.tables.changes(seen)):
                table = self.tables.read("items").collect()
            self._shelf = latest, table
        return table

    def person(self, user_id: Id) -> dict[str, list[dict[str, Any]]]:
        """Everything that is held on one person, as it was put in: rows by kind of table.

        Nothing else is: a profile is computed from them when it is asked for.
        """
        user, kinds = id_of(user_id), [kind for kind in KINDS if OWNERS[kind]]
        return {kind: filled(self._rows_of(kind, user)) for kind in kinds}

    def _rows_of(self, kind: Kind, user_id: str) -> pl.DataFrame:
        if kind == "relations":  # also those that lead to the person
            return self.tables.read(kind).filter(whose(kind, user_id)).collect()
        return self.tables.people(kind, [user_id])

    def take(self, kind: Kind, table: pl.DataFrame) -> Receipt:
        """Put rows in that are in shape already, as `data.incoming.read_rows` has them: `add` for
        few rows at a time. What is returned is on disk."""
        return self.tables.append(kind, table)

    def rows(self) -> dict[str, int]:
        """How many rows there are of each kind of table."""
        if self.workspace is not None:
            return dict(self.workspace.status().rows)
        return {kind: self.tables.read(kind).select(pl.len()).collect().item() for kind in KINDS}


def filled(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, without what they lack."""
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in table.iter_rows(named=True)
    ]
