"""The engine as the place where a stream goes."""

from typing import Any

import polars as pl

from penchant.engine.engine import Engine
from penchant.errors import SchemaError, StoreError
from penchant.store.dtypes import plain, widen
from penchant.store.tables import Kind, Receipt


class EngineSink:
    """Puts consumed rows into an engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def apply(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Take rows in.

        Raises:
            SchemaError: a column has a type that never goes with what is stored.
            StoreError: the store cannot be written now.
        """
        tables: dict[str, Any] = {kind: frame}
        try:
            (receipt,) = self.engine.add(**tables).receipts
        except StoreError as error:
            if self._clashes(kind, frame):
                raise SchemaError(str(error)) from None
            raise
        return receipt

    def _clashes(self, kind: Kind, frame: pl.DataFrame) -> bool:
        """Whether a column came in a type that does not go with the stored one."""
        stored = self.engine.tables.read(kind).collect_schema()
        return any(
            widen(stored[name], plain(dtype)) is None
            for name, dtype in frame.schema.items()
            if name in stored
        )
