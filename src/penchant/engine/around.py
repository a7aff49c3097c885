"""To whom people are connected, read when they are asked about and kept for the next time."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

import polars as pl

from penchant.data import columns as c
from penchant.store.tables import Tables

MOST: Final = 100_000
"""People and relations of theirs that are kept, at most."""


class Around:
    """Relations by their source: a cache, which may be let go of at any time. Safe for threads."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._near: dict[str, pl.DataFrame] = {}
        self._held, self._looked, self._lock = 0, 0, Lock()

    def __len__(self) -> int:
        return len(self._near)

    def of(self, user_ids: Sequence[str]) -> pl.DataFrame:
        """Relations of some people, person by person."""
        asked = list(dict.fromkeys(user_ids))
        with self._lock:
            looked, found = self._looked, {i: self._near[i] for i in asked if i in self._near}
        missing = [id_ for id_ in asked if id_ not in found]
        if missing:
            rows = self._tables.people("relations", missing)
            fresh = {id_: rows.filter(pl.col(c.SOURCE) == id_) for id_ in missing}
            self._keep(fresh, looked)
            found |= fresh
        return pl.concat([found[id_] for id_ in asked], how="diagonal_relaxed")

    def look_again(self) -> None:
        """Let go of what is kept: it may no longer be true."""
        with self._lock:
            self._near, self._held = {}, 0
            self._looked += 1

    def _keep(self, fresh: dict[str, pl.DataFrame], looked: int) -> None:
        """Keep what was read, unless it was read before it was time to look again."""
        more = sum(rows.height + 1 for rows in fresh.values())
        with self._lock:
            if looked != self._looked:
                return
            if self._held + more > MOST:
                self._near, self._held = {}, 0
            self._near |= fresh
            self._held += more
