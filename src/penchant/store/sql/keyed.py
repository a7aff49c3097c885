"""Items, users and relations: the last word on each stands."""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, delete, insert

from penchant.data import columns as c
from penchant.store.dtypes import Types
from penchant.store.rows import Intake, conform, keys_of
from penchant.store.sql.ids import Codes, parts
from penchant.store.sql.layout import KEYED, PLACES, laid_out
from penchant.store.sql.reading import SEQ, some
from penchant.store.sql.schema import APP_USER, ITEM, RELATION, TABLES
from penchant.store.tables import Kind

CHUNK: Final = 100_000

_FIRST: Final[dict[Kind, tuple[str, Any]]] = {
    "items": (c.ITEM, ITEM.c.item),
    "users": (c.USER, APP_USER.c.user),
    "relations": (c.SOURCE, RELATION.c.source),
}
"""The column by which stored rows are looked up, in Penchant and in SQL."""


@dataclass(frozen=True)
class Keyed:
    """A keyed table inside one writing transaction."""

    connection: Connection
    kind: Kind

    def stored(self, batch: pl.DataFrame, types: Types, known: Types) -> pl.LazyFrame:
        """Stored rows that rows of the batch may replace, in its columns."""
        rows = self._met(batch, known).drop(SEQ)
        return conform(rows.lazy(), dict(rows.schema), types)

    def write(self, intake: Intake, known: Types, last: int) -> tuple[int, int]:
        """Put rows in the place of earlier ones, numbered behind `last`: first, last number."""
        self._take_out(intake, known)
        codes = Codes(self.connection, make=True)
        for start in range(0, intake.rows.height, CHUNK):
            rows = laid_out(self.kind, intake.rows.slice(start, CHUNK))
            first = last + 1 + start
            numbers = pl.int_range(first, first + rows.height, dtype=pl.Int64).alias(SEQ)
            coded = rows.with_columns(
                numbers,
                *(
                    codes.of(KEYED[place.holds], rows[place.sql]).alias(place.sql)
                    for place in PLACES[self.kind]
                    if place.holds in KEYED
                ),
            )
            self.connection.execute(insert(TABLES[self.kind]), coded.to_dicts())
        return last + 1, last + intake.rows.height

    def _met(self, batch: pl.DataFrame, known: Types) -> pl.DataFrame:
        """Stored rows with a first key of the batch, behind their numbers."""
        name, column = _FIRST[self.kind]
        table = KEYED["item" if self.kind == "items" else "user"]
        codes = Codes(self.connection).of(table, batch[name].unique()).drop_nulls()
        return some(self.connection, self.kind, known, column, codes.to_list())

    def _take_out(self, intake: Intake, known: Types) -> None:
        """Remove the stored rows that are replaced."""
        keys = keys_of(self.kind, intake.types)
        met = self._met(intake.rows, known)
        wide = {SEQ: pl.Int64(), **{name: intake.types[name] for name in keys}}
        met = conform(met.lazy(), dict(met.schema), wide).collect()
        gone = met.join(intake.rows, on=keys, how="semi", nulls_equal=True)[SEQ].to_list()
        table = TABLES[self.kind]
        for numbers in parts(gone):
            self.connection.execute(delete(table).where(table.c.seq.in_(numbers)))
