"""What comes in at the front door: files, folders and tables, in Penchant's columns and counted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import polars as pl

from penchant.data import schema
from penchant.data.incoming import read_rows
from penchant.data.read import read
from penchant.data.sources import registry
from penchant.errors import DataError, SchemaError, did_you_mean
from penchant.store.tables import KINDS, Kind, Receipt
from penchant.types import QUIET, Progress, Report

ORDER: Final[tuple[Kind, ...]] = (
    "items", "users", "relations", "exposures", "feedback", "events",
)  # fmt: skip
_ENDINGS = ("parquet", "csv", "csv.gz", "tsv", "tsv.gz", "jsonl", "jsonl.gz", "ndjson", "ndjson.gz")


@dataclass(frozen=True)
class Added:
    """What an `add` did: a receipt for each table, and what was set aside on the way."""

    receipts: tuple[Receipt, ...]
    report: Report = field(default_factory=Report)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "tables": [
                {"kind": r.kind, "new": r.new, "known": r.known, "replaced": r.replaced}
                for r in self.receipts
            ],
            "report": self.report.to_json(),
        }

    def __str__(self) -> str:
        """One line a table, then one a finding."""
        lines = [str(r) for r in self.receipts]
        return "\n".join([*lines, *(str(f) for f in self.report.findings)])


@dataclass(frozen=True)
class Intake:
    """Brings tables into shape; `event` is the type of events that do not say theirs, `time_format`
    how times are written there."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    event: str | None = None
    format: str | None = None
    time_format: str | None = None
    progress: Progress = QUIET

    def everything(
        self, source: str | Path | None, given: Mapping[str, Any], report: Report
    ) -> dict[Kind, pl.DataFrame]:
        """Tables given by kind, and those of one source; what was given goes first.

        Raises:
            TypeError: there is no such kind of table.
            DataError: nothing came.
        """
        unknown = [name for name in given if name not in KINDS]
        if unknown:
            raise TypeError(f"add() got {unknown[0]!r}; tables are {', '.join(KINDS)}")
        named = {kind: given[kind] for kind in KINDS if given.get(kind) is not None}
        if source is None and not named:
            raise DataError("add: nothing came; expected events=, items=, … or a source")
        sources = [] if source is None else [source]
        return {
            kind: table
            for tables in self.each(sources, named, report)
            for kind, table in tables.items()
        }

    def each(
        self, sources: Sequence[str | Path], given: Mapping[Kind, Any], report: Report
    ) -> list[dict[Kind, pl.DataFrame]]:
        """The tables of each source, and last those given by kind; all are read before any is
        brought into shape.

        Raises:
            ReadError: a source is no table, folder or known format.
            SchemaError: the mapping names what none of the tables has.
        """
        came = [self._came(source, report) for source in sources]
        came.append([self._read(given[kind], report, kind) for kind in ORDER if kind in given])
        must_fit(self.mapping, [one.table for tables in came for one in tables])
        return [dict(self._in_shape(one, report) for one in tables) for tables in came if tables]

    def _came(self, source: str | Path, report: Report) -> "list[_Came]":
        """A file or folder: of a known format, a folder of tables by name, or one table."""
        path = Path(source)
        known = registry.source(self.format) if self.format else None
        if known is None and path.exists() and not self.mapping:
            known = registry.detect(path)
        if known is not None:
            tables = known.read(path, report=report, progress=self.progress)
            found = {kind: getattr(tables, kind, None) for kind in ORDER}
            return [
                _Came(t, kind, shaped=True)
                for kind, t in found.items()
                if t is not None and t.height
            ]
        if path.is_dir():
            named = _named_tables(path, report)
            if named:
                return [self._read(named[kind], report, kind) for kind in ORDER if kind in named]
        return [self._read(source, report, path=path)]

    def _read(
        self, source: Any, report: Report, kind: Kind | None = None, path: Path | None = None
    ) -> "_Came":
        return _Came(read(source, report=report, progress=self.progress), kind, path or Path())

    def _in_shape(self, came: "_Came", report: Report) -> tuple[Kind, pl.DataFrame]:
        """What a table is, and itself in Penchant's columns."""
        kind = came.kind or self._kind(came.table, came.path)
        return kind, came.table if came.shaped else self._shaped(kind, came.table, report)

    def _shaped(self, kind: Kind, raw: pl.DataFrame, report: Report) -> pl.DataFrame:
        if not raw.width:  # an empty list of rows has none
            return read_rows(kind, []).frame
        mapping = {k: v for k, v in self.mapping.items() if v in raw.columns} or None
        if kind == "events":
            event = {} if self.event is None else {"default_event": self.event}
            return schema.as_events(
                raw, report=report, mapping=mapping, time_format=self.time_format, **event
            )
        if kind in ("items", "users"):
            as_kind = schema.as_items if kind == "items" else schema.as_users
            return as_kind(raw, report=report, mapping=mapping)
        as_timed = {
            "relations": schema.as_relations,
            "exposures": schema.as_exposures,
            "feedback": schema.as_feedback,
        }[kind]
        return as_timed(raw, report=report, mapping=mapping, time_format=self.time_format)

    def _kind(self, raw: pl.DataFrame, path: Path) -> Kind:
        """What a single table is, by the columns it has; by its name, where they fit several kinds
        or none."""
        columns = {*raw.columns, *(k for k, v in self.mapping.items() if v in raw.columns)}
        named = _named(path)
        if {"source", "target"} <= columns:
            return "relations"
        if {"user_id", "interest"} <= columns and "item_id" not in columns:
            return "feedback"
        if {"user_id", "item_id"} <= columns:
            if named in ("events", "exposures", "feedback"):
                return named
            shown = {"clicked", "position"} <= columns and "event" not in columns
            return "exposures" if shown else "events"
        if "item_id" in columns:  # with a time that was mapped it is a log, and lacks its users
            return "events" if "timestamp" in columns - {*raw.columns} else "items"
        if "user_id" in columns:
            return "users"
        if named is not None:
            return named
        raise SchemaError(
            f"{path}: cannot tell what this table is by its columns {', '.join(raw.columns)}; "
            "expected user_id and item_id (events) or item_id (items). Name them: "
            "`--map user_id=customer --map item_id=sku`, or say which it is: `--events FILE`"
        )


