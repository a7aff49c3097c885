"""Tables that live as long as the process: for an engine without a workspace, and for tests."""

import polars as pl

from penchant.store.dtypes import Types
from penchant.store.rows import conform, empty, latest, take_in
from penchant.store.tables import KINDS, OWNERS, Kind, Receipt, known_kind


class MemoryTables:
    """Tables in memory; the same counts as every other store.

    >>> tables = MemoryTables()
    >>> tables.append("items", pl.DataFrame({"item_id": ["a", "a"]})).known
    1
    """

    def __init__(self) -> None:
        self._frames: dict[Kind, pl.DataFrame] = {}

    def append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Put rows in; see `Tables.append`."""
        kind = known_kind(kind)
        held = self._frames.get(kind, pl.DataFrame())
        intake = take_in(kind, frame, dict(held.schema), lambda _, types: _as(held, types))
        if intake.rows.height:
            rows = pl.concat([_as(held, intake.types), intake.rows.lazy()])
            self._frames[kind] = latest(kind, rows, list(intake.types)).collect()
        return intake.receipt(kind)

    def read(self, kind: Kind) -> pl.LazyFrame:
        """All rows of a kind, each once, in the order they came."""
        kind = known_kind(kind)
        return self._frames[kind].lazy() if kind in self._frames else empty(kind, {})

    def forget(self, user_id: str) -> int:
        """Remove every row of a user; says how many there were."""
        return sum(self._forget(kind, user_id) for kind in KINDS if kind in self._frames)

    def _forget(self, kind: Kind, user_id: str) -> int:
        frame = self._frames[kind]
        kept = frame.remove(whose(kind, user_id))
        self._frames[kind] = kept
        return frame.height - kept.height


def whose(kind: Kind, user_id: str) -> pl.Expr:
    """Which rows of a kind are a user's."""
    owned = [pl.col(name) == user_id for name in OWNERS[kind]]
    return pl.any_horizontal(owned) if owned else pl.lit(False)


def _as(frame: pl.DataFrame, types: Types) -> pl.LazyFrame:
    if not frame.width:
        return pl.LazyFrame(schema=types)
    return conform(frame.lazy(), dict(frame.schema), types)
