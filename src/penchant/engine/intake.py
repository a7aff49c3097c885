"""What comes in at the front door: files, folders and tables, in Penchant's columns and counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from penchant.data import schema
from penchant.data.incoming import read_rows
from penchant.data.read import read
from penchant.data.sources import registry
from penchant.errors import DataError, SchemaError
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
    """Brings tables into shape; `event` is the type of events that do not say theirs."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    event: str | None = None
    format: str | None = None
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
        found = self.tables(named, report)
        return found if source is None else {**self.anything(source, report), **found}

    def tables(self, sources: Mapping[Kind, Any], report: Report) -> dict[Kind, pl.DataFrame]:
        """Each given table, read and in shape."""
        found: dict[Kind, pl.DataFrame] = {}
        for kind in ORDER:
            if sources.get(kind) is not None:
                raw = read(sources[kind], report=report, progress=self.progress)
                found[kind] = self.shaped(kind, raw, report)
        return found

    def anything(self, source: str | Path, report: Report) -> dict[Kind, pl.DataFrame]:
        """A file or folder: of a known format, a folder of tables by name, or one table.

        Raises:
            ReadError: it is none of these.
        """
        path = Path(source)
        known = registry.source(self.format) if self.format else None
        if known is None and path.exists() and not self.mapping:
            known = registry.detect(path)
        if known is not None:
            tables = known.read(path, report=report, progress=self.progress)
            return {k: t for k in ORDER if (t := getattr(tables, k, None)) is not None and t.height}
        if path.is_dir():
            named = _named_tables(path)
            if named:
                return self.tables(named, report)
        raw = read(source, report=report, progress=self.progress)
        kind = self._kind(raw, path)
        return {kind: self.shaped(kind, raw, report)}

    def shaped(self, kind: Kind, raw: pl.DataFrame, report: Report) -> pl.DataFrame:
        """One table in Penchant's columns."""
        if not raw.width:  # an empty list of rows has none
            return read_rows(kind, []).frame
        mapping = {k: v for k, v in self.mapping.items() if v in raw.columns} or None
        if kind == "events":
            _whole(self.mapping, raw)
            event = {} if self.event is None else {"default_event": self.event}
            return schema.as_events(raw, report=report, mapping=mapping, **event)
        as_kind = {
            "items": schema.as_items,
            "users": schema.as_users,
            "relations": schema.as_relations,
            "exposures": schema.as_exposures,
            "feedback": schema.as_feedback,
        }[kind]
        return as_kind(raw, report=report, mapping=mapping)

    def _kind(self, raw: pl.DataFrame, path: Path) -> Kind:
        """What a single table is, by the columns it has, else by its name."""
        columns = {*raw.columns, *(k for k, v in self.mapping.items() if v in raw.columns)}
        if {"source", "target"} <= columns:
            return "relations"
        if {"user_id", "interest"} <= columns and "item_id" not in columns:
            return "feedback"
        if {"user_id", "item_id"} <= columns:
            shown = {"clicked", "position"} <= columns and "event" not in columns
            return "exposures" if shown else "events"
        if "item_id" in columns:
            return "items"
        if "user_id" in columns:
            return "users"
        for kind in ORDER:
            if path.name.startswith(kind):
                return kind
        raise SchemaError(
            f"{path}: cannot tell what this table is by its columns {', '.join(raw.columns)}; "
            "expected user_id and item_id (events) or item_id (items). Name them: "
            "`--map user_id=customer --map item_id=sku`, or say which it is: `--events FILE`"
        )


def _whole(mapping: Mapping[str, str], raw: pl.DataFrame) -> None:
    """A mapping to a column that is nowhere is a mistake worth telling."""
    missing = {k: v for k, v in mapping.items() if v not in raw.columns}
    if missing and not any(v in raw.columns for v in mapping.values()):
        name, column = next(iter(missing.items()))
        raise SchemaError(
            f"mapping {name}={column}: the events have no column {column!r}; they have "
            f"{', '.join(raw.columns)}"
        )


def _named_tables(folder: Path) -> dict[Kind, list[str]]:
    """Tables of a folder by their names: events.parquet, items.csv, …, also events-2024.parquet."""
    found: dict[Kind, list[str]] = {}
    for kind in ORDER:
        files = [
            str(path)
            for path in sorted(folder.iterdir())
            if path.name.split(".")[0].split("-")[0].split("_")[0] == kind
            and path.name.split(".", 1)[-1] in _ENDINGS
        ]
        if files:
            found[kind] = files
    if "events" not in found and "items" not in found:
        return {}
    return found