@dataclass(frozen=True)
class _Came:
    """A table as it came; `kind` where that is known before its columns are looked at."""

    table: pl.DataFrame
    kind: Kind | None = None
    path: Path = Path()
    shaped: bool = False


def must_fit(mapping: Mapping[str, str], tables: Sequence[pl.DataFrame]) -> None:
    """Refuse a mapping from a column that no table has, or to what is nearly a column of ours.

    Raises:
        SchemaError: it is a mistake.
    """
    if not all(table.width for table in tables):
        return  # an empty list of rows does not say what its columns would have been
    came = list(dict.fromkeys(name for table in tables for name in table.columns))
    for ours, theirs in mapping.items():
        said = f"mapping (--map) {ours}={theirs}"
        if theirs not in came:
            hint = did_you_mean(theirs, came)
            raise SchemaError(
                f"{said}: there is no column {theirs!r}; there are {', '.join(came[:40])}.{hint}"
            )
        meant = _meant(ours)
        if meant is not None and meant not in {*came, *mapping}:
            raise SchemaError(
                f"{said}: the left side is what Penchant calls it. Did you mean {meant!r}?"
            )


def _meant(name: str) -> str | None:
    """The column that every event has which a name is another word for, or nearly is."""
    must = list(schema.EVENTS.required)
    if name in must:
        return None
    plain = "".join(filter(str.isalnum, name.lower()))
    other = (ours for ours in must if plain in schema.OTHER_NAMES[ours].split())
    return next(other, None) or next(iter(get_close_matches(name, must, 1, 0.8)), None)


def _named(path: Path) -> Kind | None:
    """The kind of table that a file is called by: events.parquet, also events-2024.parquet."""
    name = re.split(r"[._-]", path.name)[0]
    return next((kind for kind in ORDER if kind == name), None)


def _named_tables(folder: Path, report: Report) -> dict[Kind, list[str]]:
    """Tables of a folder by their names; those that no kind is called by are counted."""
    found: dict[Kind, list[str]] = {}
    others: list[str] = []
    for path in sorted(folder.iterdir()):
        kind = _named(path)
        if path.name.startswith(".") or path.name.split(".", 1)[-1] not in _ENDINGS:
            continue
        if kind is None:
            others.append(path.name)
        else:
            found.setdefault(kind, []).append(str(path))
    if "events" not in found and "items" not in found:
        return {}
    report.add(
        "read", "files not read: their names say no kind of table", len(others), examples=others
    )
    return found
