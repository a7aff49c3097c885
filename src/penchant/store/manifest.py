"""The one file that says which segments count; what it does not name is not there.

A change is written as a new manifest and renamed over the old one, so that a reader sees all of
the change or none of it.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import polars as pl

from penchant.clock import micros
from penchant.data import columns as c
from penchant.errors import StoreError
from penchant.store import dtypes
from penchant.store.dtypes import Types
from penchant.store.files import write_json
from penchant.store.tables import KINDS, Kind

FORMAT: Final = 2
"""1 knew of no feedback, and would have lost it."""

Bound = TypeVar("Bound", str, int, datetime)


@dataclass(frozen=True)
class Reach:
    """Ranges of some rows that let a search pass them by.

    times: first and last timestamp (µs; None: no row has one); timeless: rows without one;
    ids: first and last event_id in the order of text (None: no row has one).
    """

    times: tuple[int, int] | None = None
    timeless: int = 0
    ids: tuple[str, str] | None = None

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """The ranges of a frame in plain types."""
        ids = _bounds(frame, c.EVENT_ID, pl.String(), str)
        times = _bounds(frame, c.TIME, dtypes.UTC, datetime)
        if times is None:
            return cls(None, frame.height, ids)
        return cls((micros(times[0]), micros(times[1])), frame[c.TIME].null_count(), ids)

    def meets(self, other: "Reach", by_id: bool) -> bool:
        """Whether rows of both can be the same."""
        if by_id:
            return _overlap(self.ids, other.ids)
        return bool(self.timeless and other.timeless) or _overlap(self.times, other.times)


def _bounds(
    frame: pl.DataFrame, name: str, dtype: pl.DataType, sort: type[Bound]
) -> tuple[Bound, Bound] | None:
    if frame.schema.get(name) != dtype:
        return None
    low, high = frame[name].min(), frame[name].max()
    return (low, high) if isinstance(low, sort) and isinstance(high, sort) else None


def _overlap(a: tuple[Bound, Bound] | None, b: tuple[Bound, Bound] | None) -> bool:
    return a is not None and b is not None and a[0] <= b[1] and b[0] <= a[1]


@dataclass(frozen=True)
class Segment:
    """One Parquet file: its name, rows, bytes, columns and reach."""

    file: str
    rows: int
    bytes: int
    types: Types
    reach: Reach = Reach()

    @classmethod
    def of(cls, path: Path, frame: pl.DataFrame) -> Self:
        """The entry of a file that was just written."""
        size = path.stat().st_size
        return cls(path.name, frame.height, size, dict(frame.schema), Reach.of(frame))

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(replace(self, types={})) | {"types": dtypes.to_json(self.types)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The way back."""
        reach, types = value["reach"], dtypes.from_json(value["types"])
        times, ids = (tuple(reach[k]) if reach[k] else None for k in ("times", "ids"))
        known = Reach(times, reach["timeless"], ids)
        return cls(value["file"], value["rows"], value["bytes"], types, known)


@dataclass(frozen=True)
class Table:
    """One kind: its columns, how many rows are visible, its segments in the order they came."""

    types: Types = field(default_factory=dict)
    rows: int = 0
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """All kinds; `next` numbers the files, `retired` are left for readers until the next change."""

    tables: dict[Kind, Table] = field(default_factory=dict)
    next: int = 1
    retired: tuple[str, ...] = ()

    def table(self, kind: Kind) -> Table:
        """One kind, empty where nothing was added."""
        return self.tables.get(kind, Table())

    def but(self, kind: Kind, table: Table, numbers: int = 0) -> "Manifest":
        """With one kind changed, and so many file numbers used."""
        return replace(self, tables=self.tables | {kind: table}, next=self.next + numbers)

    def files(self) -> set[str]:
        """Names of all files that count."""
        return {s.file for table in self.tables.values() for s in table.segments}

    def save(self, path: Path) -> None:
        """Replace the manifest on disk."""
        tables = {
            kind: {
                "types": dtypes.to_json(table.types),
                "rows": table.rows,
                "segments": [s.to_json() for s in table.segments],
            }
            for kind, table in self.tables.items()
        }
        value = {"format": FORMAT, "next": self.next, "retired": self.retired, "tables": tables}
        write_json(path, value)

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """The manifest on disk; an empty one where there is none.

        Raises:
            StoreError: it cannot be read, or a newer version wrote it.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            if int(value["format"]) > FORMAT:
                raise StoreError(
                    f"{path}: format {value['format']} is from a newer version; this one reads up "
                    f"to {FORMAT}. Upgrade penchant to open it"
                )
            tables = {k: _table(value["tables"][k]) for k in KINDS if k in value["tables"]}
            return cls(tables, int(value["next"]), tuple(value["retired"]))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{path}: the list of segments cannot be read ({error!r}). Restore this file from "
                "a backup, or put the data into a new workspace: the Parquet files beside it are "
                "whole"
            ) from None


def _table(value: dict[str, Any]) -> Table:
    segments = tuple(Segment.from_json(s) for s in value["segments"])
    return Table(dtypes.from_json(value["types"]), int(value["rows"]), segments)
