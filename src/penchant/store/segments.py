"""Tables in a folder: append-only Parquet segments, and a manifest that says which of them count.

An append is acknowledged after its file and the manifest are on the disk under their final names,
so kill -9 at any point leaves what was acknowledged, and nothing half. Events, exposures and
feedback are told apart when they are written, so reading them is a plain scan; items, users and
relations are looked through for the last word when they are read.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.data import columns as c
from penchant.errors import StoreError
from penchant.store.dtypes import Types
from penchant.store.files import TEMPORARY, guarded, make_folder, remove, size, sync, write_atomic
from penchant.store.lock import locked
from penchant.store.manifest import Manifest, Reach, Segment, Table
from penchant.store.memory import whose
from penchant.store.rows import conform, empty, latest, take_in
from penchant.store.tables import KEYS, KINDS, OWNERS, Kind, Receipt, known_kind

MANIFEST: Final = "manifest.json"
LOCK: Final = ".lock"


class SegmentsConfig(Config):
    """How the folder is kept."""

    segment_rows: int = Field(default=2_000_000, ge=1)
    """Rows of the largest file; what is rewritten when a user is forgotten goes file by file."""
    fan: int = Field(default=32, ge=2)
    """Small files in a row that are merged on append; each row is rewritten log_fan(rows) times."""
    lock_wait: float = Field(default=5.0, ge=0)
    """Seconds to wait for another writer."""


class Segments:
    """Tables in a folder (see `Tables`); made where missing."""

    def __init__(self, folder: str | Path, config: SegmentsConfig | None = None) -> None:
        self.folder = make_folder(Path(folder))
        self.config = config or SegmentsConfig()

    def append(self, kind: Kind, frame: pl.DataFrame) -> Receipt:
        """Put rows in; once the receipt is returned they survive a crash.

        Raises:
            SchemaError: a column that the kind needs is missing or has empty cells.
            StoreError: the folder is held by another writer, full, or cannot be written.
        """
        kind = known_kind(kind)
        with self._writing() as manifest:
            table = manifest.table(kind)
            intake = take_in(kind, frame, table.types, partial(self._near, kind, table))
            if intake.rows.height:
                added = self._write(kind, intake.rows, manifest.next)
                rows = table.rows + intake.new
                table = Table(intake.types, rows, (*table.segments, *added))
                manifest = self._commit(manifest.but(kind, table, len(added)))
                self._tidy(kind, manifest)
            return intake.receipt(kind)

    def read(self, kind: Kind) -> pl.LazyFrame:
        """All rows of a kind, each once, in the order they came.

        The frame reads the files when it is collected: collect it before the next-but-one change.

        Raises:
            StoreError: a file is missing or cut short.
        """
        kind = known_kind(kind)
        table = self._manifest().table(kind)
        if not table.segments:
            return empty(kind, table.types)
        rows = self._scan(table.segments, table.types)
        return latest(kind, rows, table.types) if len(table.segments) > 1 else rows

    def forget(self, user_id: str) -> int:
        """Remove every row of a user from every file; says how many rows were visible.

        Files that held such a row are rewritten, and the old ones removed, before this returns;
        so are files left over from earlier changes.

        Raises:
            StoreError: the folder is held by another writer, full, or cannot be written.
        """
        with self._writing() as manifest:
            counts = {kind: self._count(kind, user_id) for kind in KINDS if OWNERS[kind]}
            for kind, count in counts.items():
                manifest = self._without(kind, user_id, manifest, count)
            self._commit(manifest)
            return sum(counts.values())

    def compact(self) -> int:
        """Merge small files, and drop rows that were replaced; says how many files went away."""
        with self._writing() as manifest:
            before = len(manifest.files())
            for kind in KINDS:
                for start, stop in reversed(self._mergeable(kind, manifest.table(kind))):
                    manifest = self._merge(kind, manifest, start, stop)
            return before - len(manifest.files())

    def rows(self, kind: Kind) -> int:
        """How many rows are visible, without looking at them."""
        return self._manifest().table(known_kind(kind)).rows

    def bytes(self) -> int:
        """How much room the folder takes."""
        return size(self.folder)

    # Reading

    def _manifest(self) -> Manifest:
        return Manifest.load(self.folder / MANIFEST)

    def _scan(self, segments: Sequence[Segment], types: Types) -> pl.LazyFrame:
        """The rows of some files in order; neighbours with the same columns in one scan."""
        for segment in segments:
            self._check(segment)
        runs = [list(run) for _, run in groupby(segments, lambda s: list(s.types.items()))]
        return pl.concat([conform(self._parquet(run), run[0].types, types) for run in runs])

    def _parquet(self, segments: Sequence[Segment]) -> pl.LazyFrame:
        return pl.scan_parquet([self.folder / s.file for s in segments], glob=False)

    def _check(self, segment: Segment) -> None:
        path = self.folder / segment.file
        found = path.stat().st_size if path.exists() else None
        if found != segment.bytes:
            what = "is missing" if found is None else f"has {found:,} bytes"
            raise StoreError(
                f"{path}: {what}, expected {segment.bytes:,} bytes with {segment.rows:,} rows. "
                "Restore it from a backup, or put the data into a new workspace"
            )

    def _near(self, kind: Kind, table: Table, rows: pl.DataFrame, types: Types) -> pl.LazyFrame:
        """Stored rows that might be the same as those that come; files out of range are left."""
        segments = list(table.segments)
        if kind not in KEYS:
            reach = Reach.of(rows)
            named = c.EVENT_ID in rows.columns and not rows[c.EVENT_ID].has_nulls()
            segments = [s for s in segments if s.reach.meets(reach, named)]
        return self._scan(segments, types) if segments else pl.LazyFrame(schema=types)

    def _count(self, kind: Kind, user_id: str) -> int:
        found = self.read(kind).filter(whose(kind, user_id)).select(pl.len())
        return int(found.collect(engine="streaming").item())

    # Writing

    @contextmanager
    def _writing(self) -> Iterator[Manifest]:
        """The lock, and the manifest as it is once the lock is held; nothing retired yet."""
        with locked(self.folder / LOCK, self.config.lock_wait):
            yield replace(self._manifest(), retired=())

    def _write(self, kind: Kind, rows: pl.DataFrame, number: int) -> list[Segment]:
        step = self.config.segment_rows
        starts = range(0, rows.height, step)
        return [
            self._write_one(f"{kind}-{number + i:08d}.parquet", rows.slice(start, step))
            for i, start in enumerate(starts)
        ]

    def _write_one(self, name: str, rows: pl.DataFrame) -> Segment:
        path = self.folder / name
        write_atomic(path, lambda temporary: rows.write_parquet(temporary, compression="zstd"))
        return Segment.of(path, rows)

    def _commit(self, manifest: Manifest) -> Manifest:
        """Make a change count, then remove what counts no longer."""
        manifest.save(self.folder / MANIFEST)
        self._sweep(manifest)
        return manifest

    def _sweep(self, manifest: Manifest) -> None:
        keep = manifest.files() | set(manifest.retired)
        stale = [p for p in self.folder.glob("*.parquet") if p.name not in keep]
        stale += self.folder.glob(f".*{TEMPORARY}")
        for path in stale:
            remove(path)
        if stale:
            with guarded(self.folder):
                sync(self.folder)

    def _without(self, kind: Kind, user_id: str, manifest: Manifest, count: int) -> Manifest:
        """Every file of a kind rewritten without a user's rows (of which `count` are visible)."""
        table = manifest.table(kind)
        mine = whose(kind, user_id)
        kept: list[Segment] = []
        for segment in table.segments:
            rows = self._scan([segment], segment.types)
            if not rows.select(mine.any()).collect(engine="streaming").item():
                kept.append(segment)
                continue
            written = self._write(kind, rows.remove(mine).collect(), manifest.next)
            manifest = replace(manifest, next=manifest.next + len(written))
            kept.extend(written)
        return manifest.but(kind, replace(table, rows=table.rows - count, segments=tuple(kept)))

    # Merging

    def _tidy(self, kind: Kind, manifest: Manifest) -> None:
        """Merge the newest files when many of about the same size lie in a row."""
        while tail := self._overdue(manifest.table(kind).segments):
            end = len(manifest.table(kind).segments)
            manifest = self._merge(kind, manifest, end - tail, end)

    def _overdue(self, segments: Sequence[Segment]) -> int:
        """How many of the last files are due to be merged; sizes count in powers of `fan`."""
        if len(segments) < self.config.fan:
            return 0
        tier, tail, rows = self._tier(segments[-1]), 0, 0
        for segment in reversed(segments):
            rows += segment.rows
            if self._tier(segment) > tier or rows > self.config.segment_rows:
                break
            tail += 1
        return tail if tail >= self.config.fan else 0

    def _tier(self, segment: Segment) -> int:
        return int(math.log(max(segment.rows, 1), self.config.fan) + 1e-9)

    def _mergeable(self, kind: Kind, table: Table) -> list[tuple[int, int]]:
        """Ranges of neighbours that are better off as one file."""
        if kind in KEYS:
            return [(0, len(table.segments))] if len(table.segments) > 1 else []
        found, start, rows = [], 0, 0
        for i, segment in enumerate(table.segments):
            if rows + segment.rows > self.config.segment_rows:
                found.append((start, i))
                start, rows = i, 0
            rows += segment.rows
        found.append((start, len(table.segments)))
        return [(a, b) for a, b in found if b - a > 1]

    def _merge(self, kind: Kind, manifest: Manifest, start: int, stop: int) -> Manifest:
        """Replace neighbours by one file (or a few full ones); readers keep the old for a while."""
        table = manifest.table(kind)
        old = table.segments[start:stop]
        rows = latest(kind, self._scan(old, table.types), table.types).collect()
        new = self._write(kind, rows, manifest.next)
        segments = (*table.segments[:start], *new, *table.segments[stop:])
        retired = (*manifest.retired, *(s.file for s in old))
        merged = manifest.but(kind, replace(table, segments=segments), len(new))
        return self._commit(replace(merged, retired=retired))
