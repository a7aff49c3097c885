"""Where consumed rows go."""

from typing import Protocol

import polars as pl

from penchant.store.tables import Kind, Receipt


class Sink(Protocol):
    """Takes rows in, for good; the same event twice counts once."""

    def apply(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Take rows in; once the receipt is returned they survive a crash.

        Raises:
            DataError: these rows can never be taken in; any other error is taken as passing.
        """
        ...
