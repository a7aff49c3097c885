"""The engine as the place where a stream goes."""

import polars as pl

from penchant.engine.engine import Engine
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
        return self.engine.take(kind, frame)
