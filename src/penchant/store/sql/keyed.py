"""Items, users and relations: the last word on each stands."""

from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlalchemy import Connection, delete, insert, text

from penchant.store.dtypes import Types
from penchant.store.rows import Intake, conform, keys_of
from penchant.store.sql.ids import Codes, among, parts
from penchant.store.sql.layout import KEYED, PLACES, coded, laid_out
from penchant.store.sql.reading import NUMBER, SEQ, Reader, numbered
from penchant.store.sql.schema import TABLES
from penchant.store.tables import Kind

CHUNK: Final = 100_000


@dataclass(frozen=True)
class Keyed:
    """A keyed table inside one writing transaction."""

    connection: Connection
    kind: Kind

    def stored(self, batch: pl.DataFrame, types: Types, known: Types) -> pl.LazyFrame:
        """Stored rows that rows of the batch may replace, in its columns."""
        rows = self._met(batch, known)
        return conform(rows.lazy(), dict(rows.schema), types)

    def write(self, intake: Intake, known: Types, last: int) -> tuple[int, int]:
        """Put rows in the place of earlier ones, numbered behind `last`: first, last number."""
        self._take_out(intake, known)
        ids = coded(self.kind, intake.rows, Codes(self.connection, make=True))
        for start in range(0, intake.rows.height, CHUNK):
            some = intake.rows.slice(start, CHUNK)
            rows = laid_out(self.kind, some, ids.slice(start, CHUNK))
            first = last + 1 + start
            numbers = pl.int_range(first, first + rows.height, dtype=pl.Int64).alias(SEQ)
            values = rows.with_columns(numbers).to_dicts()
            self.connection.execute(insert(TABLES[self.kind]), values)
        return last + 1, last + intake.rows.height

    def _met(self, batch: pl.DataFrame, types: Types) -> pl.DataFrame:
        """Stored rows whose first key is in the batch."""
        key = PLACES[self.kind][0]
        names = batch[key.name].unique().to_list()
        codes = Codes(self.connection).of(KEYED[key.holds], names)
        reader = Reader(self.connection, self.kind, types)
        return reader.some(key.sql, [code for code in codes if code is not None])

    def _take_out(self, intake: Intake, known: Types) -> None:
        """Remove the stored rows that are replaced."""
        keys = keys_of(self.kind, intake.types)
        met = self._met(intake.rows, numbered(known))
        wide = {NUMBER: pl.Int64(), **{name: intake.types[name] for name in keys}}
        met = conform(met.lazy(), dict(met.schema), wide).collect()
        gone = met.join(intake.rows, on=keys, how="semi", nulls_equal=True)[NUMBER].to_list()
        table = TABLES[self.kind]
        for numbers in parts(gone):
            self.connection.execute(delete(table).where(text(among(SEQ, numbers))))
